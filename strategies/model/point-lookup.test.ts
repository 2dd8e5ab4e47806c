import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { divideIdeal, LN2_SQUARED } from './false-positives.ts'
import {
  asKLsm,
  type FluidPoint,
  lazyLeveling,
  leveling,
  ratiosOf,
  runLimits,
  sum,
  tiering,
} from './fluid-point.ts'
import { fullTreeRuns } from './levels.ts'
import {
  endureRates,
  existingInDeepestLevel,
  existingInOldestRun,
  existingOf,
  filterThresholdBits,
  optimalRates,
  zeroResultBelowThreshold,
  zeroResultOf,
  zeroResultOptimal,
  zeroResultUniform,
} from './point-lookup.ts'

const points = fc.integer({ min: 2, max: 30 }).chain((T) =>
  fc.record({
    T: fc.constant(T),
    K: fc.integer({ min: 1, max: T - 1 }),
    Z: fc.integer({ min: 1, max: T - 1 }),
  }),
)

const limits = (point: FluidPoint, levels: number) => runLimits(asKLsm(point), levels)
const treeOf = (point: FluidPoint, levels: number, entries = 1e9) =>
  fullTreeRuns(ratiosOf(asKLsm(point), levels), limits(point, levels), entries)

/** R of the best division, by water-filling. */
function bestR(point: FluidPoint, levels: number, bits: number): number {
  const tree = treeOf(point, levels)
  return zeroResultOf(tree, divideIdeal(tree, bits * 1e9))
}

describe('filters', () => {
  test.each([
    // Uniform ÷ best at 10 bits.
    [leveling(2), 10, 2.52],
    [leveling(10), 3, 2.11],
    [lazyLeveling(10), 3, 10.7],
  ] as const)('%o of %i levels gains %f from the best division', (point, levels, ratio) => {
    const gain = zeroResultUniform(point, levels, 10) / bestR(point, levels, 10)
    expect(Math.abs(gain / ratio - 1)).toBeLessThan(0.005)
  })

  test('Eq 10 is above the best division of a finite tree, by about L·ln T·T^−L', () => {
    const excess = (point: FluidPoint, levels: number) =>
      zeroResultOptimal(point, 10) / bestR(point, levels, 10) - 1
    for (const point of [leveling(10), lazyLeveling(10), tiering(10)]) {
      expect(excess(point, 3)).toBeLessThan(0.011)
      expect(excess(point, 5)).toBeLessThan(0.0002)
    }
    expect(excess(leveling(4), 4)).toBeCloseTo(0.026, 3)
    expect(excess(leveling(2), 10)).toBeCloseTo(0.0078, 4)
  })

  test('Eq 9 sums to R and uses the bits it was given', () => {
    fc.assert(
      fc.property(points, fc.double({ min: 3, max: 20, noNaN: true }), (point, bits) => {
        const levels = 40
        const R = zeroResultOptimal(point, bits)
        const rates = optimalRates(point, levels, R)
        const tree = treeOf(point, levels)
        expect(zeroResultOf(tree, rates) / R).toBeCloseTo(1, 9)
        const used = tree.map(
          ({ runs, entries }, i) => (-runs * entries * Math.log(rates[i]!)) / LN2_SQUARED,
        )
        expect(sum(used) / 1e9).toBeCloseTo(bits, 6)
      }),
    )
  })

  test('Endure divides as for leveling: the best where K = Z, far from it for lazy', () => {
    const R = (point: FluidPoint) => zeroResultOf(treeOf(point, 6), endureRates(point.T, 6, 10))
    expect(R(leveling(10)) / bestR(leveling(10), 6, 10)).toBeCloseTo(1, 3)
    expect(R(tiering(10)) / bestR(tiering(10), 6, 10)).toBeCloseTo(1, 3)
    expect(R(lazyLeveling(10)) / bestR(lazyLeveling(10), 6, 10)).toBeGreaterThan(1.4)
  })

  test('thresholds in bits per entry', () => {
    expect(filterThresholdBits(leveling(2))).toBeCloseTo(1 / Math.LN2, 12)
    expect(filterThresholdBits(leveling(10))).toBeCloseTo(0.533, 3)
    const lazy = Array.from({ length: 60 }, (_, index) =>
      filterThresholdBits(lazyLeveling(index + 2)),
    )
    expect(Math.max(...lazy)).toBeCloseTo(1.62, 2)
    expect(lazy.indexOf(Math.max(...lazy)) + 2).toBe(3)
  })

  test('at the threshold the deepest level passes everything, in Eq 9 and in the best division', () => {
    for (const point of [leveling(4), lazyLeveling(10), { T: 9, K: 4, Z: 2 }]) {
      const bits = filterThresholdBits(point)
      expect(optimalRates(point, 9, zeroResultOptimal(point, bits)).at(-1)).toBeCloseTo(1, 9)
      const tree = treeOf(point, 9)
      expect(divideIdeal(tree, bits * 0.999 * 1e9).at(-1)).toBe(1)
      expect(divideIdeal(tree, bits * 1.001 * 1e9).at(-1)).toBeLessThan(1)
    }
  })

  test('below it, rounding up the unfiltered levels is near the best; down may promise too much', () => {
    for (const bits of [0.05, 0.1, 0.2, 0.4]) {
      const best = bestR(leveling(10), 5, bits)
      const up = zeroResultBelowThreshold(leveling(10), bits, Math.ceil)
      expect(up / best).toBeGreaterThan(1)
      expect(up / best).toBeLessThan(1.0007)
    }
    const down = zeroResultBelowThreshold(leveling(10), 0.1, Math.floor)
    expect(down / bestR(leveling(10), 5, 0.1)).toBeLessThan(0.8)
    const above = zeroResultBelowThreshold(leveling(10), 0.6, Math.ceil)
    expect(above).toBe(zeroResultOptimal(leveling(10), 0.6))
  })

  test('an existing key is read once, and in the oldest run all others may mislead', () => {
    const tree = treeOf(lazyLeveling(4), 4)
    const rates = divideIdeal(tree, 10e9)
    const R = zeroResultOf(tree, rates)
    const p = rates.at(-1)!
    expect(existingInOldestRun(R, p)).toBe(1 + R - p)
    expect(existingInDeepestLevel(R, p, 1)).toBe(existingInOldestRun(R, p))
    // Some entries lie in newer runs, so the mean over all of them is below.
    expect(existingOf(tree, rates)).toBeLessThan(1 + R - p)
    expect(existingOf(tree, rates)).toBeGreaterThan(1 + (3 / 4) * (R - p))
    const tiers = treeOf(tiering(4), 1)
    expect(existingOf(tiers, [p])).toBeCloseTo(existingInDeepestLevel(3 * p, p, 3), 12)
  })
})
