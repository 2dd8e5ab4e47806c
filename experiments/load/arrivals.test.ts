/** Schedules have the rate and shape they are named for, and times that never decrease. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Operation } from '../../workloads/index.ts'
import {
  type Arrivals,
  recorded,
  type Schedule,
  scheduled,
  sine,
  steady,
  steps,
} from './arrivals.ts'

const operation = new Operation()

function take(arrivals: Arrivals, count: number): number[] {
  return Array.from({ length: count }, () => arrivals.nextNs(operation) / 1e9)
}

const schedule = (change: Partial<Schedule>): Arrivals =>
  scheduled({
    ratePerSecond: 100,
    shape: steady,
    spacing: 'regular',
    clients: 1,
    seed: 1,
    ...change,
  })

test('a constant rate: equal gaps from the first moment on, however many clients share it', () => {
  const alone = take(schedule({}), 50)
  expect(alone[0]).toBe(0)
  expect(alone[49]).toBeCloseTo(0.49)
  const shared = take(schedule({ clients: 7 }), 50)
  for (const [n, seconds] of shared.entries()) expect(seconds).toBeCloseTo(alone[n]!)
})

test.each([1, 5])(
  'Poisson arrivals of %d clients: mean and deviation of gaps are 1 ÷ rate',
  (clients) => {
    const times = take(schedule({ spacing: 'exponential', clients }), 20_000)
    const gaps = times.slice(1).map((seconds, n) => seconds - times[n]!)
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    // Within 4 standard errors of 20,000 samples.
    expect(Math.abs(mean - 0.01)).toBeLessThan(0.01 * 0.03)
    expect(Math.abs(Math.sqrt(variance) - 0.01)).toBeLessThan(0.01 * 0.06)
  },
)

test('seeds decide exponential gaps, and nothing else', () => {
  const times = (seed: number) => take(schedule({ spacing: 'exponential', seed }), 10)
  expect(times(1)).toEqual(times(1))
  expect(times(1)).not.toEqual(times(2))
})

test('a sine: the arrivals up to t are the integral of its rate, and a period has its mean', () => {
  const [amplitude, period] = [0.8, 10]
  const shape = sine(amplitude, period)
  const arrivedBy = (t: number) =>
    t + ((amplitude * period) / (2 * Math.PI)) * (1 - Math.cos((2 * Math.PI * t) / period))
  for (let t = 0; t < 35; t += 0.37) expect(shape(arrivedBy(t))).toBeCloseTo(t, 6)
  const times = take(schedule({ shape }), 1000)
  const busy = times.filter((seconds) => seconds < 5).length
  // The first half period has 1 + 2 · amplitude ÷ π of the mean rate.
  expect(busy / 500).toBeCloseTo(1 + (2 * amplitude) / Math.PI, 1)
})

test('steps: each share of the rate in its turn, over and over', () => {
  const times = take(schedule({ shape: steps([1, 2, 3], 2) }), 1200)
  const counts = Array.from(
    { length: 6 },
    (_, step) => times.filter((seconds) => Math.floor(seconds / 2 + 1e-9) === step).length,
  )
  expect(counts).toEqual([100, 200, 300, 100, 200, 300])
})

test('a step without arrivals is skipped', () => {
  const times = take(schedule({ shape: steps([1, 0], 1) }), 400)
  expect(times.filter((seconds) => seconds % 2 > 1 + 1e-9)).toEqual([])
  expect(times.at(-1)).toBeCloseTo(3, 1)
})

test('whatever the schedule, times never fall', () => {
  const shapes = fc.oneof(
    fc.constant(steady),
    fc
      .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 50 }))
      .map(([amplitude, period]) => sine(amplitude, period)),
    fc
      .array(fc.nat(5), { minLength: 1, maxLength: 5 })
      .filter((shares) => shares.some((share) => share > 0))
      .map((shares) => steps(shares, 3)),
  )
  const schedules = fc.record({
    shape: shapes,
    spacing: fc.constantFrom('regular' as const, 'exponential' as const),
    clients: fc.integer({ min: 1, max: 9 }),
    ratePerSecond: fc.integer({ min: 1, max: 100_000 }),
    seed: fc.nat(),
  })
  fc.assert(
    fc.property(schedules, (given) => {
      const times = take(scheduled(given), 300)
      for (const [n, seconds] of times.entries()) {
        expect(seconds).toBeGreaterThanOrEqual(n === 0 ? 0 : times[n - 1]! - 1e-9)
      }
    }),
  )
})

test('recorded times count from the first operation; one that falls is held', () => {
  const arrivals = recorded()
  const times = [500, 700, 600, 900].map((arrivalNs) => {
    operation.arrivalNs = arrivalNs
    return arrivals.nextNs(operation)
  })
  expect(times).toEqual([0, 200, 200, 400])
})

test('operations that do not say when they arrived have no schedule', () => {
  operation.arrivalNs = -1
  expect(() => recorded().nextNs(operation)).toThrow('do not say when they arrived')
})
