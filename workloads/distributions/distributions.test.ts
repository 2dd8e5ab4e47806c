import { describe, expect, test } from 'vitest'
import { JavaRandom } from '../java-random.ts'
import { AcknowledgedCounter } from './acknowledged-counter.ts'
import { Discrete } from './discrete.ts'
import { Exponential } from './exponential.ts'
import { Hotspot } from './hotspot.ts'
import type { NumberGenerator } from './number-generator.ts'
import { ScrambledZipfian } from './scrambled-zipfian.ts'
import { Sequential } from './sequential.ts'
import { SkewedLatest } from './skewed-latest.ts'
import { Uniform } from './uniform.ts'
import { ZIPFIAN_CONSTANT, Zipfian, zetaSum } from './zipfian.ts'

const DRAWS = 200_000
const SEED = 7

/** How often each of 0 … items − 1 was drawn, as a fraction. */
function frequencies(generator: NumberGenerator, items: number): number[] {
  const counts = new Array<number>(items).fill(0)
  for (let i = 0; i < DRAWS; i++) counts[generator.next()]!++
  expect(counts).toHaveLength(items)
  return counts.map((count) => count / DRAWS)
}

/**
 * Checks a fraction within five standard deviations of a probability: fails for one seed in a
 * million.
 */
function expectNear(fraction: number, probability: number): void {
  const deviation = Math.sqrt((probability * (1 - probability)) / DRAWS)
  expect(Math.abs(fraction - probability)).toBeLessThan(5 * deviation)
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

describe('the shape of a distribution', () => {
  test('uniform: every item equally often', () => {
    const seen = frequencies(new Uniform(new JavaRandom(SEED), 0, 49), 50)
    for (const fraction of seen) expectNear(fraction, 1 / 50)
  })

  test('uniform: both bounds are drawn', () => {
    const uniform = new Uniform(new JavaRandom(SEED), 3, 4)
    const seen = new Set(Array.from({ length: 100 }, () => uniform.next()))
    expect([...seen].sort()).toEqual([3, 4])
  })

  test('zipfian: item 0 has 1/ζ, item 1 has 1/(2^θ·ζ), and the head falls as a power', () => {
    const items = 1000
    const zeta = zetaSum(0, items, ZIPFIAN_CONSTANT, 0)
    const seen = frequencies(new Zipfian(new JavaRandom(SEED), 0, items - 1), items)
    expectNear(seen[0]!, 1 / zeta)
    expectNear(seen[1]!, 1 / (2 ** ZIPFIAN_CONSTANT * zeta))
    // Gray's method is exact for the first two items and approximate beyond.
    const tenth = 1 / (10 ** ZIPFIAN_CONSTANT * zeta)
    expect(seen[9]! / tenth).toBeGreaterThan(0.7)
    expect(seen[9]! / tenth).toBeLessThan(1.3)
  })

  test('zipfian: a grown count equals a constant count of that size, except for η', () => {
    expect(zetaSum(600, 1000, ZIPFIAN_CONSTANT, zetaSum(0, 600, ZIPFIAN_CONSTANT, 0))).toBe(
      zetaSum(0, 1000, ZIPFIAN_CONSTANT, 0),
    )
    const grown = new Zipfian(new JavaRandom(SEED), 0, 599)
    const seen = new Set(Array.from({ length: 20_000 }, () => grown.nextOf(1000)))
    expect(Math.max(...seen)).toBeGreaterThan(900)
    expect(Math.max(...seen)).toBeLessThan(1000)
  })

  test('scrambled zipfian: the hottest key has probability 1/26.469, at any place', () => {
    const seen = frequencies(new ScrambledZipfian(new JavaRandom(SEED), 0, 9999), 10_000)
    const hottest = Math.max(...seen)
    // The hashed tail adds an equal share to every key.
    expectNear(hottest, 1 / 26.469 + 1 / 10_000)
    expect(seen.indexOf(hottest)).toBeGreaterThan(0)
  })

  test('latest: the newest key is the hottest, key 0 is never drawn, and inserts move the hot keys', () => {
    const inserts = new AcknowledgedCounter(100)
    const latest = new SkewedLatest(new JavaRandom(SEED), inserts)
    const before = frequencies(latest, 100)
    expect(before.indexOf(Math.max(...before))).toBe(99)
    expect(before[0]).toBe(0)
    for (let i = 0; i < 20; i++) inserts.acknowledge(inserts.next())
    const after = frequencies(latest, 120)
    expect(after.indexOf(Math.max(...after))).toBe(119)
  })

  test('hotspot: 80 % of the operations in 20 % of the items, uniform inside', () => {
    const seen = frequencies(new Hotspot(new JavaRandom(SEED), 0, 99, 0.2, 0.8), 100)
    expectNear(sum(seen.slice(0, 20)), 0.8)
    for (const fraction of seen.slice(0, 20)) expectNear(fraction, 0.04)
    for (const fraction of seen.slice(20)) expectNear(fraction, 0.0025)
  })

  test('hotspot: a part that receives operations must not be empty', () => {
    const hotspot = (hot: number, operations: number) => () =>
      new Hotspot(new JavaRandom(SEED), 0, 9, hot, operations)
    expect(hotspot(0.05, 0.8)).toThrow('leaves one part of 10 items empty')
    expect(hotspot(1, 0.8)).toThrow('leaves one part of 10 items empty')
    expect(hotspot(1, 1)).not.toThrow()
  })

  test('exponential: the percentile falls below the range', () => {
    const exponential = new Exponential(new JavaRandom(SEED), 95, 800)
    let below = 0
    for (let i = 0; i < DRAWS; i++) if (exponential.next() < 800) below++
    expectNear(below / DRAWS, 0.95)
  })

  test('discrete: each value in proportion to its weight, in any unit', () => {
    const choices = [
      { weight: 5, value: 2 },
      { weight: 3, value: 0 },
      { weight: 2, value: 1 },
    ]
    const [zero, one, two] = frequencies(new Discrete(new JavaRandom(SEED), choices), 3)
    expectNear(zero!, 0.3)
    expectNear(one!, 0.2)
    expectNear(two!, 0.5)
  })

  test('sequential: from lower to upper, then from the start again', () => {
    const sequential = new Sequential(5, 7)
    expect(Array.from({ length: 7 }, () => sequential.next())).toEqual([5, 6, 7, 5, 6, 7, 5])
  })
})

describe('the acknowledged counter', () => {
  test('advances only over acknowledgements without gaps', () => {
    const counter = new AcknowledgedCounter(10)
    expect([counter.next(), counter.next(), counter.next()]).toEqual([10, 11, 12])
    expect(counter.lastValue()).toBe(9)
    counter.acknowledge(11)
    expect(counter.lastValue()).toBe(9)
    counter.acknowledge(10)
    expect(counter.lastValue()).toBe(11)
    counter.acknowledge(12)
    expect(counter.lastValue()).toBe(12)
  })

  test('refuses a number twice, and numbers a whole window ahead', () => {
    const counter = new AcknowledgedCounter(0)
    counter.acknowledge(0)
    expect(() => counter.acknowledge(0)).toThrow('acknowledged twice')
    counter.acknowledge(2)
    expect(() => counter.acknowledge(2)).toThrow('acknowledged twice')
    expect(() => counter.acknowledge(2 ** 20 + 1)).toThrow('ahead of 0')
    counter.acknowledge(2 ** 20)
    counter.acknowledge(1)
    expect(counter.lastValue()).toBe(2)
  })
})
