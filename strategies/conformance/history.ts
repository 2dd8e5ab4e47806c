/**
 * Owns the random histories that a tree goes through while a strategy is checked: flushes, passing
 * time, reopenings, and jobs that start and end in any order. Plain data, so that a failing history
 * can be shrunk.
 */

import fc from 'fast-check'
import { type Schedule, schedules } from '../../engine/testing/interleavings.ts'

export type Step =
  | {
      readonly kind: 'flush'
      readonly puts: readonly number[]
      readonly deletes: readonly number[]
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'start' }
  | { readonly kind: 'finish'; readonly which: number }

export interface History {
  /** Steps under another strategy (its index), before the checked one takes over. */
  readonly inherited: { readonly from: number; readonly steps: readonly Step[] } | null
  readonly steps: readonly Step[]
  /** Most jobs in progress; missing: the tree comes to rest after each flush. */
  readonly jobsMax?: number
  /** How the engine runs its jobs; missing: inline. */
  readonly schedule?: Schedule
  /** On the engine, each delete deletes a range of this many keys; missing: it deletes one key. */
  readonly rangeWidth?: number
}

/**
 * The same histories, with the engine's jobs inline, or between any two steps in a drawn order, and
 * with deletes of keys or of ranges.
 */
export function interleaved(cases: fc.Arbitrary<History>): fc.Arbitrary<History> {
  return fc
    .tuple(cases, schedules, fc.constantFrom({}, { rangeWidth: 5 }, { rangeWidth: 60 }))
    .map(([history, schedule, ranges]) => ({ ...history, schedule, ...ranges }))
}

/** Number of puts that fill a memtable. */
export const MEMTABLE_ENTRIES = 8

/** A few keys are overwritten often, many seldom. */
const key = fc.oneof(fc.nat(39), fc.nat(399))

const keys = (minLength: number, maxLength: number) =>
  fc.uniqueArray(key, { minLength, maxLength, size: 'max' })

const writes: fc.Arbitrary<Step> = fc
  .record({ puts: keys(1, MEMTABLE_ENTRIES), deletes: keys(0, 3) })
  .map(({ puts, deletes }) => ({
    kind: 'flush',
    puts,
    deletes: deletes.filter((deleted) => !puts.includes(deleted)),
  }))

const deletions: fc.Arbitrary<Step> = keys(1, MEMTABLE_ENTRIES).map((deletes) => ({
  kind: 'flush',
  puts: [],
  deletes,
}))

/** Some memtables hold only tombstones. */
const flush: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: writes },
  { weight: 1, arbitrary: deletions },
)

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
  inherited: fc.option(fc.record({ from: fc.nat(2), steps: steps(flush, 30) })),
  steps: steps(quiet, 70),
})

/** As `histories`, but never with a tree of another strategy. */
export const ownHistories: fc.Arbitrary<History> = fc.record({
  inherited: fc.constant(null),
  steps: steps(quiet, 70),
})

/**
 * Histories whose jobs start more often than they end, so several run while flushes land. A
 * reopening loses the jobs, as a crash does.
 */
export const busyHistories: fc.Arbitrary<History> = fc.record({
  inherited: fc.option(fc.record({ from: fc.nat(2), steps: steps(flush, 20) }), { freq: 2 }),
  steps: steps(
    fc.oneof(
      { weight: 24, arbitrary: flush },
      { weight: 32, arbitrary: start },
      { weight: 8, arbitrary: finish },
      { weight: 1, arbitrary: reopen },
    ),
    140,
  ),
  jobsMax: fc.constantFrom(4, 2, 1),
})

/** Histories with a snapshot that stays open over all compactions of their second part. */
export const snapshotHistories: fc.Arbitrary<History> = fc.record({
  inherited: fc.constant(null),
  steps: fc
    .tuple(steps(flush, 20, 4), steps(fc.oneof(writes, deletions), 60, 20))
    .map(([before, after]) => [...before, { kind: 'snapshot' as const }, ...after]),
})

const DELETIONS_EVERY = 10

/**
 * Long enough that a strategy which never merges breaks the bound of runs. So does one that merges
 * everything except memtables of tombstones, and one that is lost in a tree of many levels.
 */
export const longLoads: fc.Arbitrary<History> = fc.record({
  inherited: fc.option(fc.record({ from: fc.constant(2), steps: steps(writes, 20, 16) }), {
    freq: 2,
  }),
  steps: fc
    .array(keys(MEMTABLE_ENTRIES, MEMTABLE_ENTRIES), { minLength: 160, maxLength: 180 })
    .map((buffers) =>
      buffers.map((buffer, at): Step => {
        if (at % DELETIONS_EVERY === DELETIONS_EVERY - 1) {
          return { kind: 'flush', puts: [], deletes: buffers[at - 1]! }
        }
        return { kind: 'flush', puts: buffer, deletes: [] }
      }),
    ),
})

/** Memtables of the longest load; even, since halves are compared. */
export const STEADY_LOAD = 400
const STEADY_KEYS = 320

/** The same load always: memtables of keys that repeat, so that the tree stays as large. */
export function steadyLoad(memtables: number): readonly Step[] {
  return Array.from({ length: memtables }, (_, memtable): Step => {
    const puts = Array.from({ length: MEMTABLE_ENTRIES }, (_, at) => {
      // Odd multiples of 7 do not divide the number of keys, so neighbours are spread.
      return ((memtable * MEMTABLE_ENTRIES + at) * 77) % STEADY_KEYS
    })
    return { kind: 'flush', puts, deletes: [] }
  })
}
