import { describe, expect, test } from 'vitest'
import { JavaRandom } from '../java-random.ts'
import {
  chiSquareDeviation,
  countDraws,
  fromCumulative,
  normalCumulative,
  normalised,
} from '../testing/statistics.ts'
import { keySchema } from './distribution-schema.ts'
import { createKeyChooser } from './key-chooser.ts'

const RECORDS = 500
const DRAWS = 100_000
const SEED = 42

function chooser(spec: unknown, seed = SEED, queue = { head: 0 }) {
  return createKeyChooser(keySchema.parse(spec), new JavaRandom(seed), RECORDS, queue)
}

const zipf = (theta: number) =>
  normalised(Array.from({ length: RECORDS }, (_, rank) => (rank + 1) ** -theta))

const exponential = (percentile: number, fraction: number) => {
  const rate = -Math.log(1 - percentile / 100) / (fraction * RECORDS)
  return normalised(Array.from({ length: RECORDS }, (_, back) => Math.exp(-rate * back))).reverse()
}

const onUnit = (cumulative: (x: number) => number) =>
  normalised(fromCumulative(RECORDS, (at) => cumulative(at / RECORDS)))

const LAWS: readonly (readonly [spec: Record<string, unknown>, law: readonly number[]])[] = [
  [{ distribution: 'uniform' }, new Array<number>(RECORDS).fill(1 / RECORDS)],
  ...[0.5, 0.99, 1, 1.6].map((theta) => [{ distribution: 'zipfian', theta }, zipf(theta)] as const),
  [{ distribution: 'latest' }, zipf(0.99).reverse()],
  [
    { distribution: 'hotspot', dataFraction: 0.1, operationFraction: 0.7 },
    Array.from({ length: RECORDS }, (_, at) => (at < 50 ? 0.7 / 50 : 0.3 / 450)),
  ],
  [{ distribution: 'exponential', percentile: 95, fraction: 0.5 }, exponential(95, 0.5)],
  [
    { distribution: 'normal', mean: 0.3, deviation: 0.2 },
    onUnit((x) => normalCumulative((x - 0.3) / 0.2)),
  ],
  [{ distribution: 'beta', alpha: 2, beta: 1 }, onUnit((x) => x ** 2)],
  [{ distribution: 'beta', alpha: 1, beta: 3 }, onUnit((x) => 1 - (1 - x) ** 3)],
  [{ distribution: 'beta', alpha: 0.5, beta: 0.5 }, onUnit((x) => Math.asin(Math.sqrt(x)))],
  [
    { distribution: 'pareto', shape: 1.16 },
    normalised(fromCumulative(RECORDS, (at) => 1 - (at + 1) ** -1.16)),
  ],
]

describe('keys follow the law of their distribution', () => {
  test.each(LAWS)('%j', (spec, law) => {
    const keys = chooser(spec)
    const counts = countDraws(RECORDS, DRAWS, () => keys.next(RECORDS, 0))
    const deviation = chiSquareDeviation(counts, law)
    expect(deviation).toBeGreaterThan(-3)
    expect(deviation).toBeLessThan(4)
  })

  test('zipfian: the first ranks are exact, where approximations have the largest error', () => {
    const keys = chooser({ distribution: 'zipfian', theta: 1.6 })
    const counts = countDraws(RECORDS, 2 * DRAWS, () => keys.next(RECORDS, 0))
    for (const [rank, share] of zipf(1.6).slice(0, 5).entries()) {
      const deviation = Math.sqrt(2 * DRAWS * share * (1 - share))
      expect(Math.abs(counts[rank]! - 2 * DRAWS * share) / deviation).toBeLessThan(3.5)
    }
  })

  test('scrambled: Zipfian popularity, at places determined by the seed', () => {
    const countsOf = (seed: number) => {
      const keys = chooser({ distribution: 'scrambled' }, seed)
      return countDraws(RECORDS, DRAWS, () => keys.next(RECORDS, 0))
    }
    const counts = countsOf(SEED)
    const hottest = (all: readonly number[]) => all.indexOf(Math.max(...all))
    expect(hottest(counts)).not.toBe(hottest(countsOf(SEED + 1)))
    const byRank = counts.toSorted((a, b) => b - a)
    for (const [rank, share] of zipf(0.99).slice(0, 5).entries()) {
      expect(byRank[rank]! / DRAWS / share).toBeCloseTo(1, 1)
    }
  })

  test('key ranges: each as hot as a·e^(bx) + c·e^(dx), rounded to slots of the coldest', () => {
    const shape = { ranges: 5, a: 0.6, b: -1, c: 0.05, d: -0.1 }
    const keys = chooser({ distribution: 'key-ranges', ...shape })
    const size = RECORDS / shape.ranges
    const counts = countDraws(shape.ranges, DRAWS, () => Math.floor(keys.next(1e6, 0) / 200_000))
    expect(size).toBe(100)
    const hotness = (x: number) => shape.a * Math.exp(shape.b * x) + shape.c * Math.exp(shape.d * x)
    const amplify = Math.floor(1 / hotness(5)) + 1
    const law = normalised([1, 2, 3, 4, 5].map((x) => Math.floor(amplify * hotness(x))))
    const byHotness = counts.toSorted((a, b) => b - a)
    expect(chiSquareDeviation(byHotness, law)).toBeLessThan(4)
    expect(counts).not.toEqual(byHotness)
  })

  test('power: the x hottest keys get a·x^b of all accesses', () => {
    const keys = chooser({ distribution: 'power', a: 0.1, b: 0.3467 })
    const counts = new Map<number, number>()
    for (let i = 0; i < DRAWS; i++) {
      const key = keys.next(1e9, 0)
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const byRank = [...counts.values()].toSorted((a, b) => b - a)
    const share = (x: number) => byRank.slice(0, x).reduce((sum, count) => sum + count, 0) / DRAWS
    for (const x of [1, 10, 100]) expect(share(x)).toBeCloseTo(0.1 * x ** 0.3467, 2)
  })
})

describe('ordered distributions', () => {
  const take = (spec: unknown, count: number) => {
    const keys = chooser(spec)
    return Array.from({ length: count }, () => keys.next(RECORDS, 0))
  }

  test('sequential walks in order and wraps', () => {
    expect(take({ distribution: 'sequential', step: 200 }, 5)).toEqual([0, 200, 400, 100, 300])
  })

  test('shuffled: every record once, then again in the same order', () => {
    const [first, second] = [0, 1].map((turn) =>
      take({ distribution: 'shuffled' }, 2 * RECORDS).slice(turn * RECORDS, (turn + 1) * RECORDS),
    )
    expect(first).toEqual(second)
    const sorted = first!.toSorted((a, b) => a - b)
    expect(sorted).toEqual(Array.from({ length: RECORDS }, (_, at) => at))
    expect(first).not.toEqual(sorted)
  })

  test('oldest follows the head, and stays at the last record if the queue is empty', () => {
    const queue = { head: 0 }
    const keys = chooser({ distribution: 'oldest' }, SEED, queue)
    expect(keys.next(RECORDS, 0)).toBe(0)
    queue.head = 7
    expect(keys.next(RECORDS, 0)).toBe(7)
    queue.head = RECORDS + 3
    expect(keys.next(RECORDS, 0)).toBe(RECORDS - 1)
  })
})

test('popular keys drift by turns of the key space, in both directions', () => {
  const hot = { distribution: 'pareto', shape: 100 }
  const at = (drift: number, progress: number) => chooser({ ...hot, drift }).next(RECORDS, progress)
  expect(at(0.5, 0)).toBe(0)
  expect(at(0.5, 1)).toBe(RECORDS / 2)
  expect(at(2, 0.75)).toBe(RECORDS / 2)
  expect(at(-0.5, 0.5)).toBe(RECORDS * 0.75)
})

test('records inserted later are drawn too, unless places are fixed', () => {
  for (const distribution of ['uniform', 'zipfian', 'hotspot', 'normal', 'beta', 'pareto']) {
    const keys = chooser(
      distribution === 'beta' ? { distribution, alpha: 2, beta: 2 } : { distribution },
    )
    const highest = Math.max(...Array.from({ length: 5000 }, () => keys.next(2 * RECORDS, 0)))
    expect(highest, distribution).toBeGreaterThan(RECORDS)
    expect(highest, distribution).toBeLessThan(2 * RECORDS)
  }
})

test('the seed determines every draw', () => {
  const first = (spec: unknown) => {
    const keys = chooser(spec)
    return Array.from({ length: 6 }, () => keys.next(RECORDS, 0))
  }
  const specs = LAWS.map(([spec]) => spec)
  expect(
    Object.fromEntries(specs.map((spec) => [JSON.stringify(spec), first(spec).join(' ')])),
  ).toMatchInlineSnapshot(`
    {
      "{"distribution":"beta","alpha":0.5,"beta":0.5}": "3 301 499 423 92 28",
      "{"distribution":"beta","alpha":1,"beta":3}": "3 114 134 85 3 34",
      "{"distribution":"beta","alpha":2,"beta":1}": "210 359 315 359 105 388",
      "{"distribution":"exponential","percentile":95,"fraction":0.5}": "323 427 414 361 471 452",
      "{"distribution":"hotspot","dataFraction":0.1,"operationFraction":0.7}": "490 184 150 43 2 2",
      "{"distribution":"latest"}": "499 490 493 498 428 473",
      "{"distribution":"normal","mean":0.3,"deviation":0.2}": "202 73 170 199 213 239",
      "{"distribution":"pareto","shape":1.16}": "5 1 1 3 0 0",
      "{"distribution":"uniform"}": "486 360 40 208 327 484",
      "{"distribution":"zipfian","theta":0.5}": "10 95 71 22 257 167",
      "{"distribution":"zipfian","theta":0.99}": "0 9 6 1 71 26",
      "{"distribution":"zipfian","theta":1.6}": "0 0 0 0 3 1",
      "{"distribution":"zipfian","theta":1}": "0 9 5 1 68 25",
    }
  `)
})
