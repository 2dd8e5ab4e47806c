import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockCache } from '../../engine/cache/block-cache.ts'
import { Ledger, MemoryStorage } from '../../engine/index.ts'
import { replayAccesses, runInMemory } from './block-accesses.ts'
import {
  type CacheFigures,
  DECISION_PATH,
  decisionText,
  FIGURES_PATH,
  figuresText,
  measureStream,
  POLICIES,
  recordStream,
  STREAMS,
  workloadOf,
} from './cache-policies.ts'
import { FrequencySketch } from './evictions/frequency-sketch.ts'

const KiB = 1024
const SMALL = {
  records: 2000,
  operations: 3000,
  valueBytes: 200,
  memtableBytes: 64 * KiB,
  capacities: [32 * KiB, 128 * KiB],
}

const streamOf = (title: string) => STREAMS.find((stream) => stream.title.startsWith(title))!

test('the decision shows the figures that were measured', () => {
  const text = readFileSync(FIGURES_PATH, 'utf8')
  const figures = JSON.parse(text) as CacheFigures
  expect(figuresText(figures)).toBe(text)
  const decision = readFileSync(DECISION_PATH, 'utf8')
  expect(decisionText(decision, figures)).toBe(decision)
  expect(figures.streams.map(({ title }) => title)).toEqual(STREAMS.map(({ title }) => title))
})

test('equal seeds give equal counts', async () => {
  const stream = streamOf('YCSB D')
  expect(await measureStream(stream, SMALL)).toEqual(await measureStream(stream, SMALL))
})

test('policies that resist scans keep more of a skewed stream than LRU, with scans between', async () => {
  for (const title of ['YCSB C', 'skewed reads, long scans']) {
    const { hits } = await measureStream(streamOf(title), SMALL)
    for (const [index] of SMALL.capacities.entries()) {
      for (const policy of ['s3-fifo', 'w-tinylfu']) {
        expect(hits[policy]![index], `${title}, ${policy}`).toBeGreaterThan(hits.lru![index]!)
      }
      expect(hits.clock![index], title).toBeGreaterThanOrEqual(0.98 * hits.lru![index]!)
    }
  }
})

test('a replay finds as many blocks as an engine with this cache', async () => {
  const blockCacheBytes = SMALL.capacities[1]!
  for (const title of ['YCSB A', 'YCSB E']) {
    const stream = streamOf(title)
    const cache = new BlockCache(blockCacheBytes, 's3-fifo')
    replayAccesses(await recordStream(stream, SMALL), cache)
    const ledger = new Ledger()
    const { blocksFromCache } = await runInMemory(workloadOf(stream, SMALL), {
      storage: new MemoryStorage(ledger),
      ledger,
      options: {
        memtableBytes: SMALL.memtableBytes,
        blockCacheBytes,
        cachePolicy: 's3-fifo',
      },
      onLoaded() {},
    })
    expect(cache.hits, title).toBeGreaterThan(100)
    expect(cache.hits, title).toBe(blocksFromCache)
  }
})

test('every policy keeps the cache within its bytes, under any use', () => {
  const call = fc.record({
    op: fc.constantFrom('read', 'read', 'read', 'evict'),
    table: fc.nat(3),
    offset: fc.nat(40),
    bytes: fc.integer({ min: 1, max: 30 }),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(POLICIES)),
      fc.array(call, { maxLength: 300, size: 'max' }),
      (create, calls) => {
        const cache = new BlockCache(100, create())
        for (const { op, table, offset, bytes } of calls) {
          if (op === 'evict') cache.evictTable(table)
          else if (cache.get(table, offset) === undefined) {
            cache.insert(table, offset, new Uint8Array(bytes))
            expect(cache.get(table, offset)).toBeDefined()
          }
          expect(cache.usedBytes).toBeLessThanOrEqual(100)
        }
        for (let table = 0; table <= 3; table++) cache.evictTable(table)
        expect(cache.usedBytes).toBe(0)
      },
    ),
  )
})

test('a sketch never counts too little until it halves, and then forgets', () => {
  const sketch = new FrequencySketch()
  sketch.resize(64)
  for (let hash = 1; hash <= 40; hash++) {
    for (let uses = 0; uses < hash % 12; uses++) sketch.add(hash)
  }
  for (let hash = 1; hash <= 40; hash++) {
    expect(sketch.estimate(hash)).toBeGreaterThanOrEqual(hash % 12)
  }
  for (let uses = 0; uses < 20; uses++) sketch.add(77)
  expect(sketch.estimate(77)).toBe(15)
  for (let hash = 1000; hash < 2000; hash++) sketch.add(hash)
  expect(sketch.estimate(77)).toBeLessThan(15)
})

test('w-tinylfu keeps a block that was used more often than those that would replace it', () => {
  const cache = new BlockCache(100, POLICIES['w-tinylfu']!())
  // A cache that has grown to its size has forgotten nothing since.
  for (let offset = 0; offset < 200; offset++) cache.insert(2, offset, new Uint8Array(1))
  cache.insert(1, 0, new Uint8Array(1))
  for (let uses = 0; uses < 3; uses++) cache.get(1, 0)
  for (let offset = 200; offset < 600; offset++) cache.insert(2, offset, new Uint8Array(1))
  expect(cache.get(1, 0)).toBeDefined()
})
