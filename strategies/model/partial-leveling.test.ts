import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import { levelingPartial } from '../partial-levels/leveling-partial.ts'
import { emptyTree, load } from '../testing/stepper.ts'
import {
  mergedKeys,
  partialWrites,
  requestsFor,
  turnInterval,
  uniformKeys,
  uniqueKeys,
} from './partial-leveling.ts'

const KEYS = 100_000
const uniform = uniformKeys(KEYS)
/** A tenth of the keys draws nine tenths of the requests. */
const skewed = [
  { keys: KEYS / 10, probability: 0.9 / (KEYS / 10) },
  { keys: (KEYS * 9) / 10, probability: 0.1 / ((KEYS * 9) / 10) },
]
const popularities = fc.constantFrom(uniform, skewed)
const requests = fc.double({ min: 1, max: 1e6, noNaN: true })

describe('counting unique keys', () => {
  test('of one request one is, of many nearly all', () => {
    expect(uniqueKeys(uniform, 1)).toBeCloseTo(1, 9)
    expect(uniqueKeys(skewed, 1)).toBeCloseTo(1, 9)
    expect(uniqueKeys(uniform, 100 * KEYS)).toBeCloseTo(KEYS, 6)
    expect(uniqueKeys([{ keys: 2, probability: 0.5 }], 3)).toBeCloseTo(2 - 2 / 8, 12)
  })

  test('grows with requests, ever more slowly; skew has fewer', () => {
    fc.assert(
      fc.property(popularities, requests, (keys, count) => {
        const [one, two] = [uniqueKeys(keys, count), uniqueKeys(keys, 2 * count)]
        expect(two).toBeGreaterThan(one)
        expect(two).toBeLessThan(2 * one * (1 + 1e-9))
        expect(uniqueKeys(skewed, count)).toBeLessThanOrEqual(uniqueKeys(uniform, count) + 1e-6)
      }),
    )
  })

  test('is inverted', () => {
    fc.assert(
      fc.property(popularities, fc.double({ min: 0.5, max: 3e5, noNaN: true }), (keys, count) => {
        expect(requestsFor(keys, uniqueKeys(keys, count)) / count).toBeCloseTo(1, 6)
      }),
    )
    expect(requestsFor(uniform, KEYS)).toBe(Infinity)
  })

  test('a merge holds at least the larger and at most the sum; with all keys, all', () => {
    const sizes = fc.double({ min: 1, max: 0.99 * KEYS, noNaN: true })
    fc.assert(
      fc.property(popularities, sizes, sizes, (keys, u, v) => {
        const merged = mergedKeys(keys, u, v)
        expect(merged).toBeGreaterThan(Math.max(u, v) * (1 - 1e-9))
        expect(merged).toBeLessThan((u + v) * (1 + 1e-9))
        expect(mergedKeys(keys, u, KEYS)).toBe(KEYS)
      }),
      { numRuns: 40 },
    )
  })

  test('the sum over a turn is what adding it up term by term gives', () => {
    const keys = uniformKeys(500)
    const turn = turnInterval(keys, 120)
    let gathered = 0
    for (let d = 0; d < 500; d++) gathered += uniqueKeys(keys, (turn * d) / 500) / 500
    expect(gathered).toBeCloseTo(120, 6)
    expect(turnInterval(keys, 500)).toBe(Infinity)
  })
})

describe('writes', () => {
  const tree = {
    memtableRequests: 1000,
    levelZeroRuns: 4,
    levelEntries: [4000, 16_000, 64_000, KEYS],
  }
  const total = (keys: typeof uniform, change: Partial<typeof tree> = {}) =>
    partialWrites(keys, { ...tree, ...change }).total

  test('fall with skew, with a larger memtable, with a later level-0 merge', () => {
    expect(total(skewed)).toBeLessThan(total(uniform))
    for (const keys of [uniform, skewed]) {
      expect(total(keys, { memtableRequests: 2000 })).toBeLessThan(total(keys))
      expect(total(keys, { levelZeroRuns: 8 })).toBeLessThan(total(keys))
    }
  })

  test('grow with every level added above the last, and with a larger level 1', () => {
    const levels = [[KEYS], [16_000, KEYS], [4000, 64_000, KEYS]]
    const totals = levels.map((levelEntries) => total(uniform, { levelEntries }))
    // One level is a rewrite of everything; the second is worth it, a fourth no more.
    expect(totals[0]).toBeGreaterThan(totals[1]!)
    expect(
      total(uniform, { levelEntries: [4000, 8000, 16_000, 32_000, 64_000, KEYS] }),
    ).toBeGreaterThan(total(uniform))
  })

  test('are fewer than a worst case without duplicates says', () => {
    // Each of a level's entries once, T + 1 of the next met: (T + 1) a level.
    const { merges, flush, falseOverlap } = partialWrites(uniform, tree)
    expect(flush).toBeLessThan(1)
    expect(falseOverlap).toBeLessThan(merges.length - 1)
    for (const merge of merges) expect(merge).toBeLessThan(1 + 4 + 1)
  })

  /**
   * Overwrites of 12,000 keys from memtables of 120, tables as large, level sizes from the targets:
   * the assumptions of the model, but for tables that are not small beside level 1. The model cuts
   * tables by size alone, and takes whole tables in turn, one at a time; without reads `coldest`
   * does that. Entries written a request in the second half of 1000 memtables.
   */
  test.each([4, 10])(
    'of round-robin leveling at T = %i are within 6 % of what the strategy writes',
    (T) => {
      const keys = 12_000
      const memtable = 120
      const strategy = levelingPartial.create({ T, pick: 'coldest', softCuts: 'none' })
      const random = createRandom(7)
      let stepped = emptyTree(strategy, { memtableBytes: memtable, entryBytes: 1 })
      const flushes = (count: number) => {
        const before = stepped.writtenBytes
        for (let index = 0; index < count; index++) {
          const drawn = Array.from({ length: memtable }, () => random.nextBelow(keys))
          stepped = load(stepped, strategy, [...new Set(drawn)]).tree
        }
        return (stepped.writtenBytes - before) / (count * memtable)
      }
      flushes(500)
      const written = flushes(500)
      const levelEntries: number[] = []
      for (let size = memtable * T; size < keys; size *= T) levelEntries.push(size)
      const predicted = partialWrites(uniformKeys(keys), {
        memtableRequests: memtable,
        levelZeroRuns: 4,
        levelEntries: [...levelEntries, keys],
      }).total
      expect(Math.abs(predicted / written - 1)).toBeLessThan(0.06)
    },
  )
})
