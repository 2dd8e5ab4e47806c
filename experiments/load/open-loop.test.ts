/**
 * A run on a clock that only service and waiting move, so that every time is exact: what an open
 * loop counts as latency, when it is overloaded, and which causes it names for delays.
 */

import fc from 'fast-check'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import type { ProcessWatch } from '../machine/process-watch.ts'
import { CountedBooks } from '../run/counted-books.ts'
import { type RunLoad, Runner } from '../run/runner.ts'
import { puts, type TimedTargetOptions, timedTarget } from '../run/testing/timed-target.ts'
import { recorded, scheduled, steady } from './arrivals.ts'
import { closedLoop, openLoop, type Pacing } from './pacing.ts'
import { ManualTimer } from './testing/manual-timer.ts'

interface Case extends Partial<Omit<TimedTargetOptions, 'timer'>> {
  readonly operations: number
  pacing?(timer: ManualTimer): Pacing
  arrivalNs?(put: number): number
  watch?(timer: ManualTimer): ProcessWatch
}

const US = 1000
const SECOND = 1e9

async function measure({ operations, pacing, arrivalNs, watch, ...target }: Case) {
  const timer = new ManualTimer()
  const load: RunLoad | null =
    pacing === undefined
      ? null
      : { kind: 'constant', clients: 1, sustainablePerSecond: null, pacing: pacing(timer) }
  const runner = new Runner({
    open: (_clock, onEvent, onJobStart) => {
      const timed = timedTarget({ serviceNs: () => 0, ...target, timer, onEvent, onJobStart })
      return { target: timed, books: new CountedBooks(timed) }
    },
    workload: {
      load: puts(0),
      phases: [{ name: 'run', stream: puts(operations, arrivalNs) }],
      properties: {},
    },
    records: 0,
    operations,
    timer,
    load,
    ...(watch !== undefined && { watch: watch(timer) }),
    signal: new AbortController().signal,
    onProgress() {},
  })
  const { timed } = await runner.run()
  return { timed, timer }
}

const regular = (ratePerSecond: number) => (timer: ManualTimer) =>
  openLoop(
    scheduled({ ratePerSecond, shape: steady, spacing: 'regular', clients: 1, seed: 1 }),
    timer,
  )

const exponential =
  (ratePerSecond: number, seed: number, clients = 1) =>
  (timer: ManualTimer) =>
    openLoop(
      scheduled({ ratePerSecond, shape: steady, spacing: 'exponential', clients, seed }),
      timer,
    )

/** The latency of each arrival at a single server, by Lindley's recursion; nanoseconds. */
function lindley(arrivalsNs: readonly number[], serviceNs: (n: number) => number): number[] {
  let freeNs = 0
  return arrivalsNs.map((arrivalNs, n) => {
    freeNs = Math.max(freeNs, arrivalNs) + serviceNs(n)
    return freeNs - arrivalNs
  })
}

test('latency counts from the intended start: one stall delays all that queue behind it', async () => {
  // 1 ms apart, 100 µs each, but the first takes 3.5 ms: the next three start late.
  const { timed } = await measure({
    operations: 6,
    pacing: regular(1000),
    serviceNs: (put) => (put === 0 ? 3500 : 100) * US,
  })
  const service = timed.latencyByKind.insert!
  const intended = timed.intendedLatencyByKind!.insert!
  expect(service.maxUs).toBeCloseTo(3500, -1)
  expect(service.p50Us).toBeCloseTo(100, 0)
  // 3.5, then 3.6 − 1, 3.7 − 2, 3.8 − 3, and no more.
  expect(intended.meanUs).toBeCloseTo((3500 + 2600 + 1700 + 800 + 100 + 100) / 6, -1)
  expect(timed.arrivals!.lagMaxSeconds).toBeCloseTo(0.0025)
  expect(timed.arrivals!.lagAtEndSeconds).toBe(0)
  expect(timed.arrival).toBe('open')
})

test('any arrivals and service times: latencies are those of a single-server queue', async () => {
  const gap = fc.integer({ min: 0, max: 5000 })
  const service = fc.integer({ min: 1, max: 4000 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(gap, service), { minLength: 1, maxLength: 200, size: 'max' }),
      async (steps) => {
        let atNs = 0
        const arrivals = steps.map(([gapUs]) => (atNs += gapUs * US))
        const serviceNs = (n: number) => steps[n]![1] * US
        const { timed } = await measure({
          operations: steps.length,
          pacing: (timer) => openLoop(recorded(), timer),
          arrivalNs: (n) => arrivals[n]!,
          serviceNs,
        })
        const first = arrivals[0]!
        const expected = lindley(
          arrivals.map((ns) => ns - first),
          serviceNs,
        )
        expect(timed.arrivals!.lagMaxSeconds).toBeCloseTo(
          Math.max(...expected.map((ns, n) => ns - serviceNs(n))) / SECOND,
        )
        if (timed.arrivals!.overloaded) return
        const latency = timed.intendedLatencyByKind!.insert!
        const mean = expected.reduce((sum, ns) => sum + ns, 0) / expected.length
        expect(latency.count).toBe(steps.length)
        expect(Math.abs(latency.meanUs * US - mean)).toBeLessThanOrEqual(mean / 1000 + 1)
        expect(timed.slowest[0]!.intendedUs! * US).toBe(Math.max(...expected))
      },
    ),
    { numRuns: 50 },
  )
})

test.each([{ spacing: 'regular' }, { spacing: 'exponential' }] as const)(
  'twice the sustainable rate is overloaded and leaves no latency; four fifths are not ($spacing)',
  async ({ spacing }) => {
    const offered = (share: number, seed: number) => {
      const rate = (share * SECOND) / (50 * US)
      return spacing === 'regular' ? regular(rate) : exponential(rate, seed)
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        // 20 to 80 µs, and a merge of 5 ms each 500 puts: 60 µs on the whole.
        const serviceNs = (put: number) => (20 + ((put * 7919 + seed) % 61)) * US
        const mergeNs = (put: number) => (put % 500 === 499 ? 5000 * US : 0)
        const run = { operations: 8000, serviceNs, mergeNs }
        const twice = await measure({ ...run, pacing: offered((2 * 50) / 60, seed) })
        expect(twice.timed.arrivals).toMatchObject({ overloaded: true })
        expect(twice.timed.latencyByKind).toEqual({})
        expect(twice.timed.intendedLatencyByKind).toBeNull()
        const below = await measure({ ...run, pacing: offered((0.8 * 50) / 60, seed) })
        expect(below.timed.arrivals).toMatchObject({ overloaded: false })
        expect(below.timed.intendedLatencyByKind!.insert!.count).toBe(8000)
      }),
      { numRuns: 8 },
    )
  },
)

test('a rate just above the sustainable one is overloaded too, a single long stall is not', async () => {
  const serviceNs = () => 100 * US
  const above = await measure({ operations: 20_000, serviceNs, pacing: regular(10_300) })
  expect(above.timed.arrivals!.overloaded).toBe(true)
  for (const [at, ms] of [
    [12_000, 300],
    [16_000, 50],
  ] as const) {
    const { timed } = await measure({
      operations: 20_000,
      serviceNs,
      pacing: regular(7000),
      mergeNs: (put) => (put === at ? ms * 1000 * US : 0),
    })
    expect(timed.arrivals!.overloaded).toBe(false)
    expect(timed.arrivals!.lagMaxSeconds).toBeCloseTo(ms / 1000)
  }
})

test('the offered rate is the schedule’s, the achieved one the target’s', async () => {
  const { timed } = await measure({
    operations: 10_001,
    pacing: regular(2000),
    serviceNs: () => 1000 * US,
  })
  expect(timed.arrivals!.offeredPerSecond).toBeCloseTo(2000)
  expect(timed.arrivals!.achievedPerSecond).toBeCloseTo(1000)
})

test('a far start is slept for, a near one spun for, and neither is late', async () => {
  const slow = await measure({ operations: 50, pacing: regular(100), serviceNs: () => 10 * US })
  expect(slow.timer.sleeps).toBeGreaterThanOrEqual(49)
  expect(slow.timed.arrivals!.lagMaxSeconds).toBe(0)
  const fast = await measure({ operations: 50, pacing: regular(1000), serviceNs: () => 10 * US })
  expect(fast.timer.sleeps).toBe(0)
  expect(fast.timed.arrivals!.lagMaxSeconds).toBe(0)
})

test('clients of a closed loop take turns: each waits for all the others', async () => {
  const { timed } = await measure({
    operations: 1000,
    serviceNs: () => 100 * US,
    pacing: (timer) => closedLoop(4, timer),
  })
  expect(timed.arrival).toBe('closed')
  expect(timed.arrivals).toMatchObject({ overloaded: false, offeredPerSecond: null })
  expect(timed.latencyByKind.insert!.p50Us).toBeCloseTo(100, 0)
  expect(timed.intendedLatencyByKind!.insert!.p50Us).toBeCloseTo(400, 0)
})

test('one client in a closed loop has service times only', async () => {
  const { timed } = await measure({ operations: 100, serviceNs: () => 100 * US })
  expect(timed).toMatchObject({ arrival: 'closed', arrivals: null, intendedLatencyByKind: null })
  expect(timed.slowest.every(({ intendedUs }) => intendedUs === null)).toBe(true)
})

test('histograms survive as base64: decoded, they give the percentiles again', async () => {
  const { timed } = await measure({
    operations: 1000,
    pacing: exponential(5000, 3, 7),
    serviceNs: (put) => (100 + (put % 100)) * US,
  })
  for (const figures of [timed.latencyByKind.insert!, timed.intendedLatencyByKind!.insert!]) {
    const histogram = decodeFromCompressedBase64(figures.histogramBase64)
    expect(histogram.totalCount).toBe(figures.count)
    expect(histogram.getValueAtPercentile(99) / US).toBe(figures.p99Us)
  }
})

test('the slowest are laid to what overlapped them: a merge, a collection, the queue', async () => {
  const collections = (timer: ManualTimer): ProcessWatch => {
    let told = false
    return {
      takeCollections() {
        if (told || timer.nowNs < 60_000 * US) return []
        told = true
        return [{ startNs: 50_050 * US, endNs: 50_450 * US }]
      },
    }
  }
  const { timed } = await measure({
    operations: 100,
    pacing: regular(1000),
    watch: collections,
    // The put due at 20 ms merges for 10 ms; the one due at 50 ms meets a collection.
    serviceNs: (put) => (put === 50 ? 500 : 100) * US,
    mergeNs: (put) => (put === 20 ? 10_000 * US : 0),
  })
  const [stall, collected] = timed.slowest
  // All that queue behind the merge are one busy period; only its slowest is listed.
  expect(stall).toMatchObject({ kind: 'insert', atOperation: 20, intendedUs: 10_100 })
  expect(stall!.overlaps).toEqual([{ cause: 'merge', event: 0, us: 10_000 }])
  expect(collected).toMatchObject({ atOperation: 50, serviceUs: 500 })
  expect(collected!.overlaps).toEqual([{ cause: 'gc', event: null, us: 400 }])
  expect(timed.gcSeconds).toBeCloseTo(400e-6)
  expect(timed.events).toEqual([{ startSeconds: 20_100e-6, wallSeconds: 0.01 }])
  const total = (figure: 'stallSeconds' | 'stalledOperations' | 'gcSeconds') =>
    timed.series.reduce((sum, point) => sum + point[figure]!, 0)
  expect(total('stallSeconds')).toBeCloseTo(0.01)
  expect(total('stalledOperations')).toBe(1)
  expect(total('gcSeconds')).toBeCloseTo(400e-6)
})

test('an operation that only waited is laid to the queue and to what the queue waited for', async () => {
  const { timed } = await measure({
    operations: 10,
    pacing: regular(1000),
    // The second is the slowest of its busy period: its own 5 ms after a merge of 8.5 ms.
    serviceNs: (put) => ([1500, 5000][put] ?? 100) * US,
    mergeNs: (put) => (put === 0 ? 8500 * US : 0),
  })
  const [slowest] = timed.slowest
  expect(slowest).toMatchObject({ atOperation: 1, serviceUs: 5000, intendedUs: 14_000 })
  expect(slowest!.overlaps).toEqual([
    { cause: 'queue', event: null, us: 9000 },
    { cause: 'merge', event: 0, us: 8500 },
  ])
})

test('waiting is not a cost of the harness', async () => {
  const { timed } = await measure({
    operations: 2000,
    pacing: regular(1000),
    serviceNs: () => 10 * US,
  })
  expect(timed.overhead).toEqual({ perOperationNs: 0, payloadPerOperationNs: 0 })
})
