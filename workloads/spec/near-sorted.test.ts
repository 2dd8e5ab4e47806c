import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JavaRandom } from '../java-random.ts'
import { nearSortedOrder } from './near-sorted.ts'

const RECORDS = 2000

/** The number of records out of order, and the largest distance of a record from its place. */
function disorder(order: Uint32Array): { readonly k: number; readonly l: number } {
  let k = 0
  let l = 0
  for (const [place, record] of order.entries()) {
    if (record !== place) k++
    l = Math.max(l, Math.abs(record - place))
  }
  return { k, l }
}

const make = (k: number, l: number, seed = 42, shape = { alpha: 1, beta: 1 }) =>
  nearSortedOrder(new JavaRandom(seed), RECORDS, { k, l, ...shape })

test.each([
  [0.1, 0.1],
  [0.01, 0.5],
  [0.5, 0.02],
  [1, 1],
])('K = %d and L = %d (as fractions of the records) are reached', (k, l) => {
  const found = disorder(make(k, l))
  expect(found.k).toBeGreaterThanOrEqual(0.95 * k * RECORDS)
  expect(found.k).toBeLessThanOrEqual(k * RECORDS)
  expect(found.l).toBeLessThanOrEqual(l * RECORDS)
  expect(found.l).toBeGreaterThanOrEqual(l < 1 ? l * RECORDS : 0.9 * RECORDS)
})

test('the order does not change if either bound is 0', () => {
  for (const order of [make(0, 0.5), make(0.5, 0)]) expect(disorder(order)).toEqual({ k: 0, l: 0 })
})

test('the displacement is beta-distributed within −L … L', () => {
  const distances = (alpha: number, beta: number) => {
    const order = make(0.2, 0.05, 42, { alpha, beta })
    return [...order].map((record, place) => Math.abs(record - place)).filter((far) => far > 0)
  }
  const mean = (all: readonly number[]) => all.reduce((sum, far) => sum + far, 0) / all.length
  // Uniform: half of L on average. A narrow beta around the middle: almost zero.
  expect(mean(distances(1, 1))).toBeCloseTo(50, -1)
  expect(mean(distances(50, 50))).toBeLessThan(15)
})

test('every order holds each record once and stays within K and L; the seed determines it', () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), unit, unit, fc.nat(), (records, k, l, seed) => {
      const spec = { k, l, alpha: 1, beta: 1 }
      const order = nearSortedOrder(new JavaRandom(seed), records, spec)
      expect([...order].toSorted((a, b) => a - b)).toEqual([...order.keys()])
      const found = disorder(order)
      expect(found.k).toBeLessThanOrEqual(k * records)
      expect(found.l).toBeLessThanOrEqual(l * records)
      expect(nearSortedOrder(new JavaRandom(seed), records, spec)).toEqual(order)
    }),
  )
})
