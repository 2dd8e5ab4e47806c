import { describe, expect, test } from 'vitest'
import { JavaRandom } from '../java-random.ts'
import {
  chiSquareDeviation,
  countDraws,
  fromCumulative,
  normalCumulative,
  normalised,
} from '../testing/statistics.ts'
import { sizeSchema } from './distribution-schema.ts'
import { createSizes } from './sizes.ts'

const DRAWS = 100_000
const MAX = 400

const sizes = (spec: unknown, seed = 42) =>
  createSizes(sizeSchema.parse(spec), new JavaRandom(seed))

/** For numbers rounded to the nearest: from half below to half above; the bounds get the tails. */
const rounded = (cumulative: (x: number) => number) => bounded((x) => cumulative(x - 0.5))
/** For numbers that are rounded up. */
const raised = (cumulative: (x: number) => number) => bounded((x) => cumulative(x - 1))
const bounded = (cumulative: (x: number) => number) =>
  fromCumulative(MAX + 1, (x) => (x <= 0 ? 0 : x > MAX ? 1 : cumulative(x)))

const bounds = { min: 0, max: MAX }
const LAWS: readonly (readonly [spec: Record<string, unknown>, law: readonly number[]])[] = [
  [
    { distribution: 'uniform', min: 10, max: 19 },
    Array.from({ length: 20 }, (_, size) => (size < 10 ? 0 : 0.1)),
  ],
  [
    { distribution: 'zipfian', min: 1, max: 50, theta: 0.8 },
    normalised(Array.from({ length: 51 }, (_, size) => (size === 0 ? 0 : size ** -0.8))),
  ],
  [{ distribution: 'exponential', mean: 30, ...bounds }, rounded((x) => 1 - Math.exp(-x / 30))],
  [
    { distribution: 'normal', mean: 100, deviation: 20, ...bounds },
    rounded((x) => normalCumulative((x - 100) / 20)),
  ],
  [
    { distribution: 'beta', alpha: 2, beta: 1, ...bounds },
    rounded((x) => Math.min(1, Math.max(0, x / MAX) ** 2)),
  ],
  [
    { distribution: 'pareto', location: 5, scale: 25.45, shape: 0.2615, ...bounds },
    raised((x) => (x <= 5 ? 0 : 1 - (1 + (0.2615 * (x - 5)) / 25.45) ** (-1 / 0.2615))),
  ],
  [
    { distribution: 'pareto', scale: 20, shape: 0, ...bounds },
    raised((x) => (x <= 0 ? 0 : 1 - Math.exp(-x / 20))),
  ],
  [
    { distribution: 'gev', location: 50, scale: 10, shape: 0.1, ...bounds },
    raised((x) => Math.exp(-(Math.max(0, 1 + (0.1 * (x - 50)) / 10) ** (-1 / 0.1)))),
  ],
  [
    { distribution: 'gev', location: 50, scale: 10, shape: 0, ...bounds },
    raised((x) => Math.exp(-Math.exp(-(x - 50) / 10))),
  ],
  [
    {
      distribution: 'discrete',
      values: [
        { value: 3, weight: 1 },
        { value: 7, weight: 3 },
      ],
    },
    [0, 0, 0, 0.25, 0, 0, 0, 0.75],
  ],
]

describe('sizes follow the law of their distribution', () => {
  test.each(LAWS)('%j', (spec, law) => {
    const { next } = sizes(spec)
    const deviation = chiSquareDeviation(countDraws(law.length, DRAWS, next), law)
    expect(deviation).toBeGreaterThan(-3)
    expect(deviation).toBeLessThan(4)
  })

  test.each(LAWS)('%j: one number determines it as a draw does, if it can', (spec) => {
    const { next, of } = sizes(spec)
    if (of === null) return
    const random = new JavaRandom(42)
    for (let i = 0; i < 100; i++) expect(of(random.nextDouble())).toBe(next())
  })
})

test('a plain number gives that number', () => expect(sizes(100).next()).toBe(100))

test('mixgraph’s values: below 10 becomes 10, above the largest wraps', () => {
  const pareto = { distribution: 'pareto', scale: 25.45, shape: 0.2615, min: 10, max: 1024 }
  const { of } = sizes({ ...pareto, beyond: 'modulo' })
  const tail = (size: number) => (1 + (0.2615 * (size - 0.5)) / 25.45) ** (-1 / 0.2615)
  expect(of!(tail(9))).toBe(10)
  expect(of!(tail(500))).toBe(500)
  expect(of!(tail(1024))).toBe(1024)
  expect(of!(tail(1100))).toBe(76)
  expect(of!(tail(1025))).toBe(10)
  expect(sizes(pareto).of!(tail(1100))).toBe(1024)
})

test('the seed determines every draw', () => {
  const first = (spec: unknown) => {
    const { next } = sizes(spec)
    return Array.from({ length: 6 }, next).join(' ')
  }
  expect(
    LAWS.map(([spec]) => `${String(spec.distribution)}: ${first(spec)}`),
  ).toMatchInlineSnapshot(`
    [
      "uniform: 18 15 16 18 12 14",
      "zipfian: 1 6 5 2 19 11",
      "exponential: 63 26 31 50 10 17",
      "normal: 64 111 85 104 110 113",
      "beta: 169 287 252 287 84 311",
      "pareto: 9 20 18 11 43 29",
      "pareto: 3 11 9 5 25 17",
      "gev: 73 57 59 67 48 52",
      "gev: 71 57 59 66 48 52",
      "discrete: 7 7 7 7 7 7",
    ]
  `)
})
