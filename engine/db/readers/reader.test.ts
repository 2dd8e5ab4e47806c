import { once } from 'node:events'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { ArenaPool } from '../../memtable/arena-pool.ts'
import { MemTable } from '../../memtable/memtable.ts'
import { VisibleSeq } from '../../memtable/visible-seq.ts'
import { Ledger, sumCells } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { newDiskFolder } from '../../testing/disk-folder.ts'
import { bytes, everyNth, never, RESTLESS_LOG, restless, text } from '../../testing/fixtures.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { Database } from '../database.ts'
import type { OpenOptions } from '../open-options.ts'
import { type DatabaseReader, openReader } from './reader.ts'
import { HeldViews, NewestView } from './reader-cells.ts'
import { ReaderHub } from './reader-hub.ts'
import { PairChecks, PairCounts } from './testing/verified-pairs.ts'

// These tests read in the thread of the database, so that each step is under control.

const OPTIONS = { memtableBytes: 8 * 1024, blockBytes: 512, blockCacheBytes: 60_000 }
const KEYS = 200

afterEach(() => vi.restoreAllMocks())

/** A database on disk, of which every test can read the folder. */
class Readable {
  readonly ledger = new Ledger()
  readonly storage = new NodeStorage(this.ledger)
  readonly folder = newDiskFolder()
  readonly db: Database
  readonly oracle = new Map<string, string>()
  #written = 0

  constructor(open: Partial<OpenOptions> = {}) {
    const { storage, folder } = this
    this.db = Database.open({ folder, storage, strategy: everyNth(2), options: OPTIONS, ...open })
    onTestFinished(() => this.db.close())
  }

  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const number = this.#written++
      const key = `key${(number * 7) % KEYS}`
      const value = `${number}`.padEnd(60 + (number % 50), '.')
      await this.db.put(bytes(key), bytes(value))
      this.oracle.set(key, value)
    }
  }

  /** The numbers of the table files in the folder. */
  tables(): string[] {
    return this.storage.list(this.folder).filter((name) => name.endsWith('.sst'))
  }

  tablesOfVersion(): number {
    return this.db.version.totals.tables
  }
}

function pairsOf(entries: Iterable<[Uint8Array, Uint8Array]>): Map<string, string> {
  return new Map(Array.from(entries, ([key, value]) => [text(key), text(value)]))
}

/** Where the link leads; empty if it has gone. */
function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Lets messages between a database and its readers arrive, and their answers. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextTurn()
}

async function expectSame(reader: DatabaseReader, oracle: ReadonlyMap<string, string>) {
  expect(pairsOf(reader.scan())).toEqual(oracle)
  expect(pairsOf(reader.scan({ reverse: true }))).toEqual(oracle)
  const ahead: [Uint8Array, Uint8Array][] = []
  for await (const pair of reader.scanAsync()) ahead.push(pair)
  expect(pairsOf(ahead)).toEqual(oracle)
  const keys = [...oracle.keys(), 'none']
  const values = keys.map((key) => oracle.get(key))
  const found = (value: Uint8Array | undefined) => (value === undefined ? value : text(value))
  expect(keys.map((key) => found(reader.get(bytes(key))))).toEqual(values)
  expect(keys.map((key) => reader.has(bytes(key)))).toEqual(values.map((v) => v !== undefined))
  expect((await reader.getMany(keys.map(bytes))).map(found)).toEqual(values)
}

const LOGGED: Partial<OpenOptions> = {
  options: { ...OPTIONS, valueLog: RESTLESS_LOG },
  valueLogPolicy: restless,
}

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
  const closed = expect.objectContaining({ code: 'LSM_CLOSED' })
  expect(() => reader.get(bytes('key7'), { snapshot })).toThrow(closed)
  const foreign = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
  expect(() => reader.get(bytes('key7'), { snapshot: db.snapshot() })).toThrow(foreign)
})

/** Where the database changes while a reader takes a view. */
const STEPS: readonly [string, (change: () => void) => void][] = [
  [
    'the reader loads the sequence number',
    (change) => {
      const load = VisibleSeq.prototype.load
      vi.spyOn(VisibleSeq.prototype, 'load').mockImplementation(function (this: VisibleSeq) {
        change()
        return load.call(this)
      })
    },
  ],
  [
    'the reader says that it holds a view',
    (change) => {
      const store = HeldViews.prototype.store
      vi.spyOn(HeldViews.prototype, 'store').mockImplementation(function (this: HeldViews, ...of) {
        change()
        store.apply(this, of)
      })
    },
  ],
  [
    'the reader looks for a newer view',
    (change) => {
      const is = NewestView.prototype.is
      vi.spyOn(NewestView.prototype, 'is').mockImplementation(function (this: NewestView, view) {
        change()
        return is.call(this, view)
      })
    },
  ],
]

const CHANGES = 8

test.each(STEPS)('the database changes right before %s', async (_, interpose) => {
  const world = new Readable()
  const { db } = world
  await world.write(KEYS)
  using reader = openReader(db.readerChannel())
  /** The values of one key, by the sequence numbers of their writes. */
  const bySeq = new Map([[0, world.oracle.get('key7')!]])
  let changes = 0
  let isChanging = false
  interpose(() => {
    if (isChanging || changes >= CHANGES) return
    isChanging = true
    changes++
    // Replaces all tables and fills all arenas. What follows lies in a new memtable.
    for (let flush = 0; flush < 3; flush++) {
      db.flush()
      for (let i = 0; i < 20; i++) {
        const [key, value] = [`key${i}`, `${changes} ${flush}`.padEnd(50, '.')]
        const batch = new WriteBatch()
        batch.put(bytes(key), bytes(value))
        db.writeSync(batch)
        world.oracle.set(key, value)
        if (key === 'key7') bySeq.set(db.lastSeq, value)
      }
    }
    isChanging = false
  })
  while (changes < CHANGES) {
    using snapshot = reader.snapshot()
    const now = text(reader.get(bytes('key7'))!)
    expect([...bySeq.values()]).toContain(now)
    const atSnapshot = text(reader.get(bytes('key7'), { snapshot })!)
    const newest = Math.max(...bySeq.keys().filter((seq) => seq <= snapshot.seq))
    expect(atSnapshot).toBe(bySeq.get(newest))
    expect(pairsOf(reader.scan({ snapshot })).get('key7')).toBe(atSnapshot)
    const batch = new WriteBatch()
    batch.put(bytes('key0'), bytes('now'))
    db.writeSync(batch)
    world.oracle.set('key0', 'now')
    db.flush()
  }
  await expectSame(reader, world.oracle)
})

/** Entries that this thread reads in the middle of a write. */
async function readAmidWrites(plant: (db: Database, visible: VisibleSeq) => void) {
  const world = new Readable()
  const { db } = world
  const counts = new PairCounts(PairCounts.memory(50))
  const channel = db.readerChannel()
  using reader = openReader(channel)
  const checks = new PairChecks(reader, counts, createRandom(1))
  for (let pair = 0; pair < counts.pairs; pair++) await counts.write(db, pair)
  plant(db, new VisibleSeq(channel.visible))
  const add = MemTable.prototype.add
  let adds = 0
  vi.spyOn(MemTable.prototype, 'add').mockImplementation(function (this: MemTable, ...args) {
    // Before the second entry of a batch.
    if (++adds % 2 === 0) checks.scan(adds % 4 === 0)
    add.apply(this, args)
  })
  for (let write = 0; write < 200; write++) {
    await counts.write(db, write % counts.pairs)
    checks.gets(20)
  }
  const { torn, stale, unwritten, unequal } = checks.report()
  return { torn, stale, unwritten, unequal }
}

test('a reader that has taken a view before its number is stored waits for the number', async () => {
  const world = new Readable()
  await world.write(KEYS)
  using reader = openReader(world.db.readerChannel())
  const storeLater = `
    const { cells, view } = require('node:worker_threads').workerData
    setTimeout(() => Atomics.store(cells, 0, view), 50)`
  // The reader is one view behind, so its next read takes all views that were posted.
  world.db.flush()
  const batch = new WriteBatch()
  batch.put(bytes('key7'), bytes('later'))
  world.db.writeSync(batch)
  const read: string[] = []
  vi.spyOn(NewestView.prototype, 'publish').mockImplementation(function (this: NewestView, view) {
    new Worker(storeLater, { eval: true, workerData: { cells: this.cells, view } })
    read.push(text(reader.get(bytes('key7'))!))
  })
  world.db.flush()
  expect(read[0]).toBe('later')
})

test('no read in the middle of a write sees a part of it', async () => {
  const report = await readAmidWrites(() => {})
  expect(report).toEqual({ torn: 0, stale: 0, unwritten: 0, unequal: 0 })
})

test('a sequence number that is visible before its entries is caught', async () => {
  const report = await readAmidWrites((db, visible) => {
    const publish = VisibleSeq.prototype.publish
    vi.spyOn(VisibleSeq.prototype, 'publish').mockImplementation(function (this: VisibleSeq, seq) {
      publish.call(this, seq + 2)
    })
    visible.publish(db.lastSeq)
  })
  expect(report.unequal).toBeGreaterThan(0)
})

test('a memtable that readers get after its first entries are visible is caught', async () => {
  const report = await readAmidWrites(() => {
    vi.spyOn(ReaderHub.prototype, 'update').mockImplementation(() => {})
  })
  expect(report.stale).toBeGreaterThan(0)
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

test('after the close of the database every read is refused with a code', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  const reader = openReader(db.readerChannel())
  const late = db.readerChannel()
  using snapshot = reader.snapshot()
  const cursor = reader.cursor()
  cursor.seekToFirst()
  const pairs = reader.scan()
  pairs.next()
  db.close()
  const closed = expect.objectContaining({ code: 'LSM_CLOSED' })
  const key = bytes('key1')
  expect(() => reader.get(key)).toThrow(closed)
  expect(() => reader.get(key, { snapshot })).toThrow(closed)
  expect(() => reader.has(key)).toThrow(closed)
  expect(() => reader.scan()).toThrow(closed)
  expect(() => reader.cursor()).toThrow(closed)
  expect(() => reader.snapshot()).toThrow(closed)
  expect(() => reader.lastSeq).toThrow(closed)
  await expect(reader.getMany([key])).rejects.toThrow(closed)
  expect(() => openReader(late)).toThrow(closed)
  expect(() => db.readerChannel()).toThrow(closed)
  expect(() => cursor.next()).toThrow(closed)
  expect(() => cursor.seekToFirst()).toThrow(closed)
  expect(() => pairs.next()).toThrow(closed)
  reader.close()
  reader.close()
})

test('a cursor opens no table after the close of the database', async () => {
  const world = new Readable({ strategy: never })
  const { db } = world
  await world.write(4 * KEYS)
  db.flush()
  const reader = openReader(db.readerChannel())
  const cursor = reader.cursor()
  db.close()
  const closed = expect.objectContaining({ code: 'LSM_CLOSED' })
  expect(() => cursor.seekToFirst()).toThrow(closed)
  await turns()
  expect(() => reader.get(bytes('key1'))).toThrow(closed)
})

test('a closed reader lets go of everything; the database goes on', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  const reader = openReader(db.readerChannel())
  const cursor = reader.cursor()
  await world.write(2 * KEYS)
  db.flush()
  reader.close()
  const closed = expect.objectContaining({ code: 'LSM_CLOSED' })
  expect(() => cursor.seekToFirst()).toThrow(closed)
  expect(() => reader.get(bytes('key1'))).toThrow(closed)
  await turns()
  expect(world.tables().length).toBe(world.tablesOfVersion())
  await world.write(10)
  expect(pairsOf(db.scan())).toEqual(world.oracle)
})

test('a thread that dies lets go of what it held', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  db.flush()
  const channel = db.readerChannel()
  const worker = new Worker(new URL('./testing/holding.worker.ts', import.meta.url), {
    workerData: channel,
    transferList: [channel.port],
  })
  await once(worker, 'message')
  const reached = world.tables()
  await world.write(2 * KEYS)
  db.flush()
  await turns()
  expect(world.tables()).toEqual(expect.arrayContaining(reached))
  await worker.terminate()
  await turns()
  expect(world.tables().length).toBe(world.tablesOfVersion())
})

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
