import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { RateLimiter, type WritePriority } from './rate-limiter.ts'
import { overtaken } from './testing/overtaken.ts'

/** 100 tokens a period of 100 ms. */
const RATE = 1000
const REFILL = 100
const PERIOD_MS = 100

function start(startMs = 0) {
  const clock = new ManualClock(startMs)
  const limiter = RateLimiter.create(RATE, clock)
  return { clock, limiter }
}

/** Takes single bytes until one is refused. */
function drain(limiter: RateLimiter): number {
  let bytes = 0
  while (limiter.take(1, 'flush') === 0) bytes++
  return bytes
}

test('a request is granted while tokens are left; a large one is paid by later refills', () => {
  const { clock, limiter } = start()
  expect(limiter.take(60, 'flush')).toBe(0)
  expect(limiter.take(260, 'flush')).toBe(0) // 220 of debt
  clock.advance(30)
  expect(limiter.take(1, 'flush')).toBe(70)
  for (const debt of [120, 20]) {
    clock.advance(limiter.take(1, 'flush'))
    expect(limiter.take(1, 'flush'), `${debt} of debt`).toBe(PERIOD_MS)
  }
  clock.advance(PERIOD_MS)
  expect(drain(limiter)).toBe(80)
})

test('an idle limiter saves one refill, and no more', () => {
  const { clock, limiter } = start()
  expect(drain(limiter)).toBe(REFILL)
  clock.advance(60_000)
  expect(drain(limiter)).toBe(REFILL)
})

test('debt is paid by every period that passed, also if nobody asked meanwhile', () => {
  const { clock, limiter } = start()
  expect(limiter.take(450, 'compaction')).toBe(0)
  clock.advance(4 * PERIOD_MS)
  expect(drain(limiter)).toBe(50)
})

test('a flush that waits goes before compactions', () => {
  const { clock, limiter } = start()
  expect(limiter.take(REFILL, 'compaction')).toBe(0)
  expect(limiter.take(1, 'compaction')).toBe(PERIOD_MS)
  expect(limiter.take(30, 'flush')).toBe(PERIOD_MS)
  clock.advance(PERIOD_MS)
  expect(limiter.take(1, 'compaction')).toBe(PERIOD_MS)
  expect(limiter.take(30, 'flush')).toBe(0)
  expect(limiter.take(70, 'compaction')).toBe(0)
  expect(limiter.take(1, 'compaction')).toBe(PERIOD_MS)
})

test('a flush that never comes back holds compactions up for one period only', () => {
  const { clock, limiter } = start()
  drain(limiter) // the last byte of it was refused
  clock.advance(PERIOD_MS)
  expect(limiter.take(1, 'compaction')).toBe(PERIOD_MS)
  clock.advance(PERIOD_MS)
  expect(limiter.take(1, 'compaction')).toBe(0)
})

test('in one period of ten compactions go first', () => {
  const { clock, limiter } = start()
  const turns: WritePriority[] = []
  const order = ['flush', 'compaction'] as const
  drain(limiter)
  limiter.take(1, 'compaction')
  for (let period = 1; period <= 30; period++) {
    clock.advance(PERIOD_MS)
    // Both want a whole refill at any time, and it does not matter who asks first.
    for (const priority of period % 2 === 0 ? order : order.toReversed()) {
      while (limiter.take(REFILL, priority) === 0) turns.push(priority)
    }
  }
  const compactions = turns.flatMap((turn, index) => (turn === 'compaction' ? [index + 1] : []))
  expect(turns.length).toBe(30)
  expect(compactions).toEqual([9, 19, 29])
})

test('a new rate holds from the next refill on, in every thread', () => {
  const { clock, limiter } = start()
  const other = RateLimiter.over(structuredClone(limiter.share()), clock)
  other.bytesPerSecond = 5000
  expect(limiter.bytesPerSecond).toBe(5000)
  expect(drain(limiter)).toBe(REFILL)
  clock.advance(PERIOD_MS)
  expect(drain(limiter)).toBe(500)
  limiter.bytesPerSecond = 10
  clock.advance(PERIOD_MS)
  expect(drain(other)).toBe(1)
})

test('the main thread is told how long to wait, and never blocks', () => {
  const { limiter } = start()
  drain(limiter)
  expect(limiter.take(1, 'flush')).toBe(PERIOD_MS)
  expect(() => limiter.acquire(1, 'flush')).toThrow('the main thread never waits')
})

test.each([0, 9, 10.5, Number.NaN, Infinity])('%d bytes per second are refused', (rate) => {
  const refusal = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
  expect(() => RateLimiter.create(rate, new ManualClock())).toThrow(refusal)
})

test('a clock that is set back by an hour does not stop the refills', () => {
  const { clock, limiter } = start(7_200_000)
  drain(limiter)
  clock.advance(50 * PERIOD_MS)
  expect(limiter.take(REFILL, 'compaction')).toBe(0)
  expect(limiter.take(1, 'flush')).toBeGreaterThan(0)
  clock.advance(-3_600_000)
  for (let period = 0; period < 5; period++) {
    expect(limiter.take(REFILL, 'compaction')).toBe(0)
    clock.advance(PERIOD_MS)
  }
})

test('a clock that another thread read a little earlier refills nothing twice', () => {
  const { clock, limiter } = start()
  drain(limiter)
  clock.advance(PERIOD_MS)
  expect(drain(limiter)).toBe(REFILL)
  clock.advance(-1)
  expect(drain(limiter)).toBe(0)
  clock.advance(1)
  expect(drain(limiter)).toBe(0)
})

test('grants never exceed the rate, and reach it while somebody always asks', () => {
  const asks = fc.array(
    fc.record({
      bytes: fc.integer({ min: 1, max: 300 }),
      priority: fc.constantFrom<WritePriority>('flush', 'compaction'),
      pauseMs: fc.nat({ max: 250 }),
    }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(asks, fc.boolean(), (steps, isAlwaysAsked) => {
      const { clock, limiter } = start()
      let granted = 0
      for (const { bytes, priority, pauseMs } of steps) {
        let waitMs = limiter.take(bytes, priority)
        while (waitMs > 0) {
          clock.advance(waitMs)
          waitMs = limiter.take(bytes, priority)
        }
        granted += bytes
        const refills = Math.floor(clock.nowMs() / PERIOD_MS)
        expect(granted - bytes).toBeLessThan((refills + 1) * REFILL)
        if (isAlwaysAsked) expect(granted).toBeGreaterThan(refills * REFILL)
        else clock.advance(pauseMs)
      }
    }),
  )
})

describe('two threads that ask at the same time', () => {
  /**
   * `taken` tokens are taken, time passes, then two requests ask, and one overtakes the other at
   * its atomic operation number `at`.
   */
  function race(taken: number, passedMs: number, at: number) {
    const { clock, limiter } = start()
    limiter.take(taken, 'flush')
    clock.advance(passedMs)
    const other = RateLimiter.over(limiter.share(), clock)
    let granted = 0
    const ask = (who: RateLimiter) => {
      if (who.take(30, 'flush') === 0) granted += 30
    }
    const isInside = overtaken(
      at,
      () => ask(other),
      () => ask(limiter),
    )
    return { isInside, tokens: granted + drain(limiter) }
  }

  test.each([
    { state: 'in debt', taken: 120, passedMs: PERIOD_MS, allowed: [80] },
    { state: 'in debt for two periods', taken: 120, passedMs: 2 * PERIOD_MS, allowed: [100] },
    // A request before the refill uses the ten tokens that would otherwise spill.
    { state: 'nearly empty', taken: 90, passedMs: PERIOD_MS, allowed: [100, 110] },
  ])('take no token twice and lose none: bucket $state', ({ taken, passedMs, allowed }) => {
    let moments = 0
    for (let isInside = true; isInside; moments++) {
      const result = race(taken, passedMs, moments)
      expect(allowed, `overtaken at ${moments}`).toContain(result.tokens)
      isInside = result.isInside
    }
    expect(moments).toBeGreaterThan(6)
  })
})
