/** The classes of each popularity, beside the draws of the workloads' own generators. */

import { describe, expect, test } from 'vitest'
import { Exponential } from '../../workloads/distributions/exponential.ts'
import { Hotspot } from '../../workloads/distributions/hotspot.ts'
import { ScrambledZipfian } from '../../workloads/distributions/scrambled-zipfian.ts'
import { JavaRandom } from '../../workloads/java-random.ts'
import {
  exponentialKeys,
  hashedZipfianKeys,
  hotspotKeys,
  type KeyModel,
  uniformKeys,
} from './key-model.ts'

const KEYS = 20_000

/** Expected number of different keys among so many draws. */
function different({ classes }: KeyModel, draws: number): number {
  const missed = (chance: number) => Math.exp(draws * Math.log1p(-Math.min(chance, 1)))
  return classes.reduce((sum, own) => sum + own.keys * (1 - missed(own.weight / own.keys)), 0)
}

function drawn(next: () => number, draws: number): number {
  const seen = new Set<number>()
  for (let count = 0; count < draws; count++) seen.add(next())
  return seen.size
}

describe.each([2_000, 20_000, 80_000])('%i draws hit as many keys as the generator’s', (draws) => {
  const random = new JavaRandom(11)

  test('YCSB’s zipfian', () => {
    const zipfian = new ScrambledZipfian(random, 0, KEYS - 1)
    const true_ = drawn(() => zipfian.next(), draws)
    const model = hashedZipfianKeys(KEYS)
    expect(Math.abs(different(model, draws) / true_ - 1)).toBeLessThan(0.03)
    // Uniform keys would be hit more evenly.
    expect(different(uniformKeys(KEYS), draws) / true_).toBeGreaterThan(1.03)
  })

  test('a hot spot', () => {
    const hotspot = new Hotspot(random, 0, KEYS - 1, 0.2, 0.8)
    const true_ = drawn(() => hotspot.next(), draws)
    expect(Math.abs(different(hotspotKeys(KEYS, 0.2, 0.8), draws) / true_ - 1)).toBeLessThan(0.02)
  })

  test('an exponential', () => {
    const exponential = new Exponential(random, 95, KEYS * 0.5)
    const next = () => {
      for (;;) {
        const key = Math.trunc(exponential.next())
        if (key < KEYS) return key
      }
    }
    const true_ = drawn(next, draws)
    expect(Math.abs(different(exponentialKeys(KEYS, 95, 0.5), draws) / true_ - 1)).toBeLessThan(
      0.02,
    )
  })
})

test.each([1, 1000, 1e9, 1e13])('classes of %d keys add up, with few classes', (keys) => {
  for (const model of [hashedZipfianKeys(keys), exponentialKeys(keys, 95, 0.5)]) {
    const sum = (of: 'keys' | 'weight') => model.classes.reduce((all, own) => all + own[of], 0)
    expect(sum('keys') / keys).toBeCloseTo(1, 9)
    expect(sum('weight')).toBeCloseTo(1, 3)
    expect(model.classes.length).toBeLessThan(100)
  }
})
