import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dominates, paretoFront } from './pareto.ts'

const points = fc.array(fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6)), { minLength: 1, maxLength: 30 })

test('a point is beaten by one that is never worse and at least once better', () => {
  expect(dominates([1, 2], [1, 3])).toBe(true)
  expect(dominates([1, 2], [1, 2])).toBe(false)
  expect(dominates([1, 4], [2, 3])).toBe(false)
})

test('no point of the front is beaten, and every other is beaten by one of the front', () => {
  fc.assert(
    fc.property(points, (all) => {
      const front = paretoFront(all, (point) => point)
      for (const point of front) expect(all.some((other) => dominates(other, point))).toBe(false)
      const beaten = all.filter((point) => !front.includes(point))
      for (const point of beaten) {
        expect(front.some((other) => dominates(other, point))).toBe(true)
      }
    }),
  )
})
