import { expect, test } from 'vitest'
import { checkedPlan } from './checked-plan.ts'
import { flushesFirst } from './flushes-first.ts'

/** Which of the jobs run: `f` is a flush, `m` a merge, in the order of their ids. */
function runningOf(causes: string, workers: number, stopRuns = 12): string {
  const jobs = [...causes].map((cause, at) => ({
    id: at + 1,
    cause: cause === 'f' ? ('flush' as const) : ('compaction' as const),
    fromLevel: 0,
    toLevel: 1,
    bytesTotal: 10,
    bytesLeft: 10,
    queuedAtMs: 0,
    startedAtMs: null,
  }))
  const { shares } = checkedPlan(flushesFirst, {
    jobs,
    workers,
    budgetBytesPerSecond: null,
    clientBytesPerSecond: 0,
    limitBytesPerSecond: null,
    frozenMemtables: 0,
    memtablesMax: 1,
    level0Runs: 0,
    stallLimits: { slowdownRuns: stopRuns - 4, stopRuns },
  })
  return shares.flatMap((share, at) => (share > 0 ? [`${causes[at]}${at + 1}`] : [])).join(' ')
}

test.each([
  ['', 2, ''],
  ['m', 2, 'm1'],
  ['mmm', 2, 'm1 m2'],
  ['mmf', 2, 'm1 f3'],
  ['mfmf', 2, 'm1 f2'],
  ['mfff', 3, 'm1 f2 f3'],
  ['fff', 2, 'f1 f2'],
  ['mf', 1, 'f2'],
])('of %s with %i workers run: %s', (causes, workers, expected) => {
  expect(runningOf(causes, workers)).toBe(expected)
})

test.each([
  ['mf', 'm1'],
  ['fm', 'f1'],
  ['ff', 'f1'],
  ['mff', 'm1'],
])('without a limit of level 0 a single worker runs the oldest of %s: %s', (causes, expected) => {
  expect(runningOf(causes, 1, Number.POSITIVE_INFINITY)).toBe(expected)
})
