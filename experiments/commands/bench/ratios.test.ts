import { expect, test } from 'vitest'
import type { RaceFigure } from '../../../results/race-schema.ts'
import { intervalOf, medianOf, ratiosOf } from './ratios.ts'

test('the median of an even number of values lies in the middle', () => {
  expect(medianOf([4, 1, 3])).toBe(3)
  expect(medianOf([4, 1, 3, 2])).toBe(2.5)
})

/** Conover, "Practical Nonparametric Statistics", table A3: binomial tails for p = 1/2. */
test.each([
  [1, 1, 1, 0],
  [3, 1, 3, 0.75],
  [5, 1, 5, 0.9375],
  [6, 1, 6, 0.96875],
  [9, 2, 8, 0.9609375],
  [10, 2, 9, 0.978515625],
])('of %i values, the median lies between number %i and %i with %d', (count, low, high, sure) => {
  const values = Array.from({ length: count }, (_, at) => count - at)
  expect(intervalOf(values)).toEqual({ low, high, confidence: sure })
})

function figure(engine: RaceFigure['engine'], rounds: number[], more: Partial<RaceFigure> = {}) {
  return {
    engine,
    compression: 'none',
    benchmark: 'fillseq',
    rounds,
    median: medianOf(rounds),
    workLeft: null,
    ...more,
  } satisfies RaceFigure
}

test('a ratio is taken within a round: a slow round of both changes nothing', () => {
  const [ratio, ...more] = ratiosOf([
    figure('varve-inline', [200, 20, 220]),
    figure('leveldb', [100, 10, 100]),
    figure('leveldb', [1, 1, 1], { compression: 'lz4' }),
  ])
  expect(more).toEqual([])
  expect(ratio).toMatchObject({ varve: 'varve-inline', peer: 'leveldb', median: 2, low: 2 })
  expect(ratio!.high).toBeCloseTo(2.2)
})

test('of times and sizes, the smaller one is better', () => {
  const open = { benchmark: 'open' } as const
  const [ratio] = ratiosOf([figure('varve-threads', [10], open), figure('lmdb', [30], open)])
  expect(ratio).toMatchObject({ median: 3, confidence: 0 })
})
