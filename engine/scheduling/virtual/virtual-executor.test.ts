import { expect, test } from 'vitest'
import { createRandom, deriveSeed } from '../../base/random.ts'
import type { SchedulingPolicy, SchedulingView } from '../policy.ts'
import type { DeviceModel } from './device-model.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualExecutor, type VirtualExecutorOptions } from './virtual-executor.ts'

/** 1,000 bytes of either kind take a millisecond. */
const DEVICE: DeviceModel = {
  readBytesPerMs: 1000,
  writeBytesPerMs: 1000,
  latencyMs: 0.5,
  perFileMs: 0,
}

interface Order {
  readonly id: number
  readonly bytes: number
  readonly fails?: boolean
}

const equal: SchedulingPolicy = {
  name: 'equal',
  mergesMax: () => 10,
  plan({ jobs, workers }) {
    const running = Math.min(jobs.length, workers)
    return { shares: jobs.map((_, at) => (at < running ? 1 / running : 0)), bytesPerSecond: null }
  },
}

/** All bandwidth to the job with the fewest bytes left. */
const smallest: SchedulingPolicy = {
  name: 'smallest',
  mergesMax: () => 10,
  plan({ jobs }) {
    const leastBytes = Math.min(...jobs.map(({ bytesLeft }) => bytesLeft))
    const chosen = jobs.findIndex(({ bytesLeft }) => bytesLeft === leastBytes)
    return { shares: jobs.map((_, at) => (at === chosen ? 1 : 0)), bytesPerSecond: null }
  },
}

type Options = VirtualExecutorOptions<Order, string>

function opened(given: Partial<Options> = {}) {
  const clock = new VirtualClock()
  const log: string[] = []
  const note = (event: string) => log.push(`${clock.elapsedNs() / 1e6} ${event}`)
  const executor = new VirtualExecutor<Order, string>({
    clock,
    device: DEVICE,
    work: {
      factsOf: ({ id, bytes }) => ({
        id,
        cause: 'compaction',
        fromLevel: 0,
        toLevel: 1,
        bytesTotal: bytes,
      }),
      run({ id, fails }) {
        note(`runs ${id}`)
        if (fails) throw new Error('disk full')
        return `outcome ${id}`
      },
      costOf: ({ bytes }) => ({
        readBytes: bytes / 2,
        writtenBytes: bytes / 2,
        operations: 0,
        files: bytes / 1000,
      }),
    },
    policy: equal,
    workers: 4,
    limitBytesPerSecond: null,
    pressure: () => ({
      frozenMemtables: 0,
      memtablesMax: 2,
      level0Runs: 0,
      stallLimits: { slowdownRuns: 8, stopRuns: 12 },
    }),
    measureEveryMs: 10,
    ...given,
  })
  const start = (order: Order) => {
    executor.start(order, (result) => note(result instanceof Error ? result.message : result))
  }
  const serve = (name: string, writtenBytes: number) => {
    const work = { readBytes: 0, writtenBytes, operations: 1, files: 0 }
    executor.serve(work, () => note(`answers ${name}`))
  }
  const runAll = () => {
    while (clock.step());
    return log
  }
  return { clock, executor, log, start, serve, runAll }
}

test('a job works when it starts and ends when its bytes are through', () => {
  const { start, runAll } = opened()
  start({ id: 1, bytes: 5000 })
  expect(runAll()).toEqual(['0 runs 1', '5 outcome 1'])
})

test('shares change when a job starts or ends', () => {
  const { clock, start, runAll } = opened()
  start({ id: 1, bytes: 5000 })
  clock.after(2, () => start({ id: 2, bytes: 1000 }))
  expect(runAll()).toEqual(['0 runs 1', '2 runs 2', '4 outcome 2', '6 outcome 1'])
})

test('a job without a share does no work; one that started pauses at a table border', () => {
  const { clock, start, runAll } = opened({ policy: smallest })
  start({ id: 1, bytes: 5000 })
  clock.after(1.5, () => start({ id: 2, bytes: 2000 }))
  clock.after(1.5, () => start({ id: 3, bytes: 9000 }))
  // Until 2.5 the second table of job 1 is finished, at half the speed.
  expect(runAll()).toEqual([
    '0 runs 1',
    '1.5 runs 2',
    '4 outcome 2',
    '7 outcome 1',
    '7 runs 3',
    '16 outcome 3',
  ])
})

test('wait moves time to the next end; events that fall due meanwhile are late', () => {
  const { clock, executor, start, log, runAll } = opened()
  clock.after(1, () => log.push('timer'))
  start({ id: 1, bytes: 5000 })
  executor.wait()
  expect(log).toEqual(['0 runs 1', '5 outcome 1'])
  expect(runAll().at(-1)).toBe('timer')
})

test('a job may be started, and waited for, from the end of another', () => {
  const { executor, log, start } = opened()
  executor.start({ id: 1, bytes: 1000 }, () => {
    start({ id: 3, bytes: 1000 })
    executor.wait()
    log.push('the first has ended')
  })
  start({ id: 2, bytes: 1000 })
  executor.wait()
  // Both end at 2: the wait inside gets the second.
  expect(log).toEqual(['0 runs 1', '0 runs 2', '2 runs 3', '2 outcome 2', 'the first has ended'])
  executor.wait()
  expect(log.at(-1)).toBe('3 outcome 3')
})

test('clients and jobs slow each other down, and an answer takes its latency besides', () => {
  const { start, serve, runAll } = opened()
  start({ id: 1, bytes: 5000 })
  serve('write', 1000)
  expect(runAll()).toEqual(['0 runs 1', '2.5 answers write', '6 outcome 1'])
})

test('clients learn of answers after a call that blocks', () => {
  const { executor, log, start, serve, runAll } = opened()
  start({ id: 1, bytes: 5000 })
  serve('write', 1000)
  executor.wait()
  expect(log).toEqual(['0 runs 1', '6 outcome 1'])
  expect(runAll().at(-1)).toBe('6 answers write')
})

test('the limits of the database and of the plan both hold', () => {
  const half = opened({ limitBytesPerSecond: 500_000 })
  half.start({ id: 1, bytes: 5000 })
  expect(half.runAll().at(-1)).toBe('10 outcome 1')
  const plan = () => ({ shares: [1], bytesPerSecond: 250_000 })
  const quarter = opened({
    limitBytesPerSecond: 500_000,
    policy: { ...equal, name: 'quarter', plan },
  })
  quarter.start({ id: 1, bytes: 5000 })
  expect(quarter.runAll().at(-1)).toBe('20 outcome 1')
})

test('the policy sees the progress of jobs and the bandwidth of clients', () => {
  const views: SchedulingView[] = []
  const plan = (view: SchedulingView) => {
    views.push(view)
    return equal.plan(view)
  }
  const { clock, start, serve, runAll } = opened({ policy: { ...equal, name: 'watching', plan } })
  start({ id: 1, bytes: 30_000 })
  clock.after(5, () => serve('write', 4000))
  runAll()
  const seen = views.map(({ jobs, clientBytesPerSecond }) => [
    jobs.map(({ bytesLeft }) => Math.round(bytesLeft)),
    clientBytesPerSecond,
  ])
  // At 10 ms job 1 had the device for 5 ms alone and for 5 ms half of it.
  expect(seen.slice(0, 4)).toEqual([
    [[30_000], 0],
    [[22_500], 400_000],
    [[14_000], 0],
    [[4000], 0],
  ])
  expect(views[0]!.budgetBytesPerSecond).toBe(1e6)
})

test('work that fails ends the job with its error, not inside start', () => {
  const { start, log, runAll } = opened()
  start({ id: 1, bytes: 5000, fails: true })
  expect(log).toEqual(['0 runs 1'])
  expect(runAll()).toEqual(['0 runs 1', '0 disk full'])
})

test('a wrong plan ends all jobs with an error that names the policy', () => {
  const plan = () => ({ shares: [0], bytesPerSecond: null })
  const { start, runAll } = opened({ policy: { ...equal, name: 'idle', plan } })
  start({ id: 1, bytes: 5000 })
  expect(runAll()[0]).toContain('scheduling policy idle: plan')
})

test('after close nothing ends, and nothing keeps the clock going', () => {
  const { executor, clock, start, runAll } = opened()
  start({ id: 1, bytes: 5000 })
  executor.close()
  executor.close()
  expect(clock.nextNs).toBe(null)
  expect(runAll()).toEqual(['0 runs 1'])
})

/** Jobs and clients' operations at drawn times; the log, to the nanosecond. */
function drawnRun(seed: number): string {
  const random = createRandom(deriveSeed(seed, 'drawn run'))
  const { clock, start, serve, runAll } = opened({ policy: random.nextBelow(2) ? equal : smallest })
  for (let id = 1; id <= 20; id++) {
    const bytes = 1 + random.nextBelow(50_000)
    clock.after(random.nextDouble() * 200, () => start({ id, bytes }))
    const written = random.nextBelow(3000)
    clock.after(random.nextDouble() * 200, () => serve(`${id}`, written))
  }
  return runAll().join('\n')
}

test('equal seeds give equal times, and every job and answer comes once', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const log = drawnRun(seed)
    expect(drawnRun(seed)).toBe(log)
    const names = log.split('\n').map((line) => line.slice(line.indexOf(' ') + 1))
    expect(new Set(names).size, `seed ${seed}`).toBe(60)
    expect(names).toHaveLength(60)
  }
  expect(drawnRun(1)).not.toBe(drawnRun(2))
})
