/** The full merge of an open database. */

import { describe, expect, test } from 'vitest'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { put } from '../testing/log-fixtures.ts'
import type { Database } from './database.ts'

const scanned = (db: Database) =>
  Array.from(db.scan(), ([key, value]) => `${text(key)}=${text(value)}`).join(' ')

const runsOf = (db: Database) => db.version.levels.flatMap(({ runs }) => runs)

describe('compact', () => {
  test('leaves one run without deletions and old versions, and the same answers', async () => {
    const { db } = openTest({ strategy: everyNth(100) })
    for (const round of [1, 2, 3]) {
      for (const key of ['a', 'b', 'c', 'd', 'e']) put(db, key, `${key}${round}`)
      await db.delete(bytes('b'))
      await db.deleteRange(bytes('d'), bytes('e'))
      db.flush()
    }
    put(db, 'f', 'new')
    expect(runsOf(db)).toHaveLength(3)
    const before = scanned(db)
    db.compact()
    expect(scanned(db)).toBe(before)
    expect(runsOf(db)).toHaveLength(1)
    const { entries, tombstones, rangeDeletions } = db.version.totals
    expect({ entries, tombstones, rangeDeletions }).toEqual({
      entries: 4,
      tombstones: 0,
      rangeDeletions: 0,
    })
    const { merges } = db.metrics()
    db.compact()
    expect(db.metrics().merges).toBe(merges + 1)
    expect(scanned(db)).toBe(before)
  })

  test('of an empty database, or of one with nothing but deletions, leaves no table', async () => {
    const { db } = openTest()
    db.compact()
    expect(db.metrics().merges).toBe(0)
    put(db, 'a', '1')
    await db.delete(bytes('a'))
    db.flush()
    db.compact()
    expect(db.version.totals.tables).toBe(0)
    expect(db.get(bytes('a'))).toBeUndefined()
  })

  test('keeps what snapshots and cursors see', async () => {
    const { db } = openTest({ strategy: everyNth(100) })
    put(db, 'a', 'old')
    const snapshot = db.snapshot()
    const cursor = db.cursor()
    put(db, 'a', 'new')
    await db.delete(bytes('a'))
    db.flush()
    db.compact()
    expect(text(db.get(bytes('a'), { snapshot })!)).toBe('old')
    cursor.seekToFirst()
    expect(text(cursor.value())).toBe('old')
    cursor.close()
    snapshot.release()
    db.compact()
    expect(db.version.totals.tables).toBe(0)
  })

  test('cuts tables at the size of a memtable', () => {
    const { db } = openTest({ strategy: everyNth(100), options: { memtableBytes: 4096 } })
    for (let n = 0; n < 400; n++) put(db, `key${n}`, '.'.repeat(50))
    db.compact()
    const [run] = runsOf(db)
    expect(runsOf(db)).toHaveLength(1)
    expect(run!.totals.tables).toBeGreaterThan(4)
    expect(run!.totals.rawBytes / run!.totals.tables).toBeLessThan(5000)
    expect(Array.from(db.scan())).toHaveLength(400)
  })

  test('collects the value log', () => {
    const { db } = openTest({
      strategy: everyNth(100),
      valueLogPolicy: restless,
      options: { valueLog: RESTLESS_LOG },
    })
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 20; n++) put(db, `key${n}`, `${round}`.padEnd(200, '.'))
      db.flush()
    }
    db.compact()
    expect(Array.from(db.scan(), ([, value]) => text(value)[0])).toEqual(Array(20).fill('2'))
  })

  test('keeps tables of different ages apart where retention drops them by age', () => {
    const { db } = openTest({ strategy: everyNth(100), options: { retentionMaxBytes: 1 << 20 } })
    for (const key of ['z', 'a', 'm']) {
      put(db, key, '1')
      db.flush()
    }
    put(db, 'b', '1')
    db.compact()
    expect(runsOf(db)).toHaveLength(4)
    expect(db.metrics().merges).toBe(0)
  })

  test('that fails leaves the tree as it was, and the database read-only', () => {
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory)
    const { db } = openTest({ strategy: everyNth(100), storage: storage as never })
    put(db, 'a', '1')
    db.flush()
    put(db, 'b', '2')
    db.flush()
    const { version } = db
    storage.failWhen(({ operation, path }) => operation === 'sync' && path.endsWith('.sst'), 'EIO')
    expect(() => db.compact()).toThrow(expect.objectContaining({ code: 'LSM_IO' }))
    expect(db.version).toBe(version)
    expect(scanned(db)).toBe('a=1 b=2')
    expect(() => put(db, 'c', '3')).toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
    db.close()
  })
})
