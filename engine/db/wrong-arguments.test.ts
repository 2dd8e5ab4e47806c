/**
 * Every public call is fed what is of a wrong kind, and must answer with `LSM_INVALID_ARGUMENT`: no
 * other error, no assertion, and never a result. A call that is new has to be added here.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as engine from '../index.ts'
import { bytes, everyNth, never, openTest, restless, text } from '../testing/fixtures.ts'

const { db, storage } = openTest()
afterAll(() => db.close())
const batch = new engine.WriteBatch()
batch.put(bytes('before'), bytes('1'))
db.writeSync(batch)

const NOT_BYTES: readonly unknown[] = [
  'abc',
  7,
  null,
  undefined,
  [1, 2],
  {},
  new Uint16Array(2),
  new DataView(new ArrayBuffer(2)),
  new ArrayBuffer(2),
]
const NO_BOUND = NOT_BYTES.filter((value) => value !== undefined)
const NO_OPTIONS: readonly unknown[] = [null, 1, 'sync', [], new Map(), bytes(''), { start: 1 }]
const NO_FLAG: readonly unknown[] = [null, 0, 1, 'false']
const NO_COUNT: readonly unknown[] = [Number.NaN, -1, 1.5, 2 ** 60, -Infinity, '3', null, 3n]
const NO_TEXT: readonly unknown[] = [null, undefined, 1, bytes('/db'), new URL('file:///db')]
const NO_FOLDER: readonly unknown[] = [...NO_TEXT, '', 'a\0b']
const cyclic: Record<string, unknown> = {}
cyclic.itself = cyclic
const NO_JSON: readonly unknown[] = [
  ...[Number.NaN, Infinity, { T: Number.NaN }, { T: undefined }, 1n, () => 1, new Map()],
  ...[{ at: new Date() }, cyclic],
]
const NO_BATCH: readonly unknown[] = [
  ...[null, undefined, {}, [], 'batch', bytes('batch'), engine.WriteBatch],
  Object.create(engine.WriteBatch.prototype),
]
const NO_OBJECT: readonly unknown[] = [null, 1, 'storage', {}, () => {}]

const other = openTest()
const released = db.snapshot()
released.release()
afterAll(() => other.db.close())
const NO_SNAPSHOT: readonly unknown[] = [null, 1, {}, { seq: 1 }, other.db.snapshot()]

const folder = mkdtempSync(join(tmpdir(), 'varve-test-'))
const disk = engine.Database.open({ folder, strategy: never })
const reader = engine.openReader(disk.readerChannel())
const channel = disk.readerChannel()
afterAll(() => {
  disk.close()
  rmSync(folder, { recursive: true })
})

interface Call {
  readonly name: string
  readonly wrong: readonly unknown[]
  readonly make: (value: never) => unknown
}

const key = bytes('k')
/** No range starts at `key` and ends there. */
const NOT_AFTER_KEY: readonly unknown[] = [bytes('k'), bytes('j'), bytes('')]
const call = (name: string, wrong: readonly unknown[], make: (value: never) => unknown): Call => {
  return { name, wrong, make }
}
/** Of a call that takes options: what they may not be, and what those of `kinds` may not be. */
const options = (
  name: string,
  kinds: Readonly<Record<string, readonly unknown[]>>,
  make: (options: never) => unknown,
): readonly Call[] => [
  call(name, NO_OPTIONS, make),
  ...Object.entries(kinds).map(([option, wrong]) =>
    call(`${name}, ${option}`, wrong, (value) => make({ [option]: value } as never)),
  ),
]
const write = (make: (value: engine.WriteOptions) => unknown, name: string) =>
  options(name, { sync: NO_FLAG }, make)
const bounds = { gte: NO_BOUND, gt: NO_BOUND, lte: NO_BOUND, lt: NO_BOUND }
const read = { snapshot: NO_SNAPSHOT }
const scan = { ...bounds, ...read, reverse: NO_FLAG, limit: NO_COUNT }
const open = (given: object) =>
  engine.Database.open({ storage, folder: '/other', strategy: everyNth(2), ...given })
const strategyWith = (given: object) => ({ strategy: { ...everyNth(2), ...given } })
const fresh = () => new engine.WriteBatch()
const memory = () => new engine.MemoryStorage(new engine.Ledger())

const readsOf = (face: engine.Database | engine.DatabaseReader): readonly Call[] => [
  call('get', NOT_BYTES, (value) => face.get(value)),
  ...options('get', read, (value) => face.get(key, value)),
  call('has', NOT_BYTES, (value) => face.has(value)),
  ...options('has', read, (value) => face.has(key, value)),
  call('getMany', [undefined, null, 1, 'keys', key, {}], (value) => face.getMany(value)),
  call('getMany, keys', NOT_BYTES, (value) => face.getMany([key, value])),
  ...options('getMany', read, (value) => face.getMany([key], value)),
  ...options('scan', scan, (value) => face.scan(value)),
  ...options('scanAsync', { ...scan, prefetch: [...NO_COUNT, Infinity] }, (value) =>
    face.scanAsync(value),
  ),
  ...options('cursor', bounds, (value) => face.cursor(value)),
  ...options('cursor', read, (value) => face.cursor({}, value)),
]

const DATABASE: readonly Call[] = [
  call('open', [...NO_OPTIONS, undefined], (value) => engine.Database.open(value)),
  call('open, storage', NO_OBJECT, (value) => open({ storage: value })),
  call('open, folder', NO_FOLDER, (folder) => open({ folder })),
  call('open, strategy', NO_OBJECT, (strategy) => open({ strategy })),
  call('open, strategyParameters', NO_JSON, (value) => open({ strategyParameters: value })),
  call('open, strategy.name', NO_TEXT, (name) => open(strategyWith({ name }))),
  call('open, strategy.pick', [null, 1], (pick) => open(strategyWith({ pick }))),
  call('open, clock', [...NO_OBJECT, { nowMs: () => 0 }], (clock) => open({ clock })),
  call('open, timers', NO_OBJECT, (timers) => open({ timers })),
  call('open, seed', [Number.NaN, 0.5, '1', null], (seed) => open({ seed })),
  call('open, options', [null, 1, 'options', [], { memtable: 1 }], (value) =>
    open({ options: value }),
  ),
  call('open, memtableBytes', [...NO_COUNT, 1], (memtableBytes) =>
    open({ options: { memtableBytes } }),
  ),
  call('open, valueLogPolicy', [1, 'fifo', {}, restless], (valueLogPolicy) =>
    open({ valueLogPolicy }),
  ),
  call('open, scheduling', [null, 1, 'thread', {}], (scheduling) => open({ scheduling })),
  call('open, schedulingPolicy', [1, 'fair', {}, { mergesMax: 1, plan: 1 }], (schedulingPolicy) =>
    open({ schedulingPolicy }),
  ),
  call('open, onEvent', [null, 1, {}], (onEvent) => open({ onEvent })),
  ...readsOf(db),
  ...options('readerChannel', { blockCacheBytes: NO_COUNT }, (value) => disk.readerChannel(value)),
  call('put', NOT_BYTES, (value) => db.put(value, key)),
  call('put, value', NOT_BYTES, (value) => db.put(key, value)),
  ...write((value) => db.put(key, key, value), 'put'),
  call('delete', NOT_BYTES, (value) => db.delete(value)),
  ...write((value) => db.delete(key, value), 'delete'),
  call('deleteRange from', NOT_BYTES, (value) => db.deleteRange(value, key)),
  call('deleteRange to', NOT_BYTES, (value) => db.deleteRange(key, value)),
  call('deleteRange to', NOT_AFTER_KEY, (value) => db.deleteRange(key, value)),
  ...write((value) => db.deleteRange(key, bytes('l'), value), 'deleteRange'),
  call('checkpoint', NO_FOLDER, (value) => db.checkpoint(value)),
  call('checkpoint, storage', NO_OBJECT, (value) => db.checkpoint('/to', value)),
  call('ingest', [null, undefined, 1, 'table', {}, []], (value) => db.ingest(value)),
  call('ingest, tables', NO_FOLDER, (value) => db.ingest([value])),
  ...options('ingest', { storage: NO_OBJECT }, (value) => db.ingest(['/table'], value)),
  call('write', NO_BATCH, (value) => db.write(value)),
  ...write((value) => db.write(fresh(), value), 'write'),
  call('writeSync', NO_BATCH, (value) => db.writeSync(value)),
  ...write((value) => db.writeSync(fresh(), value), 'writeSync'),
]

const transaction = db.transaction()
const NO_SAVEPOINT: readonly unknown[] = [
  ...[null, undefined, 1, {}, { depth: 0 }],
  db.transaction().savepoint(),
]
const NO_ISOLATION: readonly unknown[] = [null, 1, 'serialisable', 'SNAPSHOT', '']
const { snapshot: _, ...transactionScan } = scan

const TRANSACTION: readonly Call[] = [
  ...options('transaction', { isolation: NO_ISOLATION }, (value) => db.transaction(value)),
  call('retry', [null, undefined, 1, {}, 'run'], (value) => db.retry(value)),
  ...options(
    'retry',
    {
      isolation: NO_ISOLATION,
      sync: NO_FLAG,
      attemptsMax: [...NO_COUNT, 0],
      backoffMs: NO_COUNT,
    },
    (value) => db.retry(() => 1, value),
  ),
  call('get', NOT_BYTES, (value) => transaction.get(value)),
  call('has', NOT_BYTES, (value) => transaction.has(value)),
  ...options('scan', { ...transactionScan, snapshot: [db.snapshot()] }, (value) =>
    transaction.scan(value),
  ),
  call('getMany', [null, undefined, 1, 'a', {}, [1], [bytes('a'), 'b']], (value) =>
    transaction.getMany(value),
  ),
  ...options('cursor', bounds, (value) => transaction.cursor(value)),
  call('cursor, inverted', [0], () => transaction.cursor({ gte: bytes('b'), lt: bytes('a') })),
  call('scan, inverted', [0], () => transaction.scan({ gte: bytes('b'), lt: bytes('a') })),
  call('put', NOT_BYTES, (value) => transaction.put(value, key)),
  call('put, value', NOT_BYTES, (value) => transaction.put(key, value)),
  call('delete', NOT_BYTES, (value) => transaction.delete(value)),
  call('deleteRange', NOT_BYTES, (value) => transaction.deleteRange(value, bytes('z'))),
  call('deleteRange, to', NOT_BYTES, (value) => transaction.deleteRange(bytes(''), value)),
  call('deleteRange, inverted', ['a', 'b'], (value) => {
    return transaction.deleteRange(bytes('b'), bytes(value))
  }),
  call('rollbackTo', NO_SAVEPOINT, (value) => transaction.rollbackTo(value)),
  call('release', NO_SAVEPOINT, (value) => transaction.release(value)),
  ...write((value) => transaction.commit(value), 'commit'),
  ...write((value) => transaction.commitSync(value), 'commitSync'),
]

const OPTIONAL = ['maxOpenFiles', 'openTablesMax', 'cacheTableMemory', 'cachePolicy', 'directReads']
const isNeeded = (field: string) => !OPTIONAL.includes(field)

const READER: readonly Call[] = [
  ...readsOf(reader),
  call('openReader, without', Object.keys(channel).filter(isNeeded), (missing) => {
    const { [missing]: _, ...others } = channel
    return engine.openReader(others as never)
  }),
]

const CURSOR: readonly Call[] = [
  call('seek', NOT_BYTES, (value) => db.cursor().seek(value)),
  call('seekForPrev', NOT_BYTES, (value) => db.cursor().seekForPrev(value)),
  call('next', [0], () => db.cursor().next()),
  call('prev', [0], () => db.cursor().prev()),
  call('key', [0], () => db.cursor().key()),
  call('value', [0], () => db.cursor().value()),
]

const FUNCTIONS: readonly Call[] = [
  call('WriteBatch.put', NOT_BYTES, (value) => fresh().put(value, key)),
  call('WriteBatch.put, value', NOT_BYTES, (value) => fresh().put(key, value)),
  call('WriteBatch.delete', NOT_BYTES, (value) => fresh().delete(value)),
  call('WriteBatch.deleteRange from', NOT_BYTES, (value) => fresh().deleteRange(value, key)),
  call('WriteBatch.deleteRange to', NOT_BYTES, (value) => fresh().deleteRange(key, value)),
  call('WriteBatch.deleteRange to', NOT_AFTER_KEY, (value) => fresh().deleteRange(key, value)),
  call('WriteBatch.from', NOT_BYTES, (value) => engine.WriteBatch.from(value)),
  call('openReader', [...NO_OPTIONS, undefined, {}, { port: 1 }], (value) =>
    engine.openReader(value),
  ),
  call('describeFolder', NO_OBJECT, (value) => engine.describeFolder(value, '/db')),
  call('describeFolder, folder', NO_FOLDER, (value) => engine.describeFolder(memory(), value)),
  call('verifyDatabase', NO_OBJECT, (value) => engine.verifyDatabase(value, '/db')),
  call('verifyDatabase, folder', NO_FOLDER, (value) => engine.verifyDatabase(memory(), value)),
  call('repairDatabase', NO_OBJECT, (value) => engine.repairDatabase(value, '/db')),
  call('repairDatabase, folder', NO_FOLDER, (value) => engine.repairDatabase(memory(), value)),
  ...options('repairDatabase', { dryRun: NO_FLAG }, (value) =>
    engine.repairDatabase(memory(), '/db', value),
  ),
  call('checkpointFolder', NO_OBJECT, (value) => engine.checkpointFolder(value, '/db', '/to')),
  call('checkpointFolder, to', NO_FOLDER, (value) =>
    engine.checkpointFolder(memory(), '/db', value),
  ),
  call('EncryptedStorage', NO_OBJECT, (value) => {
    return new engine.EncryptedStorage(value, engine.EncryptionKey.random())
  }),
  call('EncryptedStorage, key', [...NO_OBJECT, undefined, new Uint8Array(32)], (value) => {
    return new engine.EncryptedStorage(memory(), value)
  }),
  call('EncryptionKey', NOT_BYTES, (value) => engine.EncryptionKey.of(value)),
  call('isEncrypted', NO_OBJECT, (value) => engine.isEncrypted(value, '/db')),
  call('isEncrypted, folder', NO_TEXT, (value) => engine.isEncrypted(memory(), value)),
  call('passphraseKey', NO_OBJECT, (value) => engine.passphraseKey(value, '/db', 'words')),
  call('passphraseKey, passphrase', [...NO_TEXT, ''], (value) =>
    engine.passphraseKey(memory(), '/db', value),
  ),
  call('exportDatabase', NO_OBJECT, (value) => engine.exportDatabase(value, '/db', '/to')),
  call('exportDatabase, folder', NO_FOLDER, (value) =>
    engine.exportDatabase(memory(), value, '/to'),
  ),
  call('exportDatabase, to', NO_FOLDER, (value) => engine.exportDatabase(memory(), '/db', value)),
  call('parseEngineOptions', [null, 1, 'none', [], { block: 1 }, undefined], (value) =>
    engine.parseEngineOptions(value),
  ),
  call('MemoryStorage', NO_OBJECT, (value) => new engine.MemoryStorage(value)),
  call('NodeStorage', NO_OBJECT, (value) => new engine.NodeStorage(value)),
  call('NodeStorage.over', [...NO_OPTIONS, undefined, {}], (value) =>
    engine.NodeStorage.over(value),
  ),
  call('NodeStorage.over, threads', [...NO_COUNT, 0], (threads) =>
    engine.NodeStorage.over({ ledger: new engine.Ledger().share(), threads }),
  ),
  call('NodeStorage.share', [...NO_COUNT, 0], (value) => new engine.NodeStorage().share(value)),
  call('Ledger.over', [...NO_OBJECT, new SharedArrayBuffer(8), new ArrayBuffer(8)], (value) =>
    engine.Ledger.over(value),
  ),
  call('countFolder', NO_OBJECT, (value) => engine.countFolder(storage, value, '/db')),
  call('readOptionsRecord', NO_OBJECT, (value) => engine.readOptionsRecord(value, '/db')),
  call('readOptionsRecord, folder', NO_FOLDER, (value) =>
    engine.readOptionsRecord(memory(), value),
  ),
  call('readFolderTree', NO_OBJECT, (value) => engine.readFolderTree(value, '/db')),
  call('readFolderTree, name', NO_TEXT, (value) => engine.readFolderTree(storage, value)),
  call('sumCells', [null, { causes: 'wal' }, { cause: 'log' }, { direction: 'in' }], (value) =>
    engine.sumCells([], value),
  ),
  call('ManualClock', [Number.NaN, '1', null], (value) => new engine.ManualClock(value)),
  call('ManualClock.advance', [Number.NaN, Infinity, '1'], (value) =>
    new engine.ManualClock().advance(value),
  ),
  call('VirtualClock', [null, 1, { startMs: 0.5 }, { ties: 1 }], (value) => {
    return new engine.VirtualClock(value)
  }),
  ...(['after', 'at'] as const).map((method) =>
    call(`VirtualClock.${method}`, [Number.NaN, Infinity, '1'], (value) =>
      new engine.VirtualClock()[method](value, () => {}),
    ),
  ),
  ...(['runUntil', 'block'] as const).map((method) =>
    call(`VirtualClock.${method}`, [Number.NaN, -1, 0.5, '1'], (value) =>
      new engine.VirtualClock()[method](value),
    ),
  ),
  call(
    'VirtualExecutor',
    [
      { workers: 0 },
      { measureEveryMs: 0 },
      { policy: null },
      { device: null },
      { device: { readBytesPerMs: 0, writeBytesPerMs: 1, latencyMs: 0, perFileMs: 0 } },
      { device: { readBytesPerMs: 1, writeBytesPerMs: 1, latencyMs: -1, perFileMs: 0 } },
    ],
    (value: object) =>
      new engine.VirtualExecutor({
        clock: new engine.VirtualClock(),
        device: { readBytesPerMs: 1, writeBytesPerMs: 1, latencyMs: 0, perFileMs: 0 },
        policy: { mergesMax: () => 1, plan: () => ({ shares: [], bytesPerSecond: null }) },
        workers: 1,
        measureEveryMs: 1,
        ...value,
      } as never),
  ),
  call('createRandom', [Number.NaN, 0.5, '1', undefined], (value) => engine.createRandom(value)),
  call('deriveSeed', [Number.NaN, 0.5, '1'], (value) => engine.deriveSeed(value, 'role')),
  call('deriveSeed, role', [undefined, 1], (value) => engine.deriveSeed(1, value)),
  call('printVersion', NO_OBJECT, (value) => engine.printVersion(value)),
  call('printEdit', NO_OBJECT, (value) => engine.printEdit(value)),
  call('applyEdit', NO_OBJECT, (value) => engine.applyEdit(value, engine.parseEdit(''))),
  call('applyEdit, edit', NO_OBJECT, (value) => engine.applyEdit(engine.EMPTY_VERSION, value)),
  call('guardStrategy', [...NO_OBJECT, {}, { ...never, pick: 1 }, { ...never, name: 1 }], (value) =>
    engine.guardStrategy(value),
  ),
  call('parseEdit', [...NO_TEXT, 'nonsense'], (value) => engine.parseEdit(value)),
]

describe.each([
  ['the database', DATABASE],
  ['a reader', READER],
  ['a cursor', CURSOR],
  ['a transaction', TRANSACTION],
  ['the functions', FUNCTIONS],
])('%s', (_, calls) => {
  const cases = calls.flatMap(({ name, wrong, make }) =>
    wrong.map((value) => ({ name, value, make })),
  )
  test.each(cases)('$name refuses $value', async ({ value, make }) => {
    const before = Array.from(db.scan(), ([k, v]) => [text(k), text(v)])
    const answer = Promise.resolve().then(() => make(value as never))
    await expect(answer).rejects.toThrow(expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' }))
    expect(Array.from(db.scan(), ([k, v]) => [text(k), text(v)])).toEqual(before)
    expect(storage.list('/other')).toEqual([])
  })
})

test('the lists above cover every public call', () => {
  /** They take no arguments, or only what the engine itself makes. */
  const without = [
    ...['constructor', 'snapshot', 'flush', 'compact', 'collectValueLog', 'metrics', 'close'],
    ...['savepoint', 'rollback', 'seekToFirst', 'seekToLast', 'cellsBetween'],
    // They check what strategies answer, and refuse it as LSM_UNSAFE_COMPACTION.
    ...['checkedPick', 'checkedScores'],
    // Its argument comes from the engine.
    'jobWork',
    // Its argument is a module of ours.
    'threads',
    ...['isLsmError', 'LsmError', 'ReadCounters', 'Ledger', 'Database', 'WriteBatch'],
  ]
  const called = new Set(
    [...DATABASE, ...READER, ...CURSOR, ...TRANSACTION, ...FUNCTIONS].map(
      ({ name }) => name.split(',')[0]!,
    ),
  )
  const methods = (prototype: object) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([, { value }]) => typeof value === 'function')
      .map(([name]) => name)
  const all = [
    ...methods(engine.Database.prototype),
    ...methods(Object.getPrototypeOf(reader) as object),
    ...methods(Object.getPrototypeOf(db.cursor()) as object),
    ...methods(Object.getPrototypeOf(transaction) as object),
    ...Object.entries(engine).flatMap(([name, value]) =>
      typeof value === 'function' ? [name] : [],
    ),
  ]
  expect(all.filter((name) => !called.has(name) && !without.includes(name))).toEqual([])
})
