/** What a reader keeps from removal, and when it lets go. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { ArenaPool } from '../../memtable/arena-pool.ts'
import { bytes, never, text } from '../../testing/fixtures.ts'
import { openReader } from './reader.ts'
import { expectSame, KEYS, LOGGED, Readable, turns } from './testing/readable.ts'

afterEach(() => vi.restoreAllMocks())

test('a cursor keeps the tables that it reaches, and no others', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  db.flush()
  using reader = openReader(db.readerChannel())
  const cursor = reader.cursor()
  cursor.seekToFirst()
  const before = new Map(world.oracle)
  const reached = world.tables()
  for (let round = 0; round < 4; round++) {
    await world.write(KEYS)
    db.flush()
    await turns()
  }
  const left = world.tables()
  expect(left).toEqual(expect.arrayContaining(reached))
  expect(left.length).toBe(reached.length + world.tablesOfVersion())
  const seen = new Map<string, string>()
  for (; cursor.valid; cursor.next()) seen.set(text(cursor.key()), text(cursor.value()))
  expect(seen).toEqual(before)
  cursor.close()
  await turns()
  expect(world.tables().length).toBe(world.tablesOfVersion())
  await expectSame(reader, world.oracle)
})

test('a cursor keeps its memtable while the next memtables are filled', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(50)
  using reader = openReader(db.readerChannel())
  const before = new Map(world.oracle)
  using cursor = reader.cursor()
  for (let round = 0; round < 4; round++) {
    await world.write(50)
    db.flush()
    await turns()
    expect(reader.lastSeq).toBe(db.lastSeq)
  }
  const seen = new Map<string, string>()
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
    seen.set(text(cursor.key()), text(cursor.value()))
  }
  expect(seen).toEqual(before)
})

test('a reader that takes each view lets the database use the same arenas again', async () => {
  const world = new Readable()
  using reader = openReader(world.db.readerChannel())
  const arenas = new Set<SharedArrayBuffer>()
  const take = ArenaPool.prototype.take
  vi.spyOn(ArenaPool.prototype, 'take').mockImplementation(function (this: ArenaPool, size) {
    const arena = take.call(this, size)
    arenas.add(arena)
    return arena
  })
  for (let flush = 0; flush < 30; flush++) {
    await world.write(20)
    world.db.flush()
    reader.has(bytes('key1'))
    await turns()
  }
  expect(arenas.size).toBeLessThanOrEqual(3)
})

test('a cursor keeps segments whose values were moved; without it they shrink', async () => {
  const world = new Readable(LOGGED)
  const { db, storage, folder } = world
  const logBytes = () => {
    const segments = storage.list(folder).filter((name) => name.endsWith('.blob'))
    return segments.reduce((sum, name) => sum + storage.size(`${folder}/${name}`), 0)
  }
  await world.write(KEYS)
  db.flush()
  using reader = openReader(db.readerChannel())
  // Into segments that are newer than the view.
  await world.write(30)
  const before = new Map(world.oracle)
  const cursor = reader.cursor()
  const keptBytes = logBytes()
  await world.write(2 * KEYS)
  db.flush()
  await turns()
  expect(db.metrics().valueLog.segmentsCollected).toBeGreaterThan(3)
  expect(logBytes()).toBeGreaterThan(1.5 * keptBytes)
  const seen = new Map<string, string>()
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
    seen.set(text(cursor.key()), text(cursor.value()))
  }
  expect(seen).toEqual(before)
  cursor.close()
  await turns()
  expect(logBytes()).toBeLessThan(1.5 * keptBytes)
  await expectSame(reader, world.oracle)
})

test('a thread takes new views when it reads and when its event loop turns', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(KEYS)
  db.flush()
  using reader = openReader(db.readerChannel())
  const hasOld = () => world.tables().length > world.tablesOfVersion()
  await world.write(KEYS)
  db.flush()
  expect(hasOld()).toBe(true)
  await turns()
  expect(hasOld()).toBe(false)
  await world.write(KEYS)
  db.flush()
  expect(hasOld()).toBe(true)
  reader.has(bytes('key1'))
  // The database looks at what readers hold whenever its tree has changed.
  db.flush()
  expect(hasOld()).toBe(false)
})

test.runIf(existsSync('/proc/self/fd'))(
  'a reader closes the files that it needs no more',
  async () => {
    const world = new Readable(LOGGED)
    const { db, folder } = world
    const links = () => readdirSync('/proc/self/fd').map((fd) => readLink(`/proc/self/fd/${fd}`))
    const openOnes = () => links().filter((path) => path.startsWith(folder))
    using reader = openReader(db.readerChannel())
    for (let round = 0; round < 3; round++) {
      await world.write(KEYS)
      db.flush()
      await expectSame(reader, world.oracle)
    }
    expect(openOnes().length).toBeGreaterThan(5)
    db.flush()
    await turns()
    expect(openOnes().filter((path) => path.endsWith('(deleted)'))).toEqual([])
    db.close()
    await turns()
    expect(openOnes()).toEqual([])
  },
)

test('a reader that holds too many views says so, and goes on when it holds fewer', async () => {
  const world = new Readable({ strategy: never })
  const { db } = world
  using reader = openReader(db.readerChannel())
  const cursors = []
  const tooMany = /the reader holds 256 old views: close cursors and release snapshots/
  for (let held = 0; held < 256; held++) {
    await db.put(bytes('key'), bytes(`${held}`))
    cursors.push(reader.cursor())
    db.flush()
  }
  expect(() => reader.get(bytes('key'))).toThrow(tooMany)
  await turns()
  cursors[100]!.close()
  expect(text(reader.get(bytes('key'))!)).toBe('255')
  for (const [held, cursor] of cursors.entries()) {
    if (held === 100) continue
    cursor.seekToFirst()
    expect(text(cursor.value())).toBe(`${held}`)
  }
})

/** Where the link leads; empty if it has gone. */
function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
