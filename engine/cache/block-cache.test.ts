import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { BlockCache } from './block-cache.ts'
import { CACHE_POLICIES } from './cache-policy.ts'

const block = (bytes: number, fill = 0) => new Uint8Array(bytes).fill(fill)

describe.each(CACHE_POLICIES)('the block cache under %s', (policy) => {
  test('returns the inserted blocks and stays within its capacity, under any use', () => {
    const call = fc.record({
      op: fc.constantFrom('get', 'get', 'insert', 'insert', 'insert', 'evict'),
      table: fc.nat(5),
      // Also offsets beyond 2^32.
      offset: fc.nat(40).map((index) => index * 2 ** 30),
      bytes: fc.integer({ min: 1, max: 120 }),
    })
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 400, size: 'max' }),
        fc.constantFrom(0, 1, 100, 1000, 100_000),
        (calls, capacityBytes) => {
          const cache = new BlockCache(capacityBytes, policy)
          const given = new Map<string, Uint8Array>()
          let gets = 0
          for (const { op, table, offset, bytes } of calls) {
            const name = `${table}/${offset}`
            if (op === 'insert') {
              const value = block(bytes)
              // A block that is already cached is not inserted again: the bytes at an offset never
              // change.
              if (cache.get(table, offset) === undefined) given.set(name, value)
              gets++
              cache.insert(table, offset, value)
            } else if (op === 'evict') {
              cache.evictTable(table)
              for (const key of given.keys()) if (key.startsWith(`${table}/`)) given.delete(key)
            } else {
              const found = cache.get(table, offset)
              gets++
              if (found !== undefined) expect(found).toBe(given.get(name))
              else if (capacityBytes === 100_000) expect(given.has(name)).toBe(false)
            }
            expect(cache.usedBytes).toBeLessThanOrEqual(capacityBytes)
          }
          expect(cache.hits + cache.misses).toBe(gets)
          for (let table = 0; table <= 5; table++) cache.evictTable(table)
          expect(cache.usedBytes).toBe(0)
        },
      ),
    )
  })

  test('distinguishes blocks by the full table id and the full offset', () => {
    const ids = [0, 1, 2, 3, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40]
    const offsets = [0, 1, 2, 3, 255, 256, 4096, 65_536, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40]
    const cache = new BlockCache(1e6, policy)
    const given = new Map<string, Uint8Array>()
    for (const id of ids) {
      for (const offset of offsets) {
        expect(cache.get(id, offset)).toBeUndefined()
        const value = block(1)
        given.set(`${id}/${offset}`, value)
        cache.insert(id, offset, value)
      }
    }
    for (const id of ids) {
      for (const offset of offsets) {
        expect(cache.get(id, offset)).toBe(given.get(`${id}/${offset}`))
      }
    }
    for (const gone of ids) {
      cache.evictTable(gone)
      for (const id of ids) {
        for (const offset of offsets) {
          const isGone = ids.indexOf(id) <= ids.indexOf(gone)
          const expected = isGone ? undefined : given.get(`${id}/${offset}`)
          expect(cache.get(id, offset)).toBe(expected)
        }
      }
    }
  })

  test('is off if its capacity is 0', () => {
    const cache = new BlockCache(0, policy)
    cache.insert(1, 0, block(1))
    expect(cache.get(1, 0)).toBeUndefined()
  })

  test('a scan does not evict the blocks that are read repeatedly', () => {
    const cache = new BlockCache(100, policy)
    const hot = () => {
      for (let offset = 0; offset < 50; offset++) {
        if (cache.get(1, offset) === undefined) cache.insert(1, offset, block(1))
      }
    }
    hot()
    for (let offset = 0; offset < 10_000; offset++) {
      cache.insert(2, offset, block(1))
      if (offset % 25 === 0) hot()
    }
    const { misses } = cache
    hot()
    expect(cache.misses).toBe(misses)
  })

  test('drops the blocks of one table only', () => {
    const cache = new BlockCache(1000, policy)
    for (const table of [1, 2, 1e9]) cache.insert(table, 4096, block(10, table))
    cache.evictTable(2)
    expect([1, 2, 1e9].map((table) => cache.get(table, 4096) !== undefined)).toEqual([
      true,
      false,
      true,
    ])
    expect(cache.usedBytes).toBe(20)
  })
})

test('clock evicts unread blocks before read ones', () => {
  const cache = new BlockCache(10 * 100)
  for (let offset = 0; offset < 10; offset++) cache.insert(1, offset, block(100))
  for (const offset of [0, 3, 9]) cache.get(1, offset)
  for (let offset = 10; offset < 17; offset++) cache.insert(1, offset, block(100))
  const kept = Array.from({ length: 17 }, (_, offset) => offset).filter((offset) =>
    cache.get(1, offset),
  )
  expect(kept).toEqual([0, 3, 9, 10, 11, 12, 13, 14, 15, 16])
})

test('a block in the slot of a dropped block starts unmarked, whatever hits the dropped one had', () => {
  const cache = new BlockCache(20)
  const block = () => new Uint8Array(10)
  cache.insert(1, 0, block())
  cache.get(1, 0)
  cache.evictTable(1)
  for (const offset of [0, 10, 20]) cache.insert(2, offset, block())
  expect(cache.get(2, 0), 'the oldest, never hit').toBeUndefined()
  expect(cache.get(2, 10)).toBeDefined()
  expect(cache.get(2, 20)).toBeDefined()
})

test('a smaller limit evicts blocks at once, a larger one lets more in', () => {
  const cache = new BlockCache(100)
  const fill = () => {
    for (let offset = 0; offset < 200; offset += 10) cache.insert(1, offset, new Uint8Array(10))
    return cache.usedBytes
  }
  expect(fill()).toBe(100)
  cache.resize(35)
  expect(cache.usedBytes).toBe(30)
  expect(fill()).toBe(30)
  cache.resize(120)
  expect(fill()).toBe(120)
  expect(cache.capacityBytes).toBe(120)
})

test('a smaller share for blocks evicts at once', () => {
  const cache = new BlockCache(100)
  for (let offset = 0; offset < 100; offset += 10) cache.insert(1, offset, new Uint8Array(10))
  cache.reserve(60)
  expect(cache.usedBytes).toBe(40)
  cache.insert(2, 0, new Uint8Array(41))
  expect(cache.usedBytes, 'too large for the rest').toBe(40)
  cache.reserve(200)
  expect(cache.usedBytes).toBe(0)
  cache.reserve(0)
  cache.insert(2, 0, new Uint8Array(100))
  expect(cache.usedBytes).toBe(100)
})

describe('s3-fifo', () => {
  const filled = () => {
    const cache = new BlockCache(100, 's3-fifo')
    const read = (offset: number) => {
      const isHit = cache.get(1, offset) !== undefined
      if (!isHit) cache.insert(1, offset, block(1))
      return isHit
    }
    return { cache, read }
  }

  test('a block that comes back soon after it left stays longer than new ones', () => {
    const { read } = filled()
    for (let offset = 0; offset < 110; offset++) read(offset)
    expect(read(5), 'it left the small queue').toBe(false)
    for (let offset = 1000; offset < 1200; offset++) read(offset)
    expect(read(5), 'it is in the main queue').toBe(true)
    expect(read(1000), 'it was read once').toBe(false)
  })

  test('blocks with hits go round again as often as they were hit', () => {
    const { read } = filled()
    for (let round = 0; round < 3; round++) for (let offset = 0; offset < 50; offset++) read(offset)
    for (let offset = 1000; offset < 3000; offset++) read(offset)
    const kept = Array.from({ length: 50 }, (_, offset) => offset).filter(read)
    expect(kept).toHaveLength(50)
  })

  test('hits more of a skewed stream than clock does, and not fewer beside scans', () => {
    const random = createRandom(11)
    const hot = Array.from({ length: 60_000 }, () => Math.floor(1000 * random.nextDouble() ** 4))
    for (const scanEvery of [0, 400]) {
      const hitsOf = (policy: (typeof CACHE_POLICIES)[number]) => {
        const cache = new BlockCache(100, policy)
        let hits = 0
        hot.forEach((offset, index) => {
          if (cache.get(1, offset) !== undefined) hits++
          else cache.insert(1, offset, block(1))
          if (scanEvery === 0 || index % scanEvery !== 0) return
          for (let scanned = 0; scanned < 200; scanned++) cache.insert(2, index + scanned, block(1))
        })
        return hits
      }
      expect(hitsOf('s3-fifo')).toBeGreaterThan(1.05 * hitsOf('clock'))
    }
  })
})
