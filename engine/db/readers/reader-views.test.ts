/** Readers take views while the database changes: at each step of the protocol, and amid writes. */
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { MemTable } from '../../memtable/memtable.ts'
import { VisibleSeq } from '../../memtable/visible-seq.ts'
import { bytes, text } from '../../testing/fixtures.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import type { Database } from '../database.ts'
import { openReader } from './reader.ts'
import { HeldViews, NewestView } from './reader-cells.ts'
import { ReaderHub } from './reader-hub.ts'
import { expectSame, KEYS, pairsOf, Readable } from './testing/readable.ts'
import { PairChecks, PairCounts } from './testing/verified-pairs.ts'

afterEach(() => vi.restoreAllMocks())

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
