import { describe, expect, test } from 'vitest'
import { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts'
import { EncryptionKey } from '../storage/encryption/encryption-key.ts'
import { Ledger, liveBytes, sumCells } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { folderBytes } from '../storage/storage.ts'
import { type ExternalWrite, writeExternal } from '../testing/external-tables.ts'
import {
  bytes,
  everyNth,
  never,
  openTest,
  RESTLESS_LOG,
  restless,
  text,
} from '../testing/fixtures.ts'
import { TreeCheck } from '../testing/oracles/check-tree.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'
import type { DatabaseEvent } from './events.ts'
import { verifyDatabase } from './offline/verify.ts'

const coded = (code: string, ...parts: readonly string[]) =>
  expect.objectContaining({
    code: expect.stringMatching(code),
    message: expect.stringMatching(new RegExp(parts.join('.*'))),
  })

/** Where external tables lie in these tests. */
function tables(...contents: readonly (readonly ExternalWrite[])[]) {
  const storage = new MemoryStorage(new Ledger())
  const paths = contents.map((writes, index) => {
    const path = `/in/${index + 1}.sst`
    writeExternal(storage, path, writes)
    return path
  })
  return { storage, paths }
}

function write(db: Database, ...writes: readonly ExternalWrite[]): void {
  const batch = new WriteBatch()
  for (const [key, value] of writes) {
    if (value === null) batch.delete(bytes(key))
    else if (typeof value === 'string') batch.put(bytes(key), bytes(value))
    else batch.deleteRange(bytes(key), bytes(value.to))
  }
  db.writeSync(batch)
}

function contentOf(db: Database, options: Parameters<Database['scan']>[0] = {}) {
  return Object.fromEntries(Array.from(db.scan(options), ([k, v]) => [text(k), text(v)]))
}

/** Puts, deletes and deletes ranges by tables; returns the database. */
function ingested(db: Database, ...contents: readonly (readonly ExternalWrite[])[]) {
  const { storage, paths } = tables(...contents)
  return db.ingest(paths, { storage })
}

describe('an ingest', () => {
  test('is newer than memtable and tables, and older than what follows', () => {
    const { db } = openTest({ strategy: never })
    write(db, ['a', 'tables'], ['b', 'tables'], ['c', 'tables'])
    db.flush()
    write(db, ['b', 'memtable'], ['d', 'memtable'])
    const {
      seq,
      entries,
      tables: count,
    } = ingested(db, [
      ['b', 'in'],
      ['c', null],
      ['e', 'in'],
    ])
    expect({ seq, entries, count }).toEqual({ seq: 6, entries: 3, count: 1 })
    expect(db.lastSeq).toBe(6)
    expect(contentOf(db)).toEqual({ a: 'tables', b: 'in', d: 'memtable', e: 'in' })
    write(db, ['e', 'after'])
    expect(text(db.get(bytes('e'))!)).toBe('after')
    expect(text(db.get(bytes('b'))!)).toBe('in')
    db.close()
  })

  test('is not seen by older snapshots, cursors and scans', () => {
    const { db } = openTest({ strategy: everyNth(2) })
    write(db, ['a', '1'], ['b', '1'])
    const snapshot = db.snapshot()
    const cursor = db.cursor()
    cursor.seekToFirst()
    const scan = db.scan()
    ingested(db, [
      ['a', '2'],
      ['aa', '2'],
      ['b', null],
    ])
    expect(contentOf(db, { snapshot })).toEqual({ a: '1', b: '1' })
    expect(db.get(bytes('aa'), { snapshot })).toBeUndefined()
    cursor.next()
    expect(text(cursor.key())).toBe('b')
    expect(Array.from(scan, ([k, v]) => text(k) + text(v))).toEqual(['a1', 'b1'])
    ingested(db, [['b', '3']])
    db.flush()
    expect(contentOf(db, { snapshot })).toEqual({ a: '1', b: '1' })
    expect(contentOf(db)).toEqual({ a: '2', aa: '2', b: '3' })
    cursor.close()
    snapshot.release()
    db.close()
  })

  test('deletes ranges of older data, never its own keys', () => {
    const { db, storage } = openTest({ strategy: everyNth(2) })
    write(db, ['a', '1'], ['b', '1'], ['c', '1'], ['d', '1'])
    ingested(db, [
      ['b', { to: 'd' }],
      ['bb', '2'],
      ['c', '2'],
    ])
    const expected = { a: '1', bb: '2', c: '2', d: '1' }
    expect(contentOf(db)).toEqual(expected)
    expect(db.has(bytes('b'))).toBe(false)
    db.flush()
    write(db, ['z', '9'])
    db.flush()
    expect(contentOf(db)).toEqual({ ...expected, z: '9' })
    new TreeCheck(storage, '/db').check(db.version)
    db.close()
  })

  test('makes one run of several tables, in any order of the paths', () => {
    const events: DatabaseEvent[] = []
    const { db } = openTest({ strategy: never, onEvent: (event) => events.push(event) })
    const { storage, paths } = tables(
      [
        ['m', '1'],
        ['p', '1'],
      ],
      [['a', '1']],
      [['q', { to: 'x' }]],
    )
    const report = db.ingest(paths, { storage })
    expect(report).toMatchObject({ tables: 3, entries: 4, seq: 1, segments: 0 })
    expect(db.version.levels[0]!.runs.map(({ totals }) => totals.tables)).toEqual([3])
    const bytesRead = paths.reduce((sum, path) => sum + storage.size(path), 0)
    expect(report.bytesRead).toBe(bytesRead)
    const [event] = events.filter(({ kind }) => kind === 'ingest')
    expect(event).toMatchObject({ inputs: [], bytesRead, bytesWritten: report.tableBytes })
    expect(db.metrics()).toMatchObject({ userBytes: 0, puts: 0, flushes: 0 })
    db.close()
  })

  test('takes tables of a folder: the newest version of each key counts', () => {
    const from = openTest({ strategy: never })
    const snapshot = from.db.snapshot()
    write(from.db, ['a', '1'], ['b', '1'], ['c', '1'])
    const between = from.db.snapshot()
    write(from.db, ['a', '2'], ['b', { to: 'c' }], ['d', '2'])
    from.db.flush()
    const name = from.storage.list('/db').find((other) => other.endsWith('.sst'))!
    for (const held of [snapshot, between]) held.release()
    const { db } = openTest({ strategy: never })
    write(db, ['b', 'old'], ['bb', 'old'], ['d', 'old'])
    expect(db.ingest([`/db/${name}`], { storage: from.storage }).entries).toBe(4)
    expect(contentOf(db)).toEqual({ a: '2', c: '1', d: '2' })
    from.db.close()
    db.close()
  })

  test('separates large values and compresses as the database does', () => {
    const { db, storage } = openTest({
      strategy: everyNth(2),
      options: { valueLog: RESTLESS_LOG, compression: 'lz4' },
      valueLogPolicy: restless,
    })
    const large = 'x'.repeat(300)
    const many = Array.from({ length: 30 }, (_, n): ExternalWrite => [`k${n + 10}`, large + n])
    const { segments } = ingested(db, [...many, ['small', 'y']])
    expect(segments).toBeGreaterThan(2)
    const expected = Object.fromEntries([...many, ['small', 'y']])
    expect(contentOf(db)).toEqual(expected)
    ingested(db, [
      ['k10', null],
      ['k11', { to: 'k20' }],
    ])
    for (let n = 10; n < 20; n++) delete expected[`k${n}`]
    db.flush()
    expect(contentOf(db)).toEqual(expected)
    db.close()
    expect(verifyDatabase(storage, '/db').faults).toEqual([])
    const again = openTest({
      storage,
      options: { valueLog: RESTLESS_LOG },
      valueLogPolicy: restless,
    })
    expect(contentOf(again.db)).toEqual(expected)
    again.db.close()
  })

  test('is encrypted where the folder is', () => {
    const files = new MemoryStorage(new Ledger())
    const storage = new EncryptedStorage(files, EncryptionKey.random())
    const { db } = openTest({ storage })
    ingested(db, [['secret key', 'secret value'.repeat(40)]])
    expect(text(db.get(bytes('secret key'))!)).toContain('secret value')
    // Without its storage the plain table is taken for an encrypted one.
    writeExternal(files, '/in/plain.sst', [['a', '1']])
    expect(() => db.ingest(['/in/plain.sst'])).toThrow(coded('LSM_[A-Z]+', 'plain.sst'))
    db.close()
    for (const name of files.list('/db')) {
      const content = files.readAll(`/db/${name}`, { cause: 'meta', level: -1 })
      expect(text(content), name).not.toContain('secret')
    }
  })

  test('is durable when it returns, and so is what was committed before', () => {
    const { db, storage } = openTest({ strategy: never })
    write(db, ['a', '1'])
    ingested(db, [['b', '2']])
    write(db, ['c', '3'])
    const left = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
    const again = openTest({ storage: left as MemoryStorage, strategy: never })
    expect(contentOf(again.db)).toEqual({ a: '1', b: '2' })
    expect(again.db.lastSeq).toBe(2)
    write(again.db, ['c', '4'])
    again.db.close()
    db.close()
  })

  test('is counted under its own cause, and the ledger conserves', () => {
    const ledger = new Ledger()
    const storage = new MemoryStorage(ledger)
    const { db } = openTest({
      storage,
      strategy: everyNth(2),
      options: { valueLog: RESTLESS_LOG },
      valueLogPolicy: restless,
    })
    const { tableBytes } = ingested(db, [
      ['a', '1'],
      ['b', 'x'.repeat(2000)],
    ])
    const written = (level: number) =>
      sumCells(ledger.cells(), { cause: 'ingest', direction: 'write', level }).bytes
    expect(written(0)).toBe(tableBytes)
    expect(written(-1)).toBeGreaterThan(2000)
    expect(sumCells(ledger.cells(), { cause: 'flush' }).bytes).toBe(0)
    // Reads of tables in the same storage count there too.
    writeExternal(storage, '/in/own.sst', [['c', '1']])
    const { bytesRead } = db.ingest(['/in/own.sst'])
    const read = sumCells(ledger.cells(), { cause: 'ingest', direction: 'read' }).bytes
    expect(read).toBeGreaterThanOrEqual(bytesRead)
    db.close()
    expect(liveBytes(ledger.balance())).toBe(folderBytes(storage, '/db') + bytesRead)
  })
})

describe('a transaction', () => {
  const ingest: readonly ExternalWrite[] = [
    ['f', '2'],
    ['k', '2'],
  ]

  test.each([
    ['wrote a key in the range', 'snapshot', (t) => t.put(bytes('g'), bytes('3')), true],
    ['wrote the last key', 'snapshot', (t) => t.put(bytes('k'), bytes('3')), true],
    ['wrote after the range', 'snapshot', (t) => t.put(bytes('ka'), bytes('3')), false],
    ['wrote before the range', 'snapshot', (t) => t.delete(bytes('e')), false],
    [
      'deleted a range that meets it',
      'snapshot',
      (t) => t.deleteRange(bytes('a'), bytes('fa')),
      true,
    ],
    ['deleted a range before it', 'snapshot', (t) => t.deleteRange(bytes('a'), bytes('f')), false],
    ['read a key in the range', 'serializable', (t) => t.get(bytes('h')), true],
    ['scanned into the range', 'serializable', (t) => [...t.scan({ lt: bytes('g') })], true],
    ['scanned past the range', 'serializable', (t) => [...t.scan({ gte: bytes('l') })], false],
  ] as const satisfies readonly [
    string,
    string,
    (t: ReturnType<Database['transaction']>) => unknown,
    boolean,
  ][])('that %s (%s)', (_, isolation, access, conflicts) => {
    const { db } = openTest()
    write(db, ['a', '1'], ['g', '1'], ['z', '1'])
    const transaction = db.transaction({ isolation })
    const snapshot = db.snapshot()
    access(transaction)
    transaction.put(bytes('zz'), bytes('3'))
    ingested(db, ingest)
    expect(db.get(bytes('f'), { snapshot })).toBeUndefined()
    snapshot.release()
    const commit = () => transaction.commitSync()
    if (conflicts) expect(commit).toThrow(coded('LSM_CONFLICT'))
    else commit()
    expect(text(db.get(bytes('f'))!)).toBe('2')
    expect(db.has(bytes('zz'))).toBe(!conflicts)
    db.close()
  })

  test('that begins after the ingest sees it and commits', () => {
    const { db } = openTest()
    const early = db.transaction()
    ingested(db, ingest)
    const late = db.transaction()
    expect(text(late.get(bytes('f'))!)).toBe('2')
    late.put(bytes('f'), bytes('3'))
    late.commitSync()
    early.rollback()
    expect(text(db.get(bytes('f'))!)).toBe('3')
    db.close()
  })
})
