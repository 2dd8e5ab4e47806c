/**
 * Owns the runs of the suite `wisckey`: a load, updates in place, and scans of one database, on
 * real files (at smoke scale in memory), with values in the tree or in the log. It uses the
 * database instead of a target, because it sweeps settings that targets do not have: policies,
 * capacities, reads ahead.
 *
 * Entries are those of the papers: keys of 16 B in random order, values of a fixed size. Each put
 * is a separate commit, so the write-ahead log has the largest possible number of records.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  createRandom,
  Database,
  type EngineOptionsInput,
  Ledger,
  ManualClock,
  MemoryStorage,
  NodeStorage,
  parseEngineOptions,
  type Storage,
  sumCells,
  WriteBatch,
} from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { valueLogPolicyOf } from '../../strategies/vlog-gc/index.ts'
import { Interrupted } from '../base/interrupted.ts'
import { KEY_BYTES, scrambled } from './load-buffers.ts'
import type { SuiteContext } from './suite.ts'

export interface LogDatabase {
  readonly database: Database
  readonly ledger: Ledger
  /** Closes the database and opens it again with empty caches. */
  reopened(): LogDatabase
}

/** 2026-01-01, standing still. */
const START_MS = Date.UTC(2026, 0, 1)
/** Puts between two turns of the event loop. */
const SLICE_PUTS = 2000

/** Opens a new database in the suite's folder for the duration of `use`. */
export async function withDatabase<Result>(
  { outFolder, seed, scale }: SuiteContext,
  options: EngineOptionsInput,
  use: (opened: LogDatabase) => Promise<Result>,
): Promise<Result> {
  const ledger = new Ledger()
  const onDisk = scale === 'full'
  const storage = onDisk ? new NodeStorage(ledger) : new MemoryStorage(ledger)
  const folder = onDisk ? mkdtempSync(join(outFolder, '.suite-wisckey-')) : '/database'
  let current: LogDatabase | null = null
  const open = (): LogDatabase => {
    current?.database.close()
    current = { database: openLog(storage, folder, options, seed), ledger, reopened: open }
    return current
  }
  try {
    return await use(open())
  } finally {
    ;(current as LogDatabase | null)?.database.close()
    if (onDisk) rmSync(folder, { recursive: true })
  }
}

function openLog(
  storage: Storage,
  folder: string,
  options: EngineOptionsInput,
  seed: number,
): Database {
  const leveling = STRATEGIES.get('leveling')!
  return Database.open({
    storage,
    folder,
    strategy: leveling.create(leveling.parse({})),
    options: { compression: 'none', ...options },
    valueLogPolicy: valueLogPolicyOf(parseEngineOptions(options).valueLog),
    clock: new ManualClock(START_MS),
    seed,
  })
}

export interface Puts {
  readonly count: number
  /** The record that the n-th put writes. */
  record(n: number): number
  valueBytes(record: number): number
}

/** Does the puts, each as a separate commit. */
export async function putAll(
  { database }: LogDatabase,
  { count, record, valueBytes }: Puts,
  { signal, seed }: SuiteContext,
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  const batch = new WriteBatch()
  const key = new Uint8Array(KEY_BYTES)
  const keyView = new DataView(key.buffer)
  let value = new Uint8Array(0)
  for (let n = 0; n < count; n++) {
    const index = record(n)
    keyView.setUint32(0, scrambled(index ^ seed))
    const bytes = valueBytes(index)
    if (value.length !== bytes) value = new Uint8Array(bytes)
    value.fill(n)
    batch.clear()
    batch.put(key, value)
    database.writeSync(batch)
    if (n % SLICE_PUTS !== SLICE_PUTS - 1) continue
    onProgress(n + 1)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
}

/** Records 0 … count − 1, each once. */
export function uniqueLoad(count: number, valueBytes: number): Puts {
  return { count, record: (n) => n, valueBytes: () => valueBytes }
}

/**
 * `count` updates of `records` records: uniform, or `hotShare` of them on a fifth of the records.
 */
export function updates(
  count: number,
  records: number,
  valueBytes: number,
  seed: number,
  hotShare: number | null,
): Puts {
  const random = createRandom(seed)
  const hot = Math.ceil(records / 5)
  const record = () => {
    if (hotShare === null) return random.nextBelow(records)
    const isHot = random.nextBelow(1000) < hotShare * 1000
    return isHot ? random.nextBelow(hot) : hot + random.nextBelow(records - hot)
  }
  return { count, record, valueBytes: () => valueBytes }
}

export interface WriteFigures extends Record<string, number | null> {
  readonly userBytes: number
  readonly writtenBytes: number
  readonly waTotal: number
  readonly waWal: number
  readonly waTree: number
  readonly waLog: number
}

/** All bytes written since the database was opened ÷ user bytes, and the parts of this ratio. */
export function writeFigures({ database, ledger }: LogDatabase): WriteFigures {
  const { userBytes } = database.metrics()
  const written = (...causes: Parameters<typeof sumCells>[1]['cause'] & object) =>
    sumCells(ledger.cells(), { cause: causes, direction: 'write' }).bytes
  const writtenBytes = sumCells(ledger.cells(), { direction: 'write' }).bytes
  return {
    userBytes,
    writtenBytes,
    waTotal: writtenBytes / userBytes,
    waWal: written('wal') / userBytes,
    waTree: written('flush', 'compaction') / userBytes,
    waLog: written('vlog', 'vlog-gc') / userBytes,
  }
}

export interface ScanFigures extends Record<string, number> {
  readonly entries: number
  readonly blocksFromStorage: number
  readonly valueReads: number
  readonly bytesFromStorage: number
  readonly seconds: number
}

/**
 * Reads every entry in key order, from a database that was just opened; `prefetch` null:
 * synchronously.
 */
export async function scanCold(
  { database }: LogDatabase,
  prefetch: number | null,
): Promise<ScanFigures> {
  const before = database.scanCounters.copy()
  const startMs = performance.now()
  let entries = 0
  if (prefetch === null) {
    for (const _pair of database.scan()) entries++
  } else {
    for await (const _pair of database.scanAsync({ prefetch })) entries++
  }
  const seconds = (performance.now() - startMs) / 1e3
  const after = database.scanCounters
  return {
    entries,
    blocksFromStorage: after.blocksFromStorage - before.blocksFromStorage,
    valueReads: after.valueReads - before.valueReads,
    bytesFromStorage: after.bytesFromStorage - before.bytesFromStorage,
    seconds,
  }
}
