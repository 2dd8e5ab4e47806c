/** Whatever fails, no file stays open that nothing will read or write again. */
import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import type { ValueLogPolicy } from '../compaction/value-log-policy.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { FaultStorage, type StorageCall } from '../testing/faults/fault-storage.ts'
import { countHandles } from '../testing/faults/open-handles.ts'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless } from '../testing/fixtures.ts'
import { flip, killed, large, put, replace, tag } from '../testing/log-fixtures.ts'
import { Database } from './database.ts'
import { describeFolder } from './offline/closed-folder.ts'
import { exportDatabase } from './offline/export.ts'
import { verifyDatabase } from './offline/verify.ts'

/** A storage that fails at its `number`th call of any kind, counted from 1. */
function failingAt(number: number, inner: MemoryStorage) {
  let calls = 0
  const fault = new FaultStorage(inner)
  fault.failWhen(() => ++calls === number, 'EIO')
  const handles = countHandles(fault)
  return { handles, failed: () => calls >= number }
}

/** Runs `work` with its first storage call failed, then its second, until none is left to fail. */
function failEachCall(
  make: () => MemoryStorage,
  work: (storage: Storage, handles: ReturnType<typeof countHandles>) => void,
): number {
  for (let number = 1; ; number++) {
    const { handles, failed } = failingAt(number, make())
    try {
      work(handles.storage, handles)
    } catch (error) {
      if (!isLsmError(error)) throw error
    }
    expect(handles.paths(), `call ${number}`).toEqual([])
    if (!failed()) return number - 1
  }
}

const separating = { memtableBytes: 4096, blockBytes: 256 }

function open(storage: Storage, valueLogPolicy: ValueLogPolicy | null = restless): Database {
  const gcPolicy = valueLogPolicy?.name ?? 'none'
  const options = { ...separating, valueLog: { ...RESTLESS_LOG, gcPolicy } }
  return Database.open({ storage, folder: '/db', strategy: everyNth(2), valueLogPolicy, options })
}

/** Small values, large ones, overwrites: flushes, merges, collections. */
function fill(db: Database): void {
  for (let index = 0; index < 24; index++) {
    put(db, `key${index % 9}`, index % 3 === 0 ? large(`${index}`) : `${index}`)
    if (index % 8 === 7) db.flush()
  }
}

/** What a kill leaves of a database with tables, a log to replay, and an open segment. */
function toRecover(): MemoryStorage {
  const storage = new MemoryStorage(new Ledger())
  const db = open(storage)
  fill(db)
  put(db, 'late', large('late'), true)
  put(db, 'last', 'last', true)
  return killed(storage)
}

/** `work` on the database, closed whatever happens; a close may fail as well. */
function using(db: Database, work: () => void): void {
  try {
    work()
  } finally {
    db.close()
  }
}

describe('no file stays open', () => {
  test('if an open fails at any call', () => {
    const base = toRecover()
    const calls = failEachCall(
      () => killed(base),
      (storage) => open(storage).close(),
    )
    expect(calls).toBeGreaterThan(50)
  })

  test('if a write, a flush, a merge or a collection fails at any call', () => {
    const calls = failEachCall(
      () => new MemoryStorage(new Ledger()),
      (storage) => {
        const db = open(storage)
        using(db, () => fill(db))
      },
    )
    expect(calls).toBeGreaterThan(200)
  })

  test('for writing except log, manifest and segments, while a failed database is open', () => {
    for (let number = 1; ; number++) {
      const { handles, failed } = failingAt(number, new MemoryStorage(new Ledger()))
      let db: Database | null = null
      try {
        db = open(handles.storage)
        fill(db)
      } catch (error) {
        if (!isLsmError(error)) throw error
      }
      const outputs = handles.written().filter((path) => /\.(sst|dbtmp)$/.test(path))
      expect(outputs, `call ${number}`).toEqual([])
      try {
        db?.close()
      } catch (error) {
        if (!isLsmError(error)) throw error
      }
      if (!failed()) break
    }
  })

  test('if an export fails at any call', () => {
    const base = toRecover()
    const calls = failEachCall(
      () => killed(base),
      (storage) => void exportDatabase(storage, '/db', '/out'),
    )
    expect(calls).toBeGreaterThan(50)
  })

  test('if an export has to copy', () => {
    const base = toRecover()
    failEachCall(
      () => killed(base),
      (storage) => {
        const linkless = new FaultStorage(storage)
        linkless.failWhen(({ operation }: StorageCall) => operation === 'link', 'EXDEV')
        exportDatabase(linkless, '/db', '/out')
      },
    )
  })

  test('if a description fails at any call', () => {
    const base = toRecover()
    failEachCall(
      () => killed(base),
      (storage) => void describeFolder(storage, '/db'),
    )
  })

  test('if a verify finds files that it cannot read', () => {
    const base = toRecover()
    const calls = failEachCall(
      () => killed(base),
      (storage) => void verifyDatabase(storage, '/db'),
    )
    expect(calls).toBeGreaterThan(10)
  })

  test('of a damaged table that is read many times', async () => {
    const memory = new MemoryStorage(new Ledger())
    const { db: first } = openTest({ storage: memory })
    for (let index = 0; index < 40; index++) put(first, `key${index}`, `${index}`)
    first.flush()
    first.close()
    const [name] = memory.list('/db').filter((each) => each.endsWith('.sst'))
    const path = `/db/${name}`
    const content = memory.readAll(path, tag)
    let told = 0
    for (let at = content.length - 1; at >= 0; at -= 11) {
      replace(memory, path, flip(at)(content))
      const handles = countHandles(memory)
      const { db } = openTest({ storage: handles.storage as MemoryStorage })
      const before = handles.paths().length
      const attempts = [
        () => db.get(bytes('key5')),
        () => Array.from(db.scan()),
        () => Array.from(db.scan({ reverse: true })),
      ]
      for (const attempt of [...attempts, ...attempts, ...attempts]) {
        try {
          attempt()
        } catch (error) {
          if (!isLsmError(error)) throw error
          told++
        }
      }
      // The table itself, where it opens.
      expect(handles.paths().length - before, `byte ${at}`).toBeLessThanOrEqual(1)
      db.close()
      expect(handles.paths(), `byte ${at}`).toEqual([])
    }
    expect(told).toBeGreaterThan(100)
  })

  test.each([
    ['segments spent', restless],
    ['segments that merges leave without a pointer', null],
  ])('of tables merged away and of %s', (_, policy) => {
    const memory = new MemoryStorage(new Ledger())
    const handles = countHandles(memory)
    const db = open(handles.storage, policy)
    const seen = new Set<string>()
    for (let round = 0; round < 12; round++) {
      fill(db)
      // Everything that is there is read, so that it is open.
      Array.from(db.scan())
      for (let key = 0; key < 9; key++) db.get(bytes(`key${key}`))
      const there = new Set(memory.list('/db').map((name) => `/db/${name}`))
      for (const path of there) seen.add(path)
      const gone = handles.paths().filter((path) => !there.has(path))
      expect(gone, `round ${round}`).toEqual([])
      const { segments } = db.metrics().valueLog
      const spent = segments
        .filter(({ state }) => state === 'spent')
        .map(({ segment }) => `/db/${String(segment).padStart(6, '0')}.blob`)
      expect(handles.paths().filter((path) => spent.includes(path))).toEqual([])
      expect(new Set(handles.paths()).size, 'no file is open twice').toBe(handles.paths().length)
    }
    expect(db.metrics().merges).toBeGreaterThan(10)
    const left = new Set(memory.list('/db').map((name) => `/db/${name}`))
    const removed = [...seen].filter((path) => path.endsWith('.blob') && !left.has(path))
    expect(removed.length, 'segments removed').toBeGreaterThan(5)
    db.close()
    expect(handles.paths()).toEqual([])
  })
})
