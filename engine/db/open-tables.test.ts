import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, sumCells } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { bytes, everyNth, never, openTest, text } from '../testing/fixtures.ts'
import { put } from '../testing/log-fixtures.ts'
import { openReader } from './readers/reader.ts'
import { Readable } from './readers/testing/readable.ts'

const RUNS = 40
const KEYS = 400
const keyOf = (index: number) => `key${String(index).padStart(3, '0')}`
const contentOf = (index: number) => `${index}`.padEnd(40, '.')

/** `RUNS` runs of one table; run r holds every key whose remainder is r. */
function filled(options = {}, strategy = never) {
  const ledger = new Ledger()
  const open = { storage: new MemoryStorage(ledger), strategy }
  const { db } = openTest({ ...open, options: { memtableBytes: 64 * 1024, ...options } })
  for (let run = 0; run < RUNS; run++) {
    for (let index = run; index < KEYS; index += RUNS) put(db, keyOf(index), contentOf(index))
    db.flush()
  }
  const opened = () => sumCells(ledger.cells(), { cause: 'open', direction: 'read' }).bytes
  return { db, ledger, opened }
}

type Filled = ReturnType<typeof filled>
const get = ({ db }: Filled, index: number) => {
  const value = db.get(bytes(keyOf(index)))
  return value === undefined ? undefined : text(value)
}

describe('tables with index and filter in memory', () => {
  test('never exceed openTablesMax, under any mix of gets, cursors and compactions', async () => {
    const step = fc.record({
      call: fc.constantFrom('get', 'getMany', 'open', 'move', 'close', 'write'),
      index: fc.nat(KEYS - 1),
    })
    const steps = fc.array(step, { minLength: 20, maxLength: 60, size: 'max' })
    const property = fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 12 }),
      async (calls, max) => {
        const world = filled({ openTablesMax: max }, everyNth(25))
        const { db } = world
        const cursors: { cursor: ReturnType<typeof db.cursor>; at: number }[] = []
        for (const { call, index } of calls) {
          if (call === 'get') expect(get(world, index)).toBe(contentOf(index))
          if (call === 'getMany') {
            const found = db.getMany([index, 0, KEYS - 1].map((at) => bytes(keyOf(at))))
            expect(get(world, KEYS - 1 - index)).toBe(contentOf(KEYS - 1 - index))
            const expected = [index, 0, KEYS - 1].map(contentOf)
            expect((await found).map((value) => text(value!))).toEqual(expected)
          }
          if (call === 'open') {
            const cursor = db.cursor()
            cursor.seek(bytes(keyOf(index)))
            cursors.push({ cursor, at: index })
          }
          if (call === 'write') {
            put(db, keyOf(index), contentOf(index))
            db.flush()
          }
          if (call === 'close') cursors.shift()?.cursor.close()
          for (const held of cursors) {
            if (call !== 'move' || !held.cursor.valid) continue
            expect(text(held.cursor.value())).toBe(contentOf(held.at))
            held.cursor.next()
            held.at++
          }
          expect(db.metrics().openTables).toBeLessThanOrEqual(max)
        }
        db.close()
        expect(db.metrics()).toMatchObject({ openTables: 0, tableMemoryBytes: 0 })
      },
    )
    await fc.assert(property, { numRuns: 30 })
  })

  test('are read again after they were given up, on the account of opens', () => {
    const world = filled({ openTablesMax: 8 })
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < KEYS; index++) expect(get(world, index)).toBe(contentOf(index))
    }
    const unlimited = filled()
    for (let index = 0; index < KEYS; index++) get(unlimited, index)
    const { tableMemoryBytes } = unlimited.db.metrics()
    expect(unlimited.db.metrics().openTables).toBe(RUNS)
    expect(world.db.metrics().tableMemoryBytes).toBe((8 / RUNS) * tableMemoryBytes)
    expect(world.opened()).toBeGreaterThan(2 * unlimited.opened())
    const once = unlimited.opened()
    for (let index = 0; index < KEYS; index++) get(unlimited, index)
    expect(unlimited.opened(), 'each is opened once').toBe(once)
    world.db.close()
    unlimited.db.close()
  })

  test('stay while they are read more often than others', () => {
    const { db, opened } = filled({ openTablesMax: 8 })
    const read = (run: number) => db.get(bytes(keyOf(run)))
    const newest = RUNS - 1
    read(newest)
    for (let older = 1; older < 30; older++) {
      const before = opened()
      read(newest)
      expect(opened() - before, 'the newest run was never given up').toBe(0)
      read(newest - older)
    }
    db.close()
  })

  test('keep their counts of reads while they are closed', () => {
    let reads: readonly number[] = []
    const strategy = {
      ...never,
      pick({ version, tableStats }: Parameters<typeof never.pick>[0]) {
        reads = (version.levels[0]?.runs ?? []).flatMap((run) =>
          run.chunks.flatMap(({ tables }) => tables.map(({ id }) => tableStats(id).reads)),
        )
        return null
      },
    }
    const world = filled({ openTablesMax: 1 }, strategy)
    for (let round = 0; round < 3; round++) get(world, KEYS / 2)
    put(world.db, 'z', 'z')
    world.db.flush()
    expect(reads).toEqual([0, ...Array.from({ length: RUNS }, () => 3)])
    world.db.close()
  })

  test('count in the block cache where that is asked for, and leave half of it to blocks', () => {
    const blockCacheBytes = 4000
    const world = filled({ blockCacheBytes, cacheTableMemory: true })
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < KEYS; index++) {
        expect(get(world, index)).toBe(contentOf(index))
        const { cacheUsedBytes, tableMemoryBytes } = world.db.metrics()
        expect(tableMemoryBytes).toBeLessThanOrEqual(blockCacheBytes / 2)
        expect(cacheUsedBytes + tableMemoryBytes).toBeLessThanOrEqual(blockCacheBytes)
      }
    }
    const { cacheUsedBytes, openTables } = world.db.metrics()
    expect(openTables).toBeGreaterThan(1)
    expect(cacheUsedBytes).toBeGreaterThan(0)
    world.db.close()
    const beside = filled({ blockCacheBytes })
    for (let index = 0; index < KEYS; index++) get(beside, index)
    expect(beside.db.metrics().openTables).toBe(RUNS)
    beside.db.close()
  })
})

test('a reader in another thread bounds its own tables', async () => {
  const world = new Readable({ strategy: never, options: { openTablesMax: 2 } })
  for (let run = 0; run < 5; run++) {
    await world.write(20)
    world.db.flush()
  }
  using reader = openReader(world.db.readerChannel())
  for (const key of world.oracle.keys()) expect(reader.has(bytes(key))).toBe(true)
  const { openTables, tableMemoryBytes } = reader.metrics()
  expect(openTables).toBe(2)
  expect(tableMemoryBytes).toBeGreaterThan(0)
})
