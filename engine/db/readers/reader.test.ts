import { expect, test } from 'vitest'
import { sumCells } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { writeExternal } from '../../testing/external-tables.ts'
import { bytes, never, text } from '../../testing/fixtures.ts'
import { Database } from '../database.ts'
import { openReader } from './reader.ts'
import {
  CLOSED,
  expectSame,
  KEYS,
  LOGGED,
  OPTIONS,
  pairsOf,
  Readable,
  turns,
} from './testing/readable.ts'

test.each([
  ['tables', {}],
  ['a value log', LOGGED],
])('reads what was acknowledged, through flushes and merges: %s', async (_, open) => {
  const world = new Readable(open)
  const { db } = world
  await world.write(50)
  using reader = openReader(db.readerChannel())
  for (let round = 0; round < 8; round++) {
    await world.write(75)
    expect(reader.lastSeq).toBe(db.lastSeq)
    await expectSame(reader, world.oracle)
    await db.delete(bytes(`key${round}`))
    world.oracle.delete(`key${round}`)
    await expectSame(reader, world.oracle)
    if (round % 3 === 2) db.flush()
  }
  expect(db.metrics().merges).toBeGreaterThan(2)
})

test('sees an ingest as a whole once it was made, and a snapshot before it does not', async () => {
  const world = new Readable({ strategy: never })
  const { db } = world
  await world.write(20)
  using reader = openReader(db.readerChannel())
  const snapshot = reader.snapshot()
  const before = reader.get(bytes('key1'))
  const imports = new MemoryStorage()
  writeExternal(imports, '/in/1.sst', [['key1', 'in']])
  writeExternal(imports, '/in/2.sst', [['key2', 'in']])
  db.ingest(['/in/1.sst', '/in/2.sst'], { storage: imports })
  expect(reader.lastSeq).toBe(db.lastSeq)
  for (const name of ['key1', 'key2']) expect(text(reader.get(bytes(name))!)).toBe('in')
  expect(reader.get(bytes('key1'), { snapshot })).toEqual(before)
  snapshot.release()
})

test('counts its reads in the ledger of the database, and in counters of its own', async () => {
  const world = new Readable({ strategy: never })
  await world.write(KEYS)
  world.db.flush()
  const readBytes = () => sumCells(world.ledger.cells(), { cause: 'get', direction: 'read' }).bytes
  using reader = openReader(world.db.readerChannel())
  const before = readBytes()
  for (let read = 0; read < 2; read++) expect(reader.has(bytes('key7'))).toBe(true)
  const { gets, cacheHits, cacheUsedBytes } = reader.metrics()
  expect(gets.bytesFromStorage).toBeGreaterThan(0)
  expect(readBytes() - before).toBe(gets.bytesFromStorage)
  expect(cacheHits).toBe(1)
  expect(cacheUsedBytes).toBeGreaterThan(0)
  expect(world.db.metrics().gets.blocksFromStorage).toBe(0)
})

test('a snapshot stays at its moment until it is released', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(KEYS)
  using reader = openReader(db.readerChannel())
  const snapshot = reader.snapshot()
  expect(snapshot.seq).toBe(db.lastSeq)
  const before = new Map(world.oracle)
  await world.write(2 * KEYS)
  db.flush()
  await turns()
  expect(pairsOf(reader.scan({ snapshot }))).toEqual(before)
  expect(text(reader.get(bytes('key7'), { snapshot })!)).toBe(before.get('key7'))
  await expectSame(reader, world.oracle)
  snapshot.release()
  await turns()
  expect(world.tables().length).toBe(world.tablesOfVersion())
  expect(() => reader.get(bytes('key7'), { snapshot })).toThrow(CLOSED)
  const foreign = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
  expect(() => reader.get(bytes('key7'), { snapshot: db.snapshot() })).toThrow(foreign)
})

test('the cache of the database is divided among its readers, and returned', async () => {
  const world = new Readable({ strategy: never })
  const { db } = world
  for (let write = 0; write < 6; write++) await world.write(KEYS)
  db.flush()
  const first = openReader(db.readerChannel())
  using second = openReader(db.readerChannel())
  using own = openReader(db.readerChannel({ blockCacheBytes: 5000 }))
  const used = () =>
    [db, first, second, own].map((face) => {
      Array.from(face.scan())
      return face.metrics().cacheUsedBytes
    })
  const third = OPTIONS.blockCacheBytes / 3
  const near = (limit: number) => expect.toSatisfy((n) => n <= limit && n > limit - 1024)
  expect(used()).toEqual([near(third), near(third), near(third), near(5000)])
  first.close()
  await turns()
  const half = OPTIONS.blockCacheBytes / 2
  const [ofDatabase, , ofSecond] = [db, null, second].map((face) => {
    if (face === null) return 0
    Array.from(face.scan())
    return face.metrics().cacheUsedBytes
  })
  expect([ofDatabase, ofSecond]).toEqual([near(half), near(half)])
})

test('bad channels and storages are refused', () => {
  const world = new Readable()
  const invalid = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
  expect(() => openReader(null as never)).toThrow(invalid)
  expect(() => openReader({ folder: 'x' } as never)).toThrow(invalid)
  expect(() => openReader({ ...world.db.readerChannel(), extra: 1 } as never)).toThrow(invalid)
  const channel = world.db.readerChannel()
  using _ = openReader(channel)
  expect(() => openReader(channel)).toThrow('another reader was opened from the same channel')
  expect(() => world.db.readerChannel({ blockCacheBytes: -1 })).toThrow(invalid)
  expect(() => world.db.readerChannel({ cacheBytes: 1 } as never)).toThrow(invalid)
  const inMemory = Database.open({ storage: new MemoryStorage(), folder: '/db', strategy: never })
  expect(() => inMemory.readerChannel()).toThrow('readers need a storage that threads can share')
})
