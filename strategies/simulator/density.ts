/**
 * Owns the contents of a stretch of the key space: for each class of keys (`key-model.ts`) the
 * chance that a key of the class is there, in three numbers.
 *
 *   inserted   by an insert. A fresh key is in one place only, so these chances add up. The sum may
 *              be a little above 1 where scattered borders crowd a stretch, as no entry may be lost
 *   updated    by updates or deletes, which are drawn from all keys: independent from place to
 *              place
 *   dead       as a tombstone; part of the two above
 *
 * A key is there with chance inserted + updated − inserted · updated. For n updates spread evenly
 * over N keys that is 1 − (1 − 1/N)^n, the expected share of distinct keys. When such sets merge,
 * the number of common keys is drawn at random (`statistical-chance.ts`), one deviation for all
 * classes.
 */

import type { Random } from '../../engine/base/random.ts'
import type { KeyModel } from './key-model.ts'
import { clamped, deviation } from './statistical-chance.ts'

/**
 * Three numbers per class, in the model's order; shared between tables. A plain array: for so few
 * numbers a typed array takes three times the memory.
 */
export type Density = readonly number[]

/** Positions [from, to) of the key space and their contents. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly density: Density
}

const STRIDE = 3
const INSERTED = 0
const UPDATED = 1
const DEAD = 2

/** The part of the key space where densities are merged, and the source of chance. */
export interface Meeting {
  readonly model: KeyModel
  /** Share of the key space. */
  readonly width: number
  readonly random: Random
}

/** Every key of any of them once, as in the newest that has it. */
export function mergedDensities(newestFirst: readonly Density[], meeting: Meeting): Density {
  return newestFirst.reduce((newer, older) => mergedDensity(newer, older, meeting))
}

/** Every key of either once, as in `newer` if both have it. Owned. */
function mergedDensity(newer: Density, older: Density, meeting: Meeting): Density {
  const merged = [...newer]
  let isDrawn = false
  for (let at = 0; at < merged.length; at += STRIDE) {
    // In a crowded stretch the newer may hide slightly more than there is.
    const shown = Math.max(1 - presence(newer, at), 0)
    merged[at + INSERTED] = newer[at + INSERTED]! + older[at + INSERTED]!
    merged[at + UPDATED] = 1 - (1 - newer[at + UPDATED]!) * (1 - older[at + UPDATED]!)
    merged[at + DEAD] = newer[at + DEAD]! + shown * older[at + DEAD]!
    isDrawn ||= newer[at + UPDATED]! + older[at + UPDATED]! > 0
  }
  if (isDrawn) deviate(merged, newer, older, meeting)
  return merged
}

/** Adds random deviations to the numbers of common keys and of tombstones that newer keys hide. */
function deviate(
  merged: number[],
  newer: Density,
  older: Density,
  { model, width, random }: Meeting,
): void {
  const common = sumOver(model, (at) => varianceOfCommon(merged, newer, older, at)) * width
  const hidden = sumOver(model, (at) => varianceOfHidden(newer, older, at)) * width
  const commonShare = deviation(common, common, random)
  const hiddenShare = deviation(hidden, hidden, random)
  if (commonShare === 0 && hiddenShare === 0) return
  for (let at = 0; at < merged.length; at += STRIDE) {
    const added = presence(older, at)
    if (added === 0) continue
    const more = commonShare * varianceOfCommon(merged, newer, older, at)
    const deadMore =
      (more * older[at + DEAD]!) / added + hiddenShare * varianceOfHidden(newer, older, at)
    setPresence(merged, at, presence(merged, at) - more)
    const dead = merged[at + DEAD]! - deadMore
    merged[at + DEAD] = clamped(dead, newer[at + DEAD]!, presence(merged, at))
  }
}

/** Variance per key of the number of common keys of two random sets (hypergeometric). */
function varianceOfCommon(merged: Density, newer: Density, older: Density, at: number): number {
  const a = presence(newer, at)
  const b = presence(older, at)
  return Math.max((a + b - presence(merged, at)) * (1 - a) * (1 - b), 0)
}

/** The same for the number of tombstones among the older common keys. */
function varianceOfHidden(newer: Density, older: Density, at: number): number {
  const dead = older[at + DEAD]!
  if (dead === 0) return 0
  const hidden = presence(newer, at)
  return Math.max(hidden * (1 - hidden) * dead * (1 - dead / presence(older, at)), 0)
}

/** The same entries on `1 / crowding` times their width. Owned. */
export function crowded(density: Density, crowding: number): Density {
  const scaled = [...density]
  for (let at = 0; at < scaled.length; at += STRIDE) {
    const before = presence(density, at)
    scaled[at + INSERTED] = density[at + INSERTED]! * crowding
    // Independent events: with twice as many, the share of missed keys is squared.
    // Rounding may lift a mean of ones above 1; the power would then be NaN.
    scaled[at + UPDATED] = 1 - Math.max(1 - density[at + UPDATED]!, 0) ** crowding
    const after = presence(scaled, at)
    scaled[at + DEAD] = before === 0 ? 0 : (density[at + DEAD]! * after) / before
  }
  return scaled
}

/** The density without its tombstones. Owned. */
export function withoutDead(density: Density): Density {
  const alive = density.map(() => 0)
  for (let at = 0; at < alive.length; at += STRIDE) {
    const before = presence(density, at)
    const after = Math.max(before - density[at + DEAD]!, 0)
    alive[at + INSERTED] = before === 0 ? 0 : (density[at + INSERTED]! * after) / before
    setPresence(alive, at, after)
  }
  return alive
}

/** Expected entries if the whole key space had this density. */
export function entriesPerSpace(model: KeyModel, density: Density): number {
  return sumOver(model, (at) => presence(density, at))
}

/** Expected tombstones among them. */
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

/** Sets the chance of presence to `wanted` by changing the updated part. */
function setPresence(density: number[], at: number, wanted: number): void {
  const inserted = density[at + INSERTED]!
  const updated = inserted >= 1 ? 0 : (wanted - inserted) / (1 - inserted)
  // If the inserted share is nearly 1, numerator and denominator are mere rounding errors.
  density[at + UPDATED] = clamped(updated, 0, 1)
}
