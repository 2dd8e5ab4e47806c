/**
 * Owns what is expected to lie in a stretch of the key space: for each class of keys (`key-model.ts`)
 * the chances that a key of it is there, in three numbers.
 *
 *   inserted   by the insert of a fresh key: of a key in one place only, so these add up (beyond 1
 *              by a little where scattered borders crowd a stretch, as no entry may be lost)
 *   updated    by updates or deletes drawn from all keys: independent from place to place
 *   dead       as a tombstone; part of the two above
 *
 * A key is there with chance inserted + updated − inserted · updated. For n updates spread evenly
 * over N keys that is 1 − (1 − 1/N)^n, the expected share of distinct keys.
 */

import type { KeyModel } from './key-model.ts'

/** Three numbers a class, in the model's order. Shared between tables: never written to again. */
export type Density = Float64Array

/** Positions [from, to) of the key space and what lies there. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly density: Density
}

export const STRIDE = 3
const INSERTED = 0
const UPDATED = 1
const DEAD = 2

/** What a memtable holds. */
export interface MemtableWrites {
  readonly inserts: number
  /** Updates and deletes, drawn by the model. */
  readonly draws: number
  readonly deletes: number
}

/** The density of a memtable's writes over the share `width` of the key space. */
export function densityOf(model: KeyModel, writes: MemtableWrites, width: number): Density {
  const { inserts, draws, deletes } = writes
  const density = new Float64Array(model.classes.length * STRIDE)
  for (const [index, { keys, weight }] of model.classes.entries()) {
    const at = index * STRIDE
    const updated = -Math.expm1(draws * Math.log1p(-Math.min(weight / keys, 1)))
    density[at + INSERTED] = Math.min(inserts / (model.keys * width), 1)
    density[at + UPDATED] = updated
    density[at + DEAD] = draws === 0 ? 0 : (updated * deletes) / draws
  }
  return density
}

/** Every key of either, once: as in `newer` where both have it. Owned. */
export function mergedDensity(newer: Density, older: Density): Density {
  const merged = new Float64Array(newer.length)
  for (let at = 0; at < merged.length; at += STRIDE) {
    const hidden = presence(newer, at)
    merged[at + INSERTED] = newer[at + INSERTED]! + older[at + INSERTED]!
    merged[at + UPDATED] = 1 - (1 - newer[at + UPDATED]!) * (1 - older[at + UPDATED]!)
    merged[at + DEAD] = newer[at + DEAD]! + (1 - hidden) * older[at + DEAD]!
  }
  return merged
}

/** The same entries over a width `1 / crowding` times theirs. Owned. */
export function crowded(density: Density, crowding: number): Density {
  const scaled = new Float64Array(density.length)
  for (let at = 0; at < scaled.length; at += STRIDE) {
    const before = presence(density, at)
    scaled[at + INSERTED] = density[at + INSERTED]! * crowding
    // Chances of independent events: twice as many leave the square of what one left.
    // A mean of ones may be above one by a rounding, whose power would be no number.
    scaled[at + UPDATED] = 1 - Math.max(1 - density[at + UPDATED]!, 0) ** crowding
    const after = presence(scaled, at)
    scaled[at + DEAD] = before === 0 ? 0 : (density[at + DEAD]! * after) / before
  }
  return scaled
}

/** Without its tombstones. Owned. */
export function withoutDead(density: Density): Density {
  const alive = new Float64Array(density.length)
  for (let at = 0; at < alive.length; at += STRIDE) {
    const before = presence(density, at)
    const after = Math.max(before - density[at + DEAD]!, 0)
    const inserted = before === 0 ? 0 : (density[at + INSERTED]! * after) / before
    alive[at + INSERTED] = inserted
    const updated = inserted >= 1 ? 0 : (after - inserted) / (1 - inserted)
    // Near an inserted share of one the quotient is of two roundings.
    alive[at + UPDATED] = Math.min(Math.max(updated, 0), 1)
  }
  return alive
}

/** Entries expected if the density held over the whole key space. */
export function entriesPerSpace(model: KeyModel, density: Density): number {
  return sumOver(model, (at) => presence(density, at))
}

/** Tombstones among them. */
export function deadPerSpace(model: KeyModel, density: Density): number {
  return sumOver(model, (at) => density[at + DEAD]!)
}

function sumOver(model: KeyModel, chance: (at: number) => number): number {
  let sum = 0
  for (let index = 0; index < model.classes.length; index++) {
    sum += model.classes[index]!.keys * chance(index * STRIDE)
  }
  return sum
}

function presence(density: Density, at: number): number {
  const inserted = density[at + INSERTED]!
  const updated = density[at + UPDATED]!
  return inserted + updated - inserted * updated
}
