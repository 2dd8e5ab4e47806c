import { expect, test } from 'vitest'
import { checkedPlan, mergesMaxOf } from './checked-plan.ts'
import type { SchedulingView } from './policy.ts'

function viewOf(jobs: number, workers = 2): SchedulingView {
  return {
    jobs: Array.from({ length: jobs }, (_, id) => ({
      id,
      cause: 'compaction',
      fromLevel: 0,
      toLevel: 1,
      bytesTotal: 1,
      bytesLeft: 1,
      queuedAtMs: 0,
      startedAtMs: null,
    })),
    workers,
    budgetBytesPerSecond: null,
    clientBytesPerSecond: 0,
    limitBytesPerSecond: null,
    frozenMemtables: 0,
    memtablesMax: 2,
    level0Runs: 0,
    stallLimits: { slowdownRuns: 8, stopRuns: 12 },
  }
}

const plan = (answer: unknown, view: SchedulingView) =>
  checkedPlan({ name: 'odd', mergesMax: () => 1, plan: () => answer as never }, view)

test('a sound plan is copied and frozen', () => {
  const answer = { shares: [0.5, 0, 0.5], bytesPerSecond: null }
  const checked = plan(answer, viewOf(3))
  expect(checked).toEqual(answer)
  answer.shares[0] = 7
  expect(checked.shares).toEqual([0.5, 0, 0.5])
  expect(Object.isFrozen(checked.shares)).toBe(true)
})

test.each([
  ['thirds', [1 / 3, 1 / 3, 1 / 3], 3],
  ['tenths', Array(10).fill(0.1), 10],
])('%s may miss 1 by their rounding', (_, shares, workers) => {
  expect(plan({ shares, bytesPerSecond: 5 }, viewOf(shares.length, workers)).shares).toEqual(shares)
})

test('nothing to do needs no share', () => {
  expect(plan({ shares: [], bytesPerSecond: null }, viewOf(0)).shares).toEqual([])
})

test.each([
  [null, 'plan answers null; it must be a plan'],
  [{ shares: [1], bytesPerSecond: null }, 'it must be an array of 2, one for each job'],
  [{ shares: [0, 0], bytesPerSecond: null }, 'at least one job has a share'],
  [{ shares: [0.6, 0.6], bytesPerSecond: null }, 'at most 1 in sum; the sum is 1.2'],
  [{ shares: [1, -1], bytesPerSecond: null }, 'shares[1] = -1; it must be a finite number, 0'],
  [{ shares: [1, Number.NaN], bytesPerSecond: null }, 'shares[1] = NaN'],
  [{ shares: [1, 0], bytesPerSecond: 0 }, 'bytesPerSecond = 0; it must be a finite number above 0'],
  [{ shares: [1, 0] }, 'bytesPerSecond = undefined'],
])('%j is refused', (answer, message) => {
  expect(() => plan(answer, viewOf(2))).toThrow(message)
  expect(() => plan(answer, viewOf(2))).toThrow('scheduling policy odd: plan')
})

test('more jobs than workers are refused', () => {
  const answer = { shares: [0.5, 0.5], bytesPerSecond: null }
  expect(() => plan(answer, viewOf(2, 1))).toThrow(
    'no more jobs than the 1 workers have a share; 2 have one',
  )
})

test('the number of merges to pick is checked', () => {
  const policy = (mergesMax: number) => ({
    name: 'odd',
    mergesMax: () => mergesMax,
    plan: () => ({ shares: [], bytesPerSecond: null }),
  })
  expect(mergesMaxOf(policy(7), 3)).toBe(7)
  for (const wrong of [0, -1, Number.NaN]) {
    expect(() => mergesMaxOf(policy(wrong), 3)).toThrow('scheduling policy odd: mergesMax answers')
  }
})
