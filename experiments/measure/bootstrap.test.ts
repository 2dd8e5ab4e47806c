/**
 * Checks the coverage of the interval: over many samples of a distribution with a known mean, it
 * must contain that mean as often as its level says. Every draw is seeded, so the counts are exact.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom, deriveSeed, type Random } from '../../engine/base/random.ts'
import { bootstrapMean, meanOf } from './bootstrap.ts'
import { normalQuantile } from './quantiles.ts'

const EXPERIMENTS = 400
const RESAMPLES = 400

function coverage(samples: number, level: number, draw: (random: Random) => number): number {
  let covered = 0
  for (let seed = 1; seed <= EXPERIMENTS; seed++) {
    const random = createRandom(deriveSeed(seed, 'samples'))
    const differences = Array.from({ length: samples }, () => draw(random))
    const { low, high } = bootstrapMean(differences, { seed, level, resamples: RESAMPLES })
    if (low <= 0 && high >= 0) covered++
  }
  return covered / EXPERIMENTS
}

const normal = (random: Random) => normalQuantile(random.nextDouble() * (1 - 2e-9) + 1e-9)
const uniform = (random: Random) => random.nextDouble() - 0.5
/** Mean 0, skewness 2. */
const exponential = (random: Random) => -Math.log(1 - random.nextDouble()) - 1

describe('coverage', () => {
  test.each([
    ['normal', 10, 0.95, normal, 0.92, 0.975],
    ['normal', 10, 0.8, normal, 0.75, 0.85],
    ['normal', 30, 0.95, normal, 0.92, 0.975],
    ['uniform', 10, 0.95, uniform, 0.925, 0.975],
    // A skewed distribution needs more than ten samples; the shortfall is known and bounded.
    ['exponential', 10, 0.95, exponential, 0.87, 0.96],
    ['exponential', 40, 0.95, exponential, 0.91, 0.97],
  ] as const)('%s, %d samples, level %d', (_law, samples, level, draw, least, most) => {
    const share = coverage(samples, level, draw)
    expect(share).toBeGreaterThanOrEqual(least)
    expect(share).toBeLessThanOrEqual(most)
  })
})

test('of a law with a long right tail it reaches further to the right', () => {
  const reaches = Array.from({ length: 50 }, (_, seed) => {
    const random = createRandom(deriveSeed(seed, 'skew'))
    const values = Array.from({ length: 20 }, () => exponential(random))
    const { mean, low, high } = bootstrapMean(values, { seed, level: 0.95, resamples: 400 })
    return (high - mean) / (mean - low)
  })
  // The skewness makes it about a third longer on one side; a normal's is symmetric.
  expect(meanOf(reaches)).toBeGreaterThan(1.3)
})

const differences = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
  minLength: 2,
  maxLength: 20,
})
const options = { seed: 7, level: 0.95, resamples: 200 }

test('it holds the mean, and repeats for equal seeds', () => {
  fc.assert(
    fc.property(differences, (values) => {
      const { mean, low, high } = bootstrapMean(values, options)
      const slack = 1e-9 * Math.max(1, ...values.map(Math.abs))
      expect(low).toBeLessThanOrEqual(high)
      expect(low).toBeGreaterThanOrEqual(Math.min(...values) - slack)
      expect(high).toBeLessThanOrEqual(Math.max(...values) + slack)
      expect(bootstrapMean(values, options)).toEqual({ mean, low, high })
    }),
  )
})

test('it moves with a shift, stretches with a unit, and turns with the sign', () => {
  const near = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-6)
  // Small whole numbers: equal means stay equal when they are shifted or scaled.
  const whole = fc.array(fc.integer({ min: -64, max: 64 }), { minLength: 4, maxLength: 16 })
  fc.assert(
    fc.property(whole, (values) => {
      const plain = bootstrapMean(values, options)
      const shifted = bootstrapMean(
        values.map((v) => v + 32),
        options,
      )
      const stretched = bootstrapMean(
        values.map((v) => v * 4),
        options,
      )
      const turned = bootstrapMean(
        values.map((v) => -v),
        options,
      )
      near(shifted.low, plain.low + 32)
      near(shifted.high, plain.high + 32)
      near(stretched.low, plain.low * 4)
      near(stretched.high, plain.high * 4)
      near(turned.low, -plain.high)
      near(turned.high, -plain.low)
    }),
  )
})

test('differences that are all the same need no resampling', () => {
  expect(bootstrapMean([2, 2, 2], options)).toEqual({ mean: 2, low: 2, high: 2 })
})
