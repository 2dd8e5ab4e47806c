/** P-values that can be counted by hand, and the share of small ones where nothing differs. */
import { expect, test } from 'vitest'
import { createRandom, deriveSeed } from '../../engine/base/random.ts'
import { differencesNeeded, holmAdjusted, signFlipP } from './significance.ts'

test.each([
  // Of the 4 choices that matter only +1 +2 +3 reaches 6.
  [[1, 2, 3], 1 / 4],
  // The sums are 5, 3, 3 and 1; the observed one is 3.
  [[3, 1, -1], 3 / 4],
  [[1, 2, -3], 1],
  [[0, 0, 0, 0], 1],
  [[-0.1, -0.2, -0.3], 1 / 4],
  // 0.1 + 0.2 − 0.3 is not 0 in floating point, and the four sums tie in pairs all the same.
  [[0.1, 0.2, 0.3, -0.3], 6 / 8],
  [Array.from({ length: 10 }, (_, at) => at + 1), 1 / 512],
])('the p-value of %j is %d', (differences, p) => {
  expect(signFlipP(differences, 42)).toBe(p)
})

test('above twenty differences the choices are drawn, close to the exact share', () => {
  const ones = (count: number, negative: number) =>
    Array.from({ length: count }, (_, at) => (at < negative ? -1 : 1))
  // Twice the probability of at most 6 of 24 heads, and of at most 10 of 40.
  expect(Math.abs(signFlipP(ones(24, 6), 42) - 0.022_656)).toBeLessThan(0.002)
  expect(Math.abs(signFlipP(ones(40, 10), 42) - 0.002_222)).toBeLessThan(0.0006)
  expect(signFlipP(ones(40, 0), 42)).toBe(1 / 100_001)
  expect(signFlipP(ones(24, 6), 42)).toBe(signFlipP(ones(24, 6), 42))
})

test('where nothing differs, a p-value of at most 5 % is as rare as that', () => {
  const random = createRandom(deriveSeed(7, 'null'))
  let small = 0
  for (let sample = 0; sample < 2_000; sample++) {
    // Heavy tails: the quotient of two uniform numbers.
    const differences = Array.from(
      { length: 12 },
      () => (random.nextDouble() - 0.5) / (random.nextDouble() + 1e-3),
    )
    if (signFlipP(differences, sample) <= 0.05) small++
  }
  expect(small / 2_000).toBeGreaterThan(0.035)
  expect(small / 2_000).toBeLessThan(0.06)
})

test('Holm’s steps, by hand', () => {
  // 4 · 0.005, 3 · 0.01, 2 · 0.03; then 1 · 0.04, which may not be below the step before.
  expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
  expect(holmAdjusted([0.02])).toEqual([0.02])
  expect(holmAdjusted([0.7, 0.8])).toEqual([1, 1])
  expect(holmAdjusted([])).toEqual([])
})

test('the differences needed are the fewest whose signs can pass', () => {
  for (const tests of [1, 15, 25, 26, 64, 200]) {
    const count = differencesNeeded(tests, 0.05)
    const least = (of: number) => signFlipP(new Array<number>(of).fill(1), 42) * tests
    expect(least(count), `${tests}`).toBeLessThanOrEqual(0.05)
    expect(least(count - 1), `${tests}`).toBeGreaterThan(0.05)
  }
})
