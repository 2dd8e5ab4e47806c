import { expect, test } from 'vitest'
import { checkedPlan } from './checked-plan.ts'
import { flushesFirst } from './flushes-first.ts'

/** Which of the jobs run: `f` is a flush, `m` a merge, in the order of their ids. */
function runningOf(causes: string, workers: number): string {
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
    stallLimits: { slowdownRuns: 8, stopRuns: 12 },
  })
  return shares.flatMap((share, at) => (share > 0 ? [`${causes[at]}${at + 1}`] : [])).join(' ')
}

test.each([
  ['', 2, ''],
  ['m', 2, 'm1'],
  ['mmm', 2, 'm1 m2'],
  ['mmf', 2, 'm1 f3'],
  ['mfmf', 2, 'f2 f4'],
  ['fff', 2, 'f1 f2'],
  ['mf', 1, 'f2'],
])('of %s with %i workers run: %s', (causes, workers, expected) => {
  expect(runningOf(causes, workers)).toBe(expected)
})
