/**
 * Owns what happens to a tree while a strategy is checked: histories of flushes, passing time,
 * reopenings, and jobs that start and end in any order. Plain data, so that a failing one shrinks.
 */

import fc from 'fast-check'

export type Step =
  | {
      readonly kind: 'flush'
      readonly puts: readonly number[]
      readonly deletes: readonly number[]
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'start' }
  | { readonly kind: 'finish'; readonly which: number }

export interface History {
  /** Flushes under another strategy, by its index, before the checked one takes over. */
  readonly inherited: { readonly from: number; readonly steps: readonly Step[] } | null
  readonly steps: readonly Step[]
}

/** Puts of one memtable. */
export const MEMTABLE_ENTRIES = 8

/** A few keys that are often overwritten, many that seldom are. */
const key = fc.oneof(fc.nat(39), fc.nat(399))

const keys = (minLength: number, maxLength: number) =>
  fc.uniqueArray(key, { minLength, maxLength, size: 'max' })

const flush: fc.Arbitrary<Step> = fc
  .record({ puts: keys(1, MEMTABLE_ENTRIES), deletes: keys(0, 3) })
  .map(({ puts, deletes }) => ({
    kind: 'flush',
    puts,
    deletes: deletes.filter((deleted) => !puts.includes(deleted)),
  }))

const wait: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.constantFrom(1, 1_000, 60_000, 3_600_000, 86_400_000),
})

const reopen = fc.constant<Step>({ kind: 'reopen' })
const start = fc.constant<Step>({ kind: 'start' })
const finish: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('finish' as const),
  which: fc.nat(7),
})

/** Without `size` fast-check stops at about ten steps, which fill no level. */
const steps = (step: fc.Arbitrary<Step>, maxLength: number, minLength = 0) =>
  fc.array(step, { minLength, maxLength, size: 'max' })

const quiet = fc.oneof(
  { weight: 10, arbitrary: flush },
  { weight: 1, arbitrary: wait },
  { weight: 1, arbitrary: reopen },
)

/** Each flush is compacted to rest before the next. */
export const histories: fc.Arbitrary<History> = fc.record({
  inherited: fc.option(fc.record({ from: fc.nat(1), steps: steps(flush, 30) })),
  steps: steps(quiet, 70),
})

/** As `histories`, in a folder that only ever knew the checked strategy. */
export const ownHistories: fc.Arbitrary<History> = fc.record({
  inherited: fc.constant(null),
  steps: steps(quiet, 70),
})

/** Jobs start more often than they end, so that several are in flight while flushes land. */
export const busyHistories: fc.Arbitrary<History> = fc.record({
  inherited: fc.option(fc.record({ from: fc.nat(1), steps: steps(flush, 20) }), { freq: 2 }),
  steps: steps(
    fc.oneof(
      { weight: 3, arbitrary: flush },
      { weight: 4, arbitrary: start },
      { weight: 1, arbitrary: finish },
    ),
    140,
  ),
})

/** So many full memtables that a tree which never merges shows it. */
export const longLoads: fc.Arbitrary<History> = fc.record({
  inherited: fc.constant(null),
  steps: fc
    .array(keys(MEMTABLE_ENTRIES, MEMTABLE_ENTRIES), { minLength: 130, maxLength: 160 })
    .map((buffers) => buffers.map((puts): Step => ({ kind: 'flush', puts, deletes: [] }))),
})
