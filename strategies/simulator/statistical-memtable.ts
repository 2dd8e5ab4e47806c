/**
 * Owns the memtable of a simulation without keys: how many writes of each kind it holds, and the
 * density of its flushed table. Both are drawn from the distribution that real keys give.
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
  /** If missing: updates and deletes by the model's weights, inserts of all keys alike. */
  readonly choice?: KeyChoice
}

/** The keys that writes choose, for each class of the model. */
export interface KeyChoice {
  /** Share of the updates and deletes that go to the class; they sum up to 1. */
  readonly draws: readonly number[]
  /** Share of the class's keys among which these choose: those that were inserted so far. */
  readonly existing: readonly number[]
  /** Share of the inserts that go to the class; they sum up to 1. */
  readonly inserts: readonly number[]
}

/** What a memtable holds. */
export interface MemtableWrites {
  readonly inserts: number
  /** Updates and deletes, drawn by the model. */
  readonly draws: number
  readonly deletes: number
  readonly choice: KeyChoice
}

export interface Memtable extends MemtableWrites {
  readonly rawBytes: number
  /** Standard deviations by which its deletes exceed their mean. */
  readonly luck: number
}

export function emptyMemtable(random: Random, choice: KeyChoice): Memtable {
  return { rawBytes: 0, inserts: 0, draws: 0, deletes: 0, luck: gaussian(random), choice }
}

/** The choice of a mix that names none. */
export function choiceOf({ keys, classes }: KeyModel): KeyChoice {
  return {
    draws: classes.map(({ weight }) => weight),
    existing: classes.map(() => 1),
    inserts: classes.map((own) => own.keys / keys),
  }
}

/** The memtable with more writes. If they choose other keys, the choice is the mean over both. */
export function withWrites(memtable: Memtable, added: Omit<Memtable, 'luck'>): Memtable {
  const { inserts, draws, deletes, rawBytes, luck, choice } = memtable
  return {
    rawBytes: rawBytes + added.rawBytes,
    inserts: inserts + added.inserts,
    draws: draws + added.draws,
    deletes: deletes + added.deletes,
    luck,
    choice:
      choice === added.choice || inserts + draws === 0
        ? added.choice
        : {
            draws: blend(choice.draws, draws, added.choice.draws, added.draws),
            existing: added.choice.existing,
            inserts: blend(choice.inserts, inserts, added.choice.inserts, added.inserts),
          },
  }
}

function blend(one: readonly number[], weight: number, other: readonly number[], added: number) {
  if (weight + added === 0) return other
  return other.map((share, index) => (share * added + one[index]! * weight) / (weight + added))
}

/**
 * The share of deletes among the writes of a memtable that holds about `writes`; their number is
 * binomial. `valueShare` is the share of a put's value in the mean bytes of a write. A memtable
 * with more deletes holds more writes, but the mean over all writes must be that of the mix.
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
 * The density of a memtable's writes over the share `width` of the key space. The number of
 * distinct keys among the draws is random. Let e be the chance that a key is missed, and p its
 * chance in one draw. If keys were hit independently, the variance would be Σ e (1 − e) over all
 * keys. The number of draws is fixed, which reduces it by draws · (Σ p e)².
 */
export function densityOf(
  model: KeyModel,
  { inserts, draws, deletes, choice }: MemtableWrites,
  width: number,
  random: Random,
): Density {
  const classes = model.classes.map((own, index) => {
    const weight = choice.draws[index]!
    const keys = own.keys * choice.existing[index]!
    // Without draws, a class of one key would give 0 · ∞, which is NaN.
    const isHit = draws > 0 && keys > 0
    const hit = isHit ? -Math.expm1(draws * Math.log1p(-Math.min(weight / keys, 1))) : 0
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
  return model.classes.flatMap(({ keys }, index) => {
    const inserted = Math.min((inserts * choice.inserts[index]!) / (keys * width), 1)
    const existing = choice.existing[index]!
    const updated = clamped(classes[index]!.hit * existing + off[index]! / keys, 0, existing)
    return [inserted, updated, updated * deadShare]
  })
}

/** Share of deletes among the last draws of the keys: a sample of all draws without replacement. */
function deadAmong(hits: number, draws: number, deletes: number, random: Random): number {
  const share = deletes / draws
  const variance = hits * share * (1 - share)
  const off = variance * deviation(variance * Math.max(1 - hits / draws, 0), variance, random)
  return hits === 0 ? 0 : share + off / hits
}
