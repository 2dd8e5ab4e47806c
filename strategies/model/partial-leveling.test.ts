import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../engine/base/clock.ts'
import { createRandom } from '../../engine/base/random.ts'
import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { levelingPartial } from '../partial-levels/leveling-partial.ts'
import { ExactSimulator } from '../simulator/exact-simulator.ts'
import { predict } from './model.ts'
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
    endsAtBorders: false,
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
   * Overwrites of 12,000 keys from memtables of 240, level sizes from the targets: the assumptions
   * of the model, but for tables that are not small beside level 1. The model takes whole tables in
   * turn, one at a time; without reads `coldest` does that. Entries written a request after four of
   * nine overwrites of each key.
   */
  test.each([
    [4, 'none'],
    [10, 'none'],
    [4, 'rocksdb'],
    [10, 'rocksdb'],
  ] as const)(
    "of tables in turn at T = %i, soft cuts %s, are within 6 % of the exact simulator's",
    (T, softCuts) => {
      const keys = 12_000
      const memtable = 240
      const params = { T, pick: 'coldest', rules: 'rocksdb-7.8', softCuts }
      const strategy = levelingPartial.create(params)
      const written = overwritten(strategy, keys, memtable)
      const levelEntries: number[] = []
      for (let size = memtable * T; size < keys; size *= T) levelEntries.push(size)
      const tree = {
        memtableRequests: memtable,
        levelZeroRuns: 4,
        levelEntries: [...levelEntries, keys],
      }
      const model = (endsAtBorders: boolean) =>
        partialWrites(uniformKeys(keys), { ...tree, endsAtBorders }).total
      expect(Math.abs(model(softCuts === 'rocksdb') / written - 1)).toBeLessThan(0.06)
      expect(Math.abs(model(softCuts !== 'rocksdb') / written - 1)).toBeGreaterThan(0.06)
    },
  )

  test('follow the parameters of leveling-partial', () => {
    const environment = {
      entries: 100_000,
      entryBytes: 100,
      memtableBytes: 100_000,
      blockBytes: 4096,
      longRangeEntries: 0,
      sequentialSpeedup: 1,
    }
    const writes = (params: Readonly<Record<string, unknown>>) => {
      const design = { name: 'leveling-partial', params: levelingPartial.parse(params) }
      return predict(design, environment)?.writes.updates.levelZeroRun
    }
    const byDefault = writes({})!
    expect(writes({ softCuts: 'rocksdb' })).toBe(byDefault)
    expect(writes({ softCuts: 'none' })).toBeGreaterThan(byDefault + 0.5)
    expect(writes({ rules: 'leveldb' })).toBe(writes({ softCuts: 'none' }))
    // Level 1 may hold two memtables, so two runs of level 0 are enough.
    expect(writes({ T: 2 })).toBe(writes({ T: 2, l0Trigger: 2 }))
    expect(writes({ T: 2, rules: 'leveldb' })).not.toBe(
      writes({ T: 2, rules: 'leveldb', l0Trigger: 2 }),
    )
    expect(writes({ multilevel: 'write-amp' })).toBeUndefined()
  })
})

const ENTRY_BYTES = 64

function overwritten(strategy: CompactionStrategy, keys: number, memtable: number): number {
  const simulator = new ExactSimulator({
    strategy,
    memtableBytes: memtable * ENTRY_BYTES,
    clock: new ManualClock(),
    blocks: { blockBytes: 4096, restartInterval: 16 },
  })
  const random = createRandom(7)
  const key = new Uint8Array(4)
  const put = (index: number) => {
    new DataView(key.buffer).setUint32(0, Math.imul(index, 0x9e3779b1) >>> 0)
    simulator.put(key, ENTRY_BYTES - key.length)
  }
  const written = () => {
    const { flushedRawBytes, mergedRawBytesByLevel } = simulator.tree
    return flushedRawBytes + mergedRawBytesByLevel.reduce((sum, bytes) => sum + bytes, 0)
  }
  for (let index = 0; index < keys; index++) put(index)
  for (let count = 0; count < 4 * keys; count++) put(random.nextBelow(keys))
  const before = written()
  for (let count = 0; count < 5 * keys; count++) put(random.nextBelow(keys))
  return (written() - before) / (5 * keys * ENTRY_BYTES)
}
