// The queue with a runner whose jobs end when the test says so. The virtual executor's tests check
// the same queue in logical time.

import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import type { JobEnded } from './job-order.ts'
import type { SchedulingPolicy } from './policy.ts'
import { type JobRunner, PolicyExecutor } from './policy-executor.ts'

/** The oldest jobs run, as many as there are workers. */
const inOrder: SchedulingPolicy = {
  name: 'in order',
  mergesMax: () => 10,
  plan({ jobs, workers }) {
    const running = Math.min(jobs.length, workers)
    return { shares: jobs.map((_, at) => (at < running ? 1 / running : 0)), bytesPerSecond: 70 }
  },
}

/** Only the newest job runs; it pauses the others. */
const newest: SchedulingPolicy = {
  ...inOrder,
  name: 'newest',
  plan: ({ jobs }) => ({
    shares: jobs.map((_, at) => (at === jobs.length - 1 ? 1 : 0)),
    bytesPerSecond: null,
  }),
}

function opened(policy: SchedulingPolicy, limitBytesPerSecond: number | null = null) {
  const log: string[] = []
  const clock = new ManualClock()
  const running = new Map<number, JobEnded<string>>()
  const onWait: (() => void)[] = []
  /** Ids from here on end inside `start`, as if no thread could be started. */
  let failsFrom = Number.POSITIVE_INFINITY
  const runner: JobRunner<number, string> = {
    start(id, ended) {
      log.push(`runs ${id}`)
      if (id >= failsFrom) ended(new Error('no thread'))
      else running.set(id, ended)
    },
    allot(shares, bytesPerSecond) {
      const allotted = [...shares].map(([id, share]) => `${id}:${share}`)
      log.push(`shares ${allotted.join(' ')} of ${bytesPerSecond}`)
    },
    leftOf: () => 0.5,
    bandwidth: () => ({ budgetBytesPerSecond: null, clientBytesPerSecond: 0 }),
    wait() {
      log.push('waits')
      onWait.shift()?.()
    },
    close: () => log.push('closes'),
  }
  const executor = new PolicyExecutor<number, string>({
    runner,
    factsOf: (id) => ({ id, cause: 'compaction', fromLevel: 0, toLevel: 1, bytesTotal: 10 }),
    policy,
    workers: 2,
    limitBytesPerSecond,
    pressure: () => ({
      frozenMemtables: 0,
      memtablesMax: 2,
      level0Runs: 0,
      stallLimits: { slowdownRuns: 8, stopRuns: 12 },
    }),
    clock,
    timers: clock,
    measureEveryMs: 10,
  })
  const start = (id: number) => {
    executor.start(id, (result) => log.push(`${result instanceof Error ? result.message : result}`))
  }
  const end = (id: number) => {
    const ended = running.get(id)!
    running.delete(id)
    ended(`ended ${id}`)
  }
  /** What was logged since the last call. */
  const news = () => log.splice(0)
  const failFrom = (id: number) => {
    failsFrom = id
  }
  return { executor, clock, start, end, news, onWait, failFrom }
}

test('jobs start when they get a share, and each start and end is followed by a new plan', () => {
  const { start, end, news } = opened(inOrder)
  start(1)
  start(2)
  start(3)
  expect(news()).toEqual([
    ...['runs 1', 'shares 1:1 of 70'],
    ...['runs 2', 'shares 1:0.5 2:0.5 of 70'],
    'shares 1:0.5 2:0.5 of 70',
  ])
  end(1)
  expect(news()).toEqual(['ended 1', 'runs 3', 'shares 2:0.5 3:0.5 of 70'])
})

test('a paused job goes on without being started again', () => {
  const { start, end, news } = opened(newest)
  start(1)
  start(2)
  expect(news()).toEqual(['runs 1', 'shares 1:1 of null', 'runs 2', 'shares 2:1 of null'])
  end(2)
  expect(news()).toEqual(['ended 2', 'shares 1:1 of null'])
})

test('the policy sees the jobs in the order of their ids', () => {
  const { start, news } = opened(newest)
  start(7)
  start(3)
  expect(news()).toEqual(['runs 7', 'shares 7:1 of null', 'shares 7:1 of null'])
})

test('of two limits the lower one holds', () => {
  const low = opened(inOrder, 50)
  low.start(1)
  expect(low.news()).toContain('shares 1:1 of 50')
  const high = opened(inOrder, 90)
  high.start(1)
  expect(high.news()).toContain('shares 1:1 of 70')
  const only = opened(newest, 90)
  only.start(1)
  expect(only.news()).toContain('shares 1:1 of 90')
})

test('while there are jobs the policy is asked again and again', () => {
  const { start, end, news, clock } = opened(inOrder)
  start(1)
  news()
  clock.advance(25)
  expect(news()).toEqual(['shares 1:1 of 70', 'shares 1:1 of 70'])
  end(1)
  expect(clock.timers).toBe(0)
})

test('wait plans again until a job has ended', () => {
  const { executor, start, end, news, onWait } = opened(inOrder)
  start(1)
  news()
  onWait.push(
    () => {},
    () => end(1),
  )
  executor.wait()
  expect(news()).toEqual(['waits', 'shares 1:1 of 70', 'waits', 'ended 1', 'shares  of 70'])
})

test('jobs that end inside their start, and start others, are planned for once', () => {
  const { executor, start, news, failFrom } = opened(inOrder)
  failFrom(1)
  executor.start(1, () => start(2))
  // The shares of a job that has ended are harmless; the last plan holds.
  expect(news()).toEqual([
    ...['runs 1', 'shares 1:1 of 70'],
    ...['runs 2', 'no thread', 'shares 2:1 of 70', 'shares  of 70'],
  ])
})

test('a wrong plan ends all jobs, also those that run; their own ends come too late', () => {
  let isWrong = false
  const plan: SchedulingPolicy['plan'] = (view) => {
    return isWrong ? { shares: [], bytesPerSecond: null } : inOrder.plan(view)
  }
  const { start, end, news } = opened({ ...inOrder, name: 'fickle', plan })
  start(1)
  isWrong = true
  news()
  start(2)
  const refusal = expect.stringContaining('scheduling policy fickle: plan answers shares')
  expect(news()).toEqual([refusal, refusal])
  end(1)
  expect(news()).toEqual([])
})

test('after close nothing is planned', () => {
  const { executor, clock, start, news } = opened(inOrder)
  start(1)
  executor.close()
  news()
  clock.advance(100)
  expect([news(), clock.timers]).toEqual([[], 0])
})
