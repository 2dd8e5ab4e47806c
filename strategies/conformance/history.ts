/**
 * Owns the random histories that a tree goes through while a strategy is checked: flushes, passing
 * time, reopenings, and jobs that start and end in any order. Plain data, so that a failing history
 * can be shrunk.
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
  /** Steps under another strategy (its index), before the checked one takes over. */
  readonly inherited: { readonly from: number; readonly steps: readonly Step[] } | null
  readonly steps: readonly Step[]
}

/** Number of puts that fill a memtable. */
export const MEMTABLE_ENTRIES = 8

/** A few keys are overwritten often, many seldom. */
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

/** Without `size` fast-check stops at about ten steps, which are too few to fill a level. */
const steps = (step: fc.Arbitrary<Step>, maxLength: number, minLength = 0) =>
  fc.array(step, { minLength, maxLength, size: 'max' })

const quiet = fc.oneof(
  { weight: 10, arbitrary: flush },
  { weight: 1, arbitrary: wait },
  { weight: 1, arbitrary: reopen },
)

/** Histories in which the tree comes to rest after each flush. */
export const histories: fc.Arbitrary<History> = fc.record({
  inherited: fc.option(fc.record({ from: fc.nat(1), steps: steps(flush, 30) })),
  steps: steps(quiet, 70),
})

/** As `histories`, but never with a tree of another strategy. */
export const ownHistories: fc.Arbitrary<History> = fc.record({
  inherited: fc.constant(null),
  steps: steps(quiet, 70),
})

/** Histories whose jobs start more often than they end, so several run while flushes land. */
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

/** Long enough that a strategy which never merges breaks the bound of runs. */
export const longLoads: fc.Arbitrary<History> = fc.record({
  inherited: fc.constant(null),
  steps: fc
    .array(keys(MEMTABLE_ENTRIES, MEMTABLE_ENTRIES), { minLength: 130, maxLength: 160 })
    .map((buffers) => buffers.map((puts): Step => ({ kind: 'flush', puts, deletes: [] }))),
})
