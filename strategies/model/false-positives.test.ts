import fc from 'fast-check'
import { expect, test } from 'vitest'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { monkey } from '../filters/monkey.ts'
import { divideAlong, divideIdeal, hullOf, idealCurve, LN2_SQUARED } from './false-positives.ts'
import { asKLsm, lazyLeveling, leveling, ratiosOf, runLimits, sum, tiering } from './fluid-point.ts'
import { fullTreeRuns, type LevelRuns } from './levels.ts'
import { zeroResultOf } from './point-lookup.ts'

const trees = fc.array(
  fc.record({
    runs: fc.integer({ min: 1, max: 9 }),
    entries: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  { minLength: 1, maxLength: 12, size: 'max' },
)
const budgets = fc.double({ min: 0, max: 20, noNaN: true })
const bitsOf = (tree: readonly LevelRuns[], rates: readonly number[]) =>
  sum(tree.map(({ runs, entries }, i) => (-runs * entries * Math.log(rates[i]!)) / LN2_SQUARED))

test('spends exactly the budget, and no exchange between two levels helps', () => {
  fc.assert(
    fc.property(trees, budgets, (tree, mean) => {
      const entries = sum(tree.map((level) => level.runs * level.entries))
      const rates = divideIdeal(tree, mean * entries)
      expect(Math.abs(bitsOf(tree, rates) / entries - mean)).toBeLessThan(1e-6)
      for (const rate of rates) expect(rate).toBeLessThanOrEqual(1)
      // Marginal gain of a bit, p/entries, is equal where there are filters, less where none.
      const gains = tree.map((level, index) => rates[index]! / level.entries)
      const most = Math.max(...gains)
      for (const [index, gain] of gains.entries()) {
        if (rates[index]! < 1 - 1e-9) expect(gain / most).toBeCloseTo(1, 6)
      }
    }),
  )
})

test('along the hull of the ideal curve it is the same, to the samples of the hull', () => {
  const hull = hullOf(idealCurve)
  fc.assert(
    fc.property(trees, budgets, (tree, mean) => {
      const entries = sum(tree.map((level) => level.runs * level.entries))
      const exact = zeroResultOf(tree, divideIdeal(tree, mean * entries))
      const sampled = zeroResultOf(tree, divideAlong(hull, tree, mean * entries))
      expect(sampled / exact).toBeGreaterThan(1 - 1e-9)
      expect(sampled / exact).toBeLessThan(1.001)
    }),
    { numRuns: 40 },
  )
})

test("under the engine's own curve it agrees with what the strategies do", () => {
  const hull = hullOf(falsePositiveRate)
  for (const point of [leveling(4), lazyLeveling(4), tiering(3)]) {
    const shape = asKLsm(point)
    const tree = fullTreeRuns(ratiosOf(shape, 4), runLimits(shape, 4), 1e6)
    const runs = tree.flatMap((level) => Array.from({ length: level.runs }, () => level.entries))
    for (const bits of [1, 5, 10]) {
      const strategies = sum(monkey(runs, bits, falsePositiveRate).map(falsePositiveRate))
      const model = zeroResultOf(tree, divideAlong(hull, tree, bits * 1e6))
      expect(Math.abs(strategies / model - 1)).toBeLessThan(0.01)
    }
  }
})
