import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeRate, ratiosForFixedEnds, ratiosForFixedTotal, totalOf } from './oneil.ts'

test('equal ratios beat unequal ones between the same ends', () => {
  const rate = (...ratios: number[]) => mergeRate(ratios, 1, 2)
  expect(rate(10, 10)).toBeLessThan(rate(5, 20))
  expect(rate(10, 10)).toBeLessThan(rate(20, 5))
  expect(rate(10, 10)).toBe(2 * 11 - 1 / 2)
  expect(ratiosForFixedEnds(100, 2).every((r) => Math.abs(r - 10) < 1e-9)).toBe(true)
})

test('Thm 3.1 is the least of all ratios with the same product', () => {
  const shares = fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), {
    minLength: 2,
    maxLength: 6,
  })
  fc.assert(
    fc.property(shares, fc.double({ min: 2, max: 1e6, noNaN: true }), (weights, total) => {
      const all = weights.reduce((sum, weight) => sum + weight, 0)
      const ratios = weights.map((weight) => total ** (weight / all))
      const best = mergeRate(ratiosForFixedEnds(total, ratios.length), 1, 1)
      expect(best).toBeLessThanOrEqual(mergeRate(ratios, 1, 1) * (1 + 1e-9))
    }),
  )
})

test('Thm 3.2: r_(K−1) = r_K + 1, r_(K−2) = r_(K−1) + 1/r_(K−1), and no small change of a ratio helps', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.double({ min: 500, max: 1e6, noNaN: true }),
      fc.double({ min: -0.1, max: 0.1, noNaN: true }),
      (components, total, change) => {
        const ratios = ratiosForFixedTotal(total, components)
        expect(totalOf(ratios) / total).toBeCloseTo(1, 9)
        expect(ratios.at(-2)! - ratios.at(-1)!).toBeCloseTo(1, 9)
        if (components > 2) {
          const [r, next] = ratios.slice(-3) as [number, number]
          expect(r).toBeCloseTo(next + 1 / next, 9)
        }
        // Change one ratio and make up for it in the last.
        for (let index = 0; index < components - 1; index++) {
          const moved = ratios.with(index, ratios[index]! * (1 + change))
          const upper = moved.slice(0, -1)
          const size = upper.reduce((product, ratio) => product * ratio, 1)
          const other = moved.with(-1, (total - totalOf(upper)) / size)
          if (other.at(-1)! <= 0) continue
          expect(mergeRate(ratios, 1, 1)).toBeLessThanOrEqual(mergeRate(other, 1, 1) * (1 + 1e-9))
        }
      },
    ),
  )
})
