import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JavaRandom } from '../java-random.ts'
import { Permutation } from './permutation.ts'

const all = (places: Permutation, items: number) =>
  Array.from({ length: items }, (_, index) => places.at(index))

test('contains each item once, for any number of items and any seed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.maxSafeInteger(), (items, seed) => {
      const places = new Permutation(new JavaRandom(seed), items)
      expect(all(places, items).toSorted((a, b) => a - b)).toEqual([...Array(items).keys()])
    }),
  )
})

test('stays within its range for more items than an array can hold', () => {
  const items = 2 ** 50
  const places = new Permutation(new JavaRandom(42), items)
  const some = all(places, 1000)
  expect(new Set(some).size).toBe(1000)
  expect(Math.max(...some)).toBeLessThan(items)
  expect(Math.max(...some)).toBeGreaterThan(0.9 * items)
})

test('scatters neighbours: both halves mix', () => {
  const places = new Permutation(new JavaRandom(42), 10_000)
  const low = all(places, 5000).filter((place) => place < 5000).length
  // Hypergeometric: 2500 ± 25.
  expect(Math.abs(low - 2500)).toBeLessThan(125)
})
