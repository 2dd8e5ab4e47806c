import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { LsmError } from '../base/errors.ts'
import type { CompactionSpec } from '../compaction/strategy.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, never, openTest, strategyOf, text } from '../testing/fixtures.ts'
import { shapeVector } from '../version/version.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'
import type { DatabaseEvent } from './events.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const key = (n: number) => bytes(`key${String(n).padStart(5, '0')}`)

function fill(db: Database, count: number, value = (n: number) => `value ${n}`): void {
  const batch = new WriteBatch()
  for (let n = 0; n < count; n++) {
    batch.clear()
    batch.put(key(n), bytes(value(n)))
    db.writeSync(batch)
  }
}

const all = (db: Database, options = {}) =>
  Array.from(db.scan(options), ([k, v]) => [text(k), text(v)])

describe('reads and writes', () => {
  test('the last put is read, from memtable and tables', async () => {
    const { db } = openTest()
    await db.put(bytes('a'), bytes('1'))
    fill(db, 500)
    await db.put(bytes('a'), bytes('2'))
    expect(text(db.get(bytes('a'))!)).toBe('2')
    expect(text(db.get(key(7))!)).toBe('value 7')
    expect(db.get(bytes('nothing'))).toBeUndefined()
    expect(db.has(key(499))).toBe(true)
    expect(db.version.totals.tables).toBeGreaterThan(1)
  })

  test('a deletion hides older versions in memtable and tables', async () => {
    const { db } = openTest()
    fill(db, 500)
    await db.delete(key(3))
    expect(db.get(key(3))).toBeUndefined()
    db.flush()
    expect(db.has(key(3))).toBe(false)
    expect(all(db)).toHaveLength(499)
  })

  test('a batch is written as a whole, and the last entry of a key wins', async () => {
    const { db } = openTest()
    const batch = new WriteBatch()
    batch.put(bytes('x'), bytes('1'))
    batch.delete(bytes('x'))
    batch.put(bytes('x'), bytes('3'))
    await db.write(batch)
    expect(text(db.get(bytes('x'))!)).toBe('3')
    expect(db.lastSeq).toBe(3)
  })

  test('promised writes that wait together share one append to the log', async () => {
    const ledger = new Ledger()
    const { db } = openTest({ storage: new MemoryStorage(ledger) })
    const calls = () =>
      ledger
        .cells()
        .filter((cell) => cell.cause === 'wal' && cell.direction === 'write')
        .reduce((sum, cell) => sum + cell.calls, 0)
    const before = calls()
    await Promise.all(Array.from({ length: 50 }, (_, n) => db.put(key(n), bytes('v'))))
    expect(calls() - before).toBe(1)
    expect(all(db)).toHaveLength(50)
  })

  test('a blocking write after promised ones keeps their order', async () => {
    const { db } = openTest()
    const first = db.put(bytes('k'), bytes('promised'), { sync: true })
    await Promise.resolve()
    const batch = new WriteBatch()
    batch.put(bytes('k'), bytes('blocking'))
    db.writeSync(batch)
    await first
    expect(text(db.get(bytes('k'))!)).toBe('blocking')
  })

  test('nothing of a synced group is visible before it is durable', async () => {
    const { db } = openTest()
    const write = db.put(bytes('k'), bytes('v'), { sync: true })
    expect(db.get(bytes('k'))).toBeUndefined()
    await write
    expect(text(db.get(bytes('k'))!)).toBe('v')
  })
})

describe('scans and cursors', () => {
  test.each([
    [{ gte: 'b', lt: 'd' }, 'bc'],
    [{ gt: 'b', lte: 'd' }, 'cd'],
    [{ gte: 'bb' }, 'cde'],
    [{ lt: 'a' }, ''],
    [{ reverse: true }, 'edcba'],
    [{ reverse: true, limit: 2 }, 'ed'],
    [{ gt: 'a', lt: 'e', reverse: true }, 'dcb'],
    [{ limit: 0 }, ''],
  ])('%j gives %s', async (options, expected) => {
    const { db } = openTest()
    for (const name of 'ecabd') await db.put(bytes(name), bytes(name))
    const bounds = Object.fromEntries(
      Object.entries(options).map(([name, v]) => [name, typeof v === 'string' ? bytes(v) : v]),
    )
    expect(
      all(db, bounds)
        .map(([k]) => k)
        .join(''),
    ).toBe(expected)
  })

  test('two bounds on one side are refused', () => {
    const { db } = openTest()
    expect(() => [...db.scan({ gt: bytes('a'), gte: bytes('a') })]).toThrow('exclude each other')
  })

  test('a cursor sees its moment while tables are merged and deleted under it', () => {
    const { db, storage } = openTest({ strategy: everyNth(2) })
    fill(db, 300)
    using cursor = db.cursor()
    cursor.seekToFirst()
    fill(db, 900, () => 'overwritten')
    const tablesHeld = storage.list('/db').filter((name) => name.endsWith('.sst')).length
    let count = 0
    for (; cursor.valid; cursor.next()) {
      expect(text(cursor.value())).toBe(`value ${count}`)
      count++
    }
    expect(count).toBe(300)
    cursor.close()
    const tablesLeft = storage.list('/db').filter((name) => name.endsWith('.sst')).length
    expect(tablesLeft).toBeLessThan(tablesHeld)
    expect(tablesLeft).toBe(db.version.totals.tables)
  })

  test('a snapshot keeps its versions through flush and compaction, until released', () => {
    const { db } = openTest({ strategy: everyNth(2) })
    fill(db, 200)
    const snapshot = db.snapshot()
    fill(db, 400, () => 'new')
    db.flush()
    expect(text(db.get(key(5), { snapshot })!)).toBe('value 5')
    expect(db.get(key(300), { snapshot })).toBeUndefined()
    expect(all(db, { snapshot })).toHaveLength(200)
    snapshot.release()
    fill(db, 400, () => 'newest')
    db.flush()
    fill(db, 400, () => 'newest')
    db.flush()
    const { tables, entries } = db.version.totals
    expect(entries, `${tables} tables`).toBeLessThan(400 * shapeVector(db.version).length * 2)
  })
})

describe('reopening', () => {
  test('brings back tables, log and strategy state', () => {
    const { db, storage } = openTest()
    fill(db, 777)
    const before = all(db)
    db.close()
    const events: DatabaseEvent[] = []
    const { db: again } = openTest({ storage, onEvent: (event) => events.push(event) })
    expect(all(again)).toEqual(before)
    expect(events.map((event) => event.kind)).toEqual(['recovery', 'flush'])
    expect(again.lastSeq).toBe(777)
  })

  test('under another strategy is allowed, and an event says so', () => {
    const { db, storage } = openTest()
    fill(db, 500)
    db.close()
    const events: DatabaseEvent[] = []
    const strategy = everyNth(2)
    const { db: again } = openTest({ storage, strategy, onEvent: (event) => events.push(event) })
    expect(all(again)).toHaveLength(500)
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'strategy-change', from: 'every-3', to: 'every-2' }),
    )
  })

  test('a second open of a held folder is refused, and possible after the close', () => {
    const { db, storage } = openTest()
    expect(() => openTest({ storage })).toThrow(expect.objectContaining({ code: 'LSM_LOCKED' }))
    db.close()
    openTest({ storage }).db.close()
  })

  test('a missing table is reported as corruption', () => {
    const { db, storage } = openTest()
    fill(db, 500)
    db.close()
    storage.remove(`/db/${storage.list('/db').find((name) => name.endsWith('.sst'))}`)
    expect(() => openTest({ storage })).toThrow(expect.objectContaining({ code: 'LSM_CORRUPTION' }))
  })

  test('use after close is refused', () => {
    const { db } = openTest()
    db.close()
    db.close()
    expect(() => db.get(bytes('a'))).toThrow(expect.objectContaining({ code: 'LSM_CLOSED' }))
    expect(() => db.writeSync(filled())).toThrow(expect.objectContaining({ code: 'LSM_CLOSED' }))
  })
})

function filled(): WriteBatch {
  const batch = new WriteBatch()
  batch.put(bytes('k'), bytes('v'))
  return batch
}

describe('determinism', () => {
  test('equal writes give equal files, byte for byte, and an equal ledger', () => {
    const image = () => {
      const ledger = new Ledger()
      const { db, storage } = openTest({ storage: new MemoryStorage(ledger) })
      fill(db, 1500)
      db.close()
      const files = storage
        .list('/db')
        .map((name) => [name, storage.readAll(`/db/${name}`, { cause: 'verify', level: -1 })])
      return { files, cells: ledger.cells() }
    }
    expect(image()).toEqual(image())
  })
})

describe('a strategy with a bug', () => {
  const badMerge = (view: Parameters<typeof never.pick>[0]): CompactionSpec | null => {
    const runs = view.version.levels[0]?.runs ?? []
    if (runs.length < 3) return null
    return {
      kind: 'move',
      inputs: [{ level: 0, run: runs[0]!.id, tables: 'all' }],
      place: { level: 1, after: null },
      nextState: null,
      reason: { trigger: 'mischief', formula: '', values: {} },
    }
  }

  test('is stopped by name, keeps what was acknowledged, and the data reads back', () => {
    const { db, storage } = openTest({ strategy: strategyOf('bad', badMerge) })
    let acknowledged = 0
    const write = () => {
      for (; ; acknowledged++) {
        const batch = new WriteBatch()
        batch.put(key(acknowledged % 50), bytes(`value ${acknowledged}`))
        db.writeSync(batch)
      }
    }
    expect(write).toThrow(
      expect.objectContaining({
        code: 'LSM_UNSAFE_COMPACTION',
        data: expect.objectContaining({ rule: 'recency' }),
      }),
    )
    const latest = () => text(db.get(key((acknowledged - 1) % 50))!)
    expect(latest()).toBe(`value ${acknowledged - 1}`)
    db.close()
    const { db: again } = openTest({ storage, strategy: never })
    expect(all(again)).toHaveLength(50)
    expect(text(again.get(key((acknowledged - 1) % 50))!)).toBe(`value ${acknowledged - 1}`)
  })

  test('is stopped if it would never rest', () => {
    const strategy = strategyOf('restless', ({ version }) => {
      const run = version.levels[0]?.runs[0]
      if (run === undefined) return null
      return {
        kind: 'merge',
        inputs: [{ level: 0, run: run.id, tables: 'all' }],
        outputs: [
          {
            place: { level: 0, after: run.id },
            fromKey: null,
            targetTableBytes: null,
            cutKeys: [],
            filter: { bitsPerKey: 10 },
          },
        ],
        nextState: null,
        reason: { trigger: 'restless', formula: '', values: {} },
      }
    })
    const { db } = openTest({ strategy })
    expect(() => fill(db, 500)).toThrow('rule progress')
  })
})

describe('a failing disk', () => {
  test('makes the database read-only; acknowledged writes are there after a reopen', () => {
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory)
    const { db } = openTest({ storage: storage as never })
    fill(db, 300)
    storage.failWhen((call) => call.operation === 'append', 'ENOSPC')
    let failure: unknown
    try {
      fill(db, 300, () => 'second')
    } catch (error) {
      failure = error
    }
    expect(failure).toBeInstanceOf(LsmError)
    expect(() => db.writeSync(filled())).toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
    expect(text(db.get(key(299))!)).toBe('value 299')
    db.close()
    const { db: again } = openTest({ storage: memory })
    expect(all(again)).toHaveLength(300)
  })
})
