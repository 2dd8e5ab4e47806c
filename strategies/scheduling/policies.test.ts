// Each row gives a view as text, and the shares that the policy's source demands for it.

import { expect, test } from 'vitest'
import { checkedPlan } from '../../engine/scheduling/checked-plan.ts'
import type { ScheduledJob, SchedulingView } from '../../engine/scheduling/policy.ts'
import { SCHEDULING_POLICIES, schedulingPolicyOf } from './index.ts'

/** A job as 'F left' (flush) or 'from>to left'; a star behind it says that it has started. */
function jobOf(text: string, id: number): ScheduledJob {
  const [kind = '', left = ''] = text.split(' ')
  const [fromLevel, toLevel] = kind === 'F' ? [-1, 0] : kind.split('>').map(Number)
  return {
    id,
    cause: kind === 'F' ? 'flush' : 'compaction',
    fromLevel: fromLevel!,
    toLevel: toLevel!,
    bytesTotal: 1000,
    bytesLeft: Number.parseInt(left, 10),
    queuedAtMs: id,
    startedAtMs: left.endsWith('*') ? id : null,
  }
}

function viewOf(jobs: string, given: Partial<SchedulingView> = {}): SchedulingView {
  return {
    jobs: jobs === '' ? [] : jobs.split(', ').map(jobOf),
    workers: 4,
    budgetBytesPerSecond: null,
    clientBytesPerSecond: 0,
    limitBytesPerSecond: null,
    frozenMemtables: 0,
    memtablesMax: 2,
    level0Runs: 0,
    stallLimits: { slowdownRuns: 8, stopRuns: 12 },
    ...given,
  }
}

const planOf = (policy: string, view: SchedulingView) =>
  checkedPlan(schedulingPolicyOf(policy), view)

const third = 1 / 3
const thirds = [third, third, third]

test.each([...SCHEDULING_POLICIES.keys()])(
  '%s: without a limit of level 0 a single worker runs the oldest job',
  (policy) => {
    const stallLimits = {
      slowdownRuns: Number.POSITIVE_INFINITY,
      stopRuns: Number.POSITIVE_INFINITY,
    }
    const sharesOf = (jobs: string) =>
      planOf(policy, viewOf(jobs, { workers: 1, stallLimits })).shares
    expect(sharesOf('2>3 900*, F 10, F 10')).toEqual([1, 0, 0])
    expect(sharesOf('F 10, 2>3 900*, F 10')).toEqual([1, 0, 0])
    expect(sharesOf('F 10, F 10')).toEqual([1, 0])
  },
)

test.each([
  // Equal shares, whatever is left and wherever it goes.
  ['fair', 'one merge', '1>2 90', 4, [1]],
  ['fair', 'merges', '0>1 10, 1>2 90, 2>3 900', 4, thirds],
  ['fair', 'a flush is a job like the others', 'F 10, 1>2 90', 4, [0.5, 0.5]],
  ['fair', 'a worker of four is kept for flushes', '0>1 1, 1>2 2, 2>3 3, 3>4 4', 4, [...thirds, 0]],
  ['fair', 'none is paused for a smaller one', '2>3 900*, 0>1 10', 2, [1, 0]],
  ['fair', 'flushes are installed in order: the oldest', 'F 10, F 10, 1>2 90', 2, [0.5, 0, 0.5]],
  ['fair', 'a single worker flushes first', '2>3 900*, F 10', 1, [0, 1]],
  // Only the smallest remaining merge has bandwidth (Luo & Carey, the greedy scheduler).
  ['greedy', 'the smallest', '0>1 100, 2>3 900, 1>2 50', 4, [0, 0, 1]],
  ['greedy', 'what remains counts, not the size', '2>3 40*, 0>1 50', 4, [1, 0]],
  ['greedy', 'a smaller one pauses it', '2>3 60*, 0>1 50', 4, [0, 1]],
  ['greedy', 'of equals the older', '1>2 50, 0>1 50*', 4, [1, 0]],
  ['greedy', 'a flush runs beside it', 'F 10, 2>3 60*, 0>1 50', 4, [0.5, 0, 0.5]],
  ['greedy', 'a single worker flushes first', '2>3 5*, F 10', 1, [0, 1]],
  // One merge at a time, in order.
  ['single', 'the oldest', '2>3 900, 0>1 10', 4, [1, 0]],
  ['single', 'to its end', '1>2 900, 2>3 50*, 0>1 10', 4, [0, 1, 0]],
  ['single', 'a flush runs beside it', '2>3 900*, 0>1 10, F 10', 4, [0.5, 0, 0.5]],
  ['single', 'a single worker flushes first', '2>3 900*, F 10', 1, [0, 1]],
  // Flushes, then merges out of level 0, then the rest (Balmau et al.).
  ['silk', 'a flush pauses all merges', '0>1 10*, 2>3 900*, F 10', 4, [0, 0, 1]],
  ['silk', 'a merge out of level 0 pauses deeper ones', '2>3 900*, 1>2 5*, 0>1 10', 4, [0, 0, 1]],
  ['silk', 'whatever remains of it', '2>3 1*, 0>1 900', 4, [0, 1]],
  ['silk', 'deeper ones share the rest', '2>3 900*, 1>2 50', 4, [0.5, 0.5]],
  // Two pools; no job is paused; level 0 starts first.
  ['rocksdb', 'level 0 starts first', '2>3 900, 1>2 50, 0>1 10', 2, [0, 0, 1]],
  ['rocksdb', 'but pauses nothing', '2>3 900*, 0>1 10', 2, [1, 0]],
  ['rocksdb', 'a flush shares without a limiter', '2>3 900*, F 10', 2, [0.5, 0.5]],
  [
    'rocksdb',
    'a quarter of the workers flushes',
    'F 1, F 1, F 1, 0>1 5',
    8,
    [third, third, 0, third],
  ],
] as const)('%s: %s (%s, %i workers)', (policy, _, jobs, workers, shares) => {
  expect(planOf(policy, viewOf(jobs, { workers })).shares).toEqual(shares)
})

test.each(['fair', 'greedy', 'single', 'rocksdb'])(
  '%s leaves the bandwidth to the limit',
  (name) => {
    const view = viewOf('1>2 5', { budgetBytesPerSecond: 200, clientBytesPerSecond: 190 })
    expect(planOf(name, view).bytesPerSecond).toBe(null)
  },
)

test.each([
  ['2>3 900', 0, 200],
  ['2>3 900', 50, 150],
  ['2>3 900', 150, 50],
  // A peak: merges of deep levels creep on with the least.
  ['2>3 900', 151, 10],
  ['0>1 900', 151, 49],
  ['F 900', 195, 10],
  ['0>1 900', 500, 10],
])('silk gives %s what clients at %d of 200 leave: %d', (jobs, clientBytesPerSecond, left) => {
  const view = viewOf(jobs, { budgetBytesPerSecond: 200, clientBytesPerSecond })
  expect(planOf('silk', view)).toEqual({ shares: [1], bytesPerSecond: left })
})

test('silk lets only one merge of deep levels creep on at a peak, the one that has started', () => {
  const view = viewOf('2>3 900, 1>2 50*', { budgetBytesPerSecond: 200, clientBytesPerSecond: 160 })
  expect(planOf('silk', view)).toEqual({ shares: [0, 1], bytesPerSecond: 10 })
})

test('silk without a known budget only orders the jobs', () => {
  const view = viewOf('2>3 900', { clientBytesPerSecond: 1e9 })
  expect(planOf('silk', view)).toEqual({ shares: [1], bytesPerSecond: null })
})

test('rocksdb serves flushes in nine of ten refills of the limiter', () => {
  const limited = { limitBytesPerSecond: 100 }
  const shares = planOf('rocksdb', viewOf('F 10, F 10, 1>2 50, 2>3 90', limited)).shares
  expect(shares.map((share) => share.toFixed(3))).toEqual(['0.900', '0.000', '0.050', '0.050'])
  expect(planOf('rocksdb', viewOf('F 10', limited)).shares).toEqual([1])
  expect(planOf('rocksdb', viewOf('1>2 50', limited)).shares).toEqual([1])
})

test.each([...SCHEDULING_POLICIES.keys()])('%s carries its name and answers every view', (name) => {
  expect(schedulingPolicyOf(name).name).toBe(name)
  for (const jobs of ['', 'F 1', '0>1 1', '3>4 0*', 'F 1*, F 2, 0>0 5, 0>1 6*, 4>5 1, 1>2 9']) {
    for (const workers of [1, 2, 3, 4, 8, 16]) {
      const busy = { workers, budgetBytesPerSecond: 10, clientBytesPerSecond: 11 }
      for (const given of [{ workers }, busy]) {
        const view = viewOf(jobs, given)
        expect(planOf(name, view)).toEqual(planOf(name, structuredClone(view)))
      }
    }
  }
})

test('an unknown name is an error that lists the known ones', () => {
  expect(() => schedulingPolicyOf('grady')).toThrow(
    'no scheduling policy is called grady; there are fair, greedy, single, silk, rocksdb',
  )
})
