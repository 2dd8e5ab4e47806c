/** What callers do that they should not, or at moments nobody thought of. */

import { describe, expect, test } from 'vitest'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, never, openTest, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'
import type { Snapshot } from './snapshots.ts'

const key = (n: number) => bytes(`key${String(n).padStart(5, '0')}`)
const coded = (code: string) => expect.objectContaining({ code })
const batchOf = (...entries: readonly (readonly [string, string])[]) => {
  const batch = new WriteBatch()
  for (const [k, v] of entries) batch.put(bytes(k), bytes(v))
  return batch
}

function fill(db: Database, count: number, value = 'v'): void {
  for (let n = 0; n < count; n++) {
    const batch = new WriteBatch()
    batch.put(key(n), bytes(`${value}${n}`))
    db.writeSync(batch)
  }
}

function first<Item>(items: Iterable<Item>): Item | undefined {
  for (const item of items) return item
  return undefined
}

const tableNames = (storage: MemoryStorage) =>
  storage.list('/db').filter((name) => name.endsWith('.sst'))

describe('a cursor', () => {
  test('reads nothing after its database was closed, and its close touches no file', () => {
    const { db, storage } = openTest({ strategy: everyNth(2) })
    fill(db, 800)
    const cursor = db.cursor()
    cursor.seekToFirst()
    fill(db, 800)
    db.close()
    expect(() => cursor.next()).toThrow(coded('LSM_CLOSED'))
    expect(() => cursor.seek(key(1))).toThrow(coded('LSM_CLOSED'))
    const { db: again } = openTest({ storage })
    const before = storage.list('/db')
    cursor.close()
    expect(storage.list('/db')).toEqual(before)
    again.close()
  })

  test('that is open at the close leaves no table behind that the tree does not name', () => {
    const { db, storage } = openTest({ strategy: everyNth(2) })
    fill(db, 800)
    db.cursor().seekToFirst()
    fill(db, 800)
    const { tables } = db.version.totals
    expect(tableNames(storage).length).toBeGreaterThan(tables)
    db.close()
    expect(tableNames(storage)).toHaveLength(tables)
  })

  test('refuses every call after its close', () => {
    const { db } = openTest()
    fill(db, 10)
    const cursor = db.cursor()
    cursor.close()
    cursor.close()
    for (const move of [
      () => cursor.seekToFirst(),
      () => cursor.seekToLast(),
      () => cursor.seek(key(1)),
      () => cursor.seekForPrev(key(1)),
      () => cursor.next(),
      () => cursor.prev(),
    ]) {
      expect(move).toThrow(coded('LSM_CLOSED'))
    }
  })

  test.each<[string, (db: Database) => unknown]>([
    ['a scan never begun', (db) => db.scan()[Symbol.dispose]()],
    ['a scan returned before its first step', (db) => db.scan().return?.()],
    ['a scan left in the middle', (db) => first(db.scan())],
    ['a scan that reached its limit', (db) => [...db.scan({ limit: 2 })]],
    ['a scan run to its end', (db) => [...db.scan()]],
    [
      'a cursor with bad bounds',
      (db) => expect(() => db.cursor({ gt: key(1), gte: key(1) })).toThrow('exclude'),
    ],
    [
      'a cursor at a released snapshot',
      (db) => {
        const snapshot = db.snapshot()
        snapshot.release()
        expect(() => db.cursor({}, { snapshot })).toThrow(coded('LSM_CLOSED'))
      },
    ],
  ])('%s releases its tables', (_, use) => {
    const { db, storage } = openTest({ strategy: everyNth(2) })
    fill(db, 800)
    use(db)
    fill(db, 800)
    expect(tableNames(storage)).toHaveLength(db.version.totals.tables)
  })

  test('continues while its own loop writes, deletes and flushes', () => {
    const { db } = openTest({ strategy: everyNth(2) })
    fill(db, 300, 'before')
    for (const reverse of [false, true]) {
      let seen = 0
      for (const [k, v] of db.scan({ reverse })) {
        expect(text(v)).toMatch(/^before/)
        seen++
        const batch = new WriteBatch()
        batch.delete(k)
        batch.put(bytes(`${text(k)}+`), bytes('after'.padEnd(60)))
        batch.put(k, v)
        if (!text(k).endsWith('+')) db.writeSync(batch)
        if (seen % 50 === 0) db.flush()
      }
      expect(seen).toBe(300)
      for (let n = 0; n < 300; n++) {
        const batch = new WriteBatch()
        batch.delete(bytes(`${text(key(n))}+`))
        db.writeSync(batch)
      }
    }
  })
})

describe('a snapshot', () => {
  test('refuses reads after its release', () => {
    const { db } = openTest()
    fill(db, 10, 'old')
    const snapshot = db.snapshot()
    snapshot.release()
    snapshot.release()
    expect(() => db.get(key(1), { snapshot })).toThrow(coded('LSM_CLOSED'))
    expect(() => db.scan({ snapshot })).toThrow(coded('LSM_CLOSED'))
  })

  test.each(['get', 'has', 'scan', 'scanAsync', 'cursor'] as const)(
    'of another database or of an earlier open is refused by %s',
    (call) => {
      const read = (db: Database, snapshot: Snapshot) => {
        if (call === 'get' || call === 'has') return db[call](key(1), { snapshot })
        return call === 'cursor' ? db.cursor({}, { snapshot }) : db[call]({ snapshot })
      }
      const { db, storage } = openTest()
      fill(db, 10, 'old')
      const { db: other } = openTest()
      const earlier = db.snapshot()
      expect(() => read(other, earlier)).toThrow(coded('LSM_INVALID_ARGUMENT'))
      fill(db, 10, 'new')
      db.close()
      const { db: again } = openTest({ storage })
      expect(() => read(again, earlier)).toThrow(coded('LSM_INVALID_ARGUMENT'))
      expect(() => read(db, earlier)).toThrow(coded('LSM_CLOSED'))
      again.close()
      other.close()
    },
  )

  test('may be released after the close, and a second release does not affect an equal snapshot', () => {
    const { db } = openTest({ strategy: everyNth(2) })
    fill(db, 100, 'old')
    const [one, twin] = [db.snapshot(), db.snapshot()]
    one.release()
    one.release()
    fill(db, 600, 'new')
    expect(text(db.get(key(7), { snapshot: twin })!)).toBe('old7')
    db.close()
    twin.release()
  })
})

describe('the caller may change', () => {
  test('a key and a value after the call of put', async () => {
    const { db } = openTest()
    const [k, v] = [bytes('key'), bytes('value')]
    const written = db.put(k, v)
    k.fill(0)
    v.fill(0)
    await written
    expect(text(db.get(bytes('key'))!)).toBe('value')
  })

  test('bounds after the call of scan', () => {
    const { db } = openTest()
    fill(db, 100)
    for (const [low, high, count] of [
      ['gte', 'lt', 40],
      ['gt', 'lte', 40],
    ] as const) {
      const bounds = { [low]: key(30), [high]: key(70) }
      const scan = db.scan(bounds)
      for (const bound of Object.values(bounds)) bound.fill(0)
      expect([...scan]).toHaveLength(count)
    }
  })
})

describe('a batch', () => {
  test('cannot be changed or written again until its promise has settled', async () => {
    const { db } = openTest()
    for (const sync of [false, true]) {
      const batch = batchOf(['a', '1'])
      const written = db.write(batch, { sync })
      expect(() => batch.put(bytes('b'), bytes('2'))).toThrow(coded('LSM_INVALID_ARGUMENT'))
      expect(() => batch.delete(bytes('a'))).toThrow(coded('LSM_INVALID_ARGUMENT'))
      expect(() => batch.clear()).toThrow(coded('LSM_INVALID_ARGUMENT'))
      await expect(db.write(batch)).rejects.toThrow(coded('LSM_INVALID_ARGUMENT'))
      await written
      batch.put(bytes('b'), bytes('2'))
      await db.write(batch)
      expect(Array.from(db.scan(), ([k]) => text(k))).toEqual(['a', 'b'])
    }
  })

  test('can be changed when a blocking write has finished it', async () => {
    const { db } = openTest()
    const batch = batchOf(['a', '1'])
    const written = db.write(batch, { sync: true })
    db.writeSync(batch)
    batch.clear()
    await written
    expect(db.lastSeq).toBe(2)
  })

  test('can be changed after a write that failed', async () => {
    const { db } = openTest()
    db.close()
    const batch = batchOf(['a', '1'])
    await expect(db.write(batch)).rejects.toThrow(coded('LSM_CLOSED'))
    expect(() => db.writeSync(batch)).toThrow(coded('LSM_CLOSED'))
    batch.clear()
  })
})

describe('after the close', () => {
  test.each<[string, (db: Database) => unknown]>([
    ['get', (db) => db.get(key(1))],
    ['has', (db) => db.has(key(1))],
    ['getMany', (db) => db.getMany([key(1)])],
    ['scan', (db) => db.scan()],
    ['scanAsync', (db) => db.scanAsync()],
    ['cursor', (db) => db.cursor()],
    ['snapshot', (db) => db.snapshot()],
    ['put', (db) => db.put(key(1), key(1))],
    ['delete', (db) => db.delete(key(1))],
    ['write', (db) => db.write(batchOf(['a', '1']))],
    ['writeSync', (db) => db.writeSync(batchOf(['a', '1']))],
    ['flush', (db) => db.flush()],
    ['collectValueLog', (db) => db.collectValueLog()],
  ])('%s is refused as closed', async (_, call) => {
    const { db } = openTest()
    db.close()
    await expect(Promise.resolve().then(() => call(db))).rejects.toThrow(coded('LSM_CLOSED'))
  })

  test('a second close does nothing', async () => {
    const { db } = openTest()
    fill(db, 10)
    const [cursor, snapshot, scan, ahead] = [db.cursor(), db.snapshot(), db.scan(), db.scanAsync()]
    for (let time = 0; time < 2; time++) {
      cursor[Symbol.dispose]()
      snapshot[Symbol.dispose]()
      scan[Symbol.dispose]()
      await ahead.return(undefined)
      db[Symbol.dispose]()
    }
  })
})

describe('promised writes', () => {
  test('keep their order with blocking calls between them', async () => {
    const { db, storage } = openTest()
    const promises: Promise<void>[] = []
    const order = new Map<string, string>()
    for (let n = 0; n < 200; n++) {
      const [k, v] = [`k${n % 7}`, `${n}`.padEnd(100)]
      order.set(k, v)
      if (n % 5 === 3) db.writeSync(batchOf([k, v]), { sync: n % 2 === 0 })
      else promises.push(db.write(batchOf([k, v]), { sync: n % 3 === 0 }))
      if (n % 11 === 0) await Promise.resolve()
      if (n % 37 === 0) db.flush()
      if (n % 50 === 49) await promises.at(-1)
    }
    const last = db.put(bytes('last'), bytes('promise'), { sync: true })
    db.close()
    await Promise.all([...promises, last])
    order.set('last', 'promise')
    const { db: again } = openTest({ storage })
    const found = Array.from(again.scan(), ([k, v]) => [text(k), text(v)])
    expect(found).toEqual([...order].sort(([a], [b]) => (a < b ? -1 : 1)))
    expect(again.lastSeq).toBe(201)
  })

  test('are rejected after the close and for bad arguments; nothing is thrown', async () => {
    const { db } = openTest()
    await expect(db.put(new Uint8Array(65_536), bytes('v'))).rejects.toThrow(
      coded('LSM_INVALID_ARGUMENT'),
    )
    await expect(db.delete(new Uint8Array(65_536))).rejects.toThrow(coded('LSM_INVALID_ARGUMENT'))
    db.close()
    await expect(db.put(bytes('k'), bytes('v'))).rejects.toThrow(coded('LSM_CLOSED'))
  })

  test('are all rejected by a failed sync, and none is visible', async () => {
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory)
    const { db } = openTest({ storage: storage as never })
    await db.put(bytes('before'), bytes('1'))
    storage.failWhen(({ operation, path }) => operation === 'sync' && path.endsWith('.log'), 'EIO')
    const first = db.put(bytes('a'), bytes('1'), { sync: true })
    await Promise.resolve()
    const second = db.put(bytes('b'), bytes('1'))
    expect(() => db.writeSync(batchOf(['c', '1']))).toThrow(coded('LSM_READ_ONLY'))
    await expect(first).rejects.toThrow(coded('LSM_IO'))
    await expect(second).rejects.toThrow(coded('LSM_READ_ONLY'))
    expect(Array.from(db.scan(), ([k]) => text(k))).toEqual(['before'])
    db.close()
    // Whether the failed ones survive is not known; what was acknowledged must.
    const { db: again } = openTest({ storage: memory })
    expect(again.has(bytes('before'))).toBe(true)
    expect(again.has(bytes('c'))).toBe(false)
  })

  test('an empty batch that asks for sync makes older writes durable', async () => {
    for (const sync of [
      (db: Database) => db.writeSync(new WriteBatch(), { sync: true }),
      (db: Database) => db.write(new WriteBatch(), { sync: true }),
    ]) {
      const { db, storage } = openTest()
      db.writeSync(batchOf(['k', 'v']))
      await sync(db)
      await db.write(new WriteBatch())
      const image = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
      const { db: again } = openTest({ storage: image })
      expect(text(again.get(bytes('k'))!)).toBe('v')
      await again.put(bytes('k'), bytes('w'))
      expect(again.lastSeq).toBe(2)
    }
  })
})

describe('a listener to events', () => {
  test('may read and promise writes, but not write during the flush it is called in', async () => {
    const refused: unknown[] = []
    const promised: Promise<void>[] = []
    let db: Database | null = null
    const attempt = (action: () => void) => {
      try {
        action()
      } catch (error) {
        refused.push(error)
      }
    }
    const onEvent = () => {
      if (db === null) return
      const { lastSeq } = db
      attempt(() => db?.writeSync(batchOf(['sync', `${lastSeq}`])))
      attempt(() => db?.flush())
      attempt(() => db?.close())
      promised.push(db.put(bytes('promised'), bytes(`${lastSeq}`)))
      expect(db.get(key(0))).toBeDefined()
    }
    const opened = openTest({ strategy: never, onEvent })
    db = opened.db
    fill(db, 500)
    expect(promised.length).toBeGreaterThan(0)
    await Promise.all(promised)
    expect(refused).toHaveLength(3 * promised.length)
    for (const error of refused) expect(error).toEqual(coded('LSM_INVALID_ARGUMENT'))
    expect(db.has(bytes('promised'))).toBe(true)
    expect(db.has(bytes('sync'))).toBe(false)
    expect(Array.from(db.scan({ lt: bytes('p') }))).toHaveLength(500)
  })
})

describe('opening', () => {
  test.each([0.5, Number.NaN, 2 ** 60])('with seed %d is refused before it is recorded', (seed) => {
    const storage = new MemoryStorage(new Ledger())
    expect(() => openTest({ storage, seed })).toThrow(coded('LSM_INVALID_ARGUMENT'))
    openTest({ storage, seed: 1 }).db.close()
    expect(() => openTest({ storage, seed })).toThrow(coded('LSM_INVALID_ARGUMENT'))
    openTest({ storage, seed: 1 }).db.close()
  })
})
