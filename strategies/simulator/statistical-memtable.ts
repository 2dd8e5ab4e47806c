/**
 * Owns the memtable of a simulation without keys: how many writes of each kind it holds, and the
 * density of what it is flushed as. Both are drawn, of the distribution the true numbers have.
 */

import type { Random } from '../../engine/base/random.ts'
import type { Density } from './density.ts'
import type { KeyModel } from './key-model.ts'
import { clamped, deviation, deviations, gaussian, sumOf } from './statistical-chance.ts'

/** Shares of a stream of writes; they sum up to 1. */
export interface WriteMix {
  readonly insert: number
  readonly update: number
  readonly delete: number
}

/** What a memtable holds. */
export interface MemtableWrites {
  readonly inserts: number
  /** Updates and deletes, drawn by the model. */
  readonly draws: number
  readonly deletes: number
}

export interface Memtable extends MemtableWrites {
  readonly rawBytes: number
  /** By how many standard deviations its deletes are more than their mean. */
  readonly luck: number
}

export function emptyMemtable(random: Random): Memtable {
  return { rawBytes: 0, inserts: 0, draws: 0, deletes: 0, luck: gaussian(random) }
}

/**
 * Of the writes of a memtable that holds about so many; their number is binomial. `valueShare` is that
 * of a put's value in the mean bytes of a write: a memtable of more deletes holds more writes, and yet
 * the mean over all writes must be the mix's.
 */
export function shareOfDeletes(
  { luck }: Memtable,
  { update, delete: mean }: WriteMix,
  writes: number,
  valueShare: number,
): number {
  if (update === 0 || mean === 0) return mean
  const drawn = update + mean
  const more = luck * Math.sqrt((mean * update) / drawn / writes)
  const longer = Math.max(1 + more * valueShare, Number.EPSILON)
  return clamped(mean + more / longer, 0, drawn)
}

/**
 * The density of a memtable's writes over the share `width` of the key space. How many different keys
 * the draws hit is random. Let e be the chance that a key is missed and p its chance in one draw: if each
 * key were hit by itself, the number would have the variance Σ e (1 − e), a sum over keys; that the
 * draws are so many in all takes draws · (Σ p e)² from it.
 */
export function densityOf(
  model: KeyModel,
  { inserts, draws, deletes }: MemtableWrites,
  width: number,
  random: Random,
): Density {
  const classes = model.classes.map(({ keys, weight }) => {
    // A class of one key is missed by no draw: no draws of an infinity would be no number.
    const hit = draws === 0 ? 0 : -Math.expm1(draws * Math.log1p(-Math.min(weight / keys, 1)))
    return { hit, hits: keys * hit, variance: keys * hit * (1 - hit), fresh: weight * (1 - hit) }
  })
  const sum = (of: (own: (typeof classes)[number]) => number) => sumOf(classes.map(of))
  const variance = sum((own) => own.variance) - draws * sum(({ fresh }) => fresh) ** 2
  const off = deviations(
    classes.map((own) => own.variance),
    variance,
    random,
  )
  const hits = sum((own) => own.hits) + sumOf(off)
  const deadShare = draws === 0 ? 0 : deadAmong(hits, draws, deletes, random)
  const inserted = Math.min(inserts / (model.keys * width), 1)
  return model.classes.flatMap(({ keys }, index) => {
    const updated = clamped(classes[index]!.hit + off[index]! / keys, 0, 1)
    return [inserted, updated, updated * deadShare]
  })
}

/** Share of deletes among the last draws of so many keys: a sample of all draws, not put back. */
function deadAmong(hits: number, draws: number, deletes: number, random: Random): number {
  const share = deletes / draws
  const variance = hits * share * (1 - share)
  const off = variance * deviation(variance * Math.max(1 - hits / draws, 0), variance, random)
  return hits === 0 ? 0 : share + off / hits
}
