/**
 * Owns the checks of our databases by RocksDB's tools: a seeded history is written under a strategy
 * and closed, and RocksDB reads each file and opens the folder, directly or through an export. The
 * oracle is a map with the same history.
 *
 * RocksDB's scan merges by internal key, so it does not depend on the order of runs; only gets can
 * return a stale value. So each folder is checked by gets of all live keys, and by a scan, which
 * also shows that no deleted key came back.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ManualClock } from '../../base/clock.ts'
import { createRandom } from '../../base/random.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import type { CompactionStrategy } from '../../compaction/strategy.ts'
import type { ValueLogPolicy } from '../../compaction/value-log-policy.ts'
import { Database } from '../../db/database.ts'
import { exportDatabase } from '../../db/offline/export.ts'
import type { EngineOptionsInput } from '../../db/options.ts'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { TableReader } from '../../table/table-reader.ts'
import type { Run } from '../../version/run.ts'
import { runsNewestFirst, type Version } from '../../version/version.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { bytes } from '../fixtures.ts'
import { collectEntries } from '../oracles/array-cursor.ts'
import {
  copyOf,
  dumpManifest,
  dumpWal,
  getAll,
  ldb,
  SOUND,
  scanFolder,
  scanLines,
  scanTableFile,
  verifyTableFile,
} from './rocksdb-tools.ts'

export interface LivedFolder {
  readonly storage: Storage
  readonly folder: string
  /** The entries that the database holds. */
  readonly oracle: ReadonlyMap<string, string>
  readonly version: Version
  /** What `ldb dump_wal` must print of the live log. */
  readonly walLines: readonly string[]
}

export interface Life {
  readonly folder: string
  readonly strategy: CompactionStrategy
  readonly writes: number
  /** Number of keys that the writes choose from. Default 400. */
  readonly keys?: number
  readonly seed: number
  /** Whether a sixth of the records are deletions. Default true. */
  readonly deletes?: boolean
  /** Whether one record in 25 deletes a range of up to a tenth of the keys. Default false. */
  readonly deletesRanges?: boolean
  readonly options?: EngineOptionsInput
  readonly valueLogPolicy?: ValueLogPolicy
  /** Called before the database is closed. */
  readonly beforeClose?: () => void
}

/** Number of writes after the last flush: they are only in the log. */
const WRITES_IN_LOG = 20

/** Writes a history to a new folder, drains it, writes a few more entries, and closes it. */
export function live(life: Life): LivedFolder {
  const { folder, strategy, writes, keys = 400, seed, deletes = true, options = {} } = life
  const storage = new NodeStorage(new Ledger())
  const random = createRandom(seed)
  const oracle = new Map<string, string>()
  const db = Database.open({
    storage,
    folder,
    strategy,
    clock: new ManualClock(1),
    options: { memtableBytes: 8192, ...options },
    valueLogPolicy: life.valueLogPolicy ?? null,
  })
  const keyOf = (n: number) => `key${String(n).padStart(5, '0')}`
  const write = (index: number) => {
    const batch = new WriteBatch()
    const records: string[] = []
    for (let left = 1 + random.nextBelow(2); left > 0; left--) {
      const n = random.nextBelow(keys)
      const key = keyOf(n)
      if (life.deletesRanges === true && random.nextBelow(25) === 0) {
        const to = keyOf(n + 1 + random.nextBelow(keys / 10))
        batch.deleteRange(bytes(key), bytes(to))
        for (const other of [...oracle.keys()]) if (key <= other && other < to) oracle.delete(other)
        records.push(`DELETE_RANGE(0) : ${hexOf(key)} ${hexOf(to)} `)
      } else if (random.nextBelow(6) === 0 && deletes) {
        batch.delete(bytes(key))
        oracle.delete(key)
        records.push(`DELETE(0) : ${hexOf(key)} `)
      } else {
        const value = `${index}.${left}`.padEnd(random.nextBelow(150), 'x')
        batch.put(bytes(key), bytes(value))
        oracle.set(key, value)
        records.push(`PUT(0) : ${hexOf(key)} : ${hexOf(value)} `)
      }
    }
    const seq = db.lastSeq + 1
    db.writeSync(batch)
    return { head: `${seq},${batch.count},${batch.byteLength}`, records: records.join('') }
  }
  for (let index = 0; index < writes; index++) write(index)
  db.flush()
  const { version } = db
  const logged = Array.from({ length: WRITES_IN_LOG }, (_, index) => write(writes + index))
  life.beforeClose?.()
  db.close()
  let offset = 0
  const walLines = logged.map(({ head, records }) => {
    const line = `${head},${offset},${records}`
    offset += 7 + Number(head.split(',')[2])
    return line
  })
  return { storage, folder, oracle, version, walLines }
}

const hexOf = (value: string) => `0x${Buffer.from(value).toString('hex').toUpperCase()}`

/** Checks that RocksDB reads tables and log as we do. Returns the number of tables. */
export function checkFiles({ storage, folder, version, walLines }: LivedFolder): number {
  const tables = namesIn(folder, '.sst')
  expect(tables).toHaveLength(version.totals.tables)
  for (const name of tables) {
    const path = join(folder, name)
    expect(verifyTableFile(path), name).toEqual(SOUND)
    expect(scanTableFile(path), name).toEqual(scanLines(readTable(storage, path)))
  }
  const logs = namesIn(folder, '.log')
  expect(logs).toHaveLength(1)
  expect(dumpWal(join(folder, logs[0]!))).toMatchObject({ lines: walLines, complaints: '' })
  return tables.length
}

/** The entries of a table, by our reader. */
function readTable(storage: Storage, path: string) {
  const file = storage.open(path, { cause: 'verify', level: 0 })
  const reader = TableReader.open(file, 1, new BlockCache(0))
  try {
    const counters = new ReadCounters()
    const entries = collectEntries(reader.cursor({ file, counters, fillCache: false }))
    const { entries: counted, rangeDeletions } = reader.properties
    expect(counted - rangeDeletions).toBe(entries.length)
    return entries
  } finally {
    reader.close()
  }
}

/**
 * Checks that RocksDB finds the folder consistent and answers as the oracle, before and after a
 * compaction.
 */
export function checkOpens(folder: string, oracle: ReadonlyMap<string, string>): void {
  const manifest = namesIn(folder, 'MANIFEST')
  expect(manifest).toHaveLength(1)
  expect(dumpManifest(join(folder, manifest[0]!)).complaints).toBe('')
  expect(ldb(folder, 'checkconsistency')).toEqual({ output: 'OK\n', complaints: '' })
  expect(sorted(scanFolder(folder))).toEqual(sorted(oracle))
  expect(gets(folder, oracle)).toEqual(sorted(oracle))
  const compacted = copyOf(folder)
  expect(ldb(compacted, 'compact').complaints).toBe('')
  expect(sorted(scanFolder(compacted))).toEqual(sorted(oracle))
  expect(gets(compacted, oracle)).toEqual(sorted(oracle))
}

/** RocksDB's answers to a get of every key of `oracle`, on a copy of the folder. */
export function gets(folder: string, oracle: ReadonlyMap<string, string>): [string, string][] {
  return sorted(getAll(copyOf(folder), oracle.keys()))
}

export function sorted(entries: ReadonlyMap<string, string>): [string, string][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * Whether RocksDB can open the folder without an export: no more levels than it has, one run per
 * level, and one table in level 0, because RocksDB orders its tables by sequence number.
 */
export function opensAsItIs({ levels }: Version): boolean {
  const isOneRunALevel = levels.every(({ runs }) => runs.length <= 1)
  return levels.length <= 7 && isOneRunALevel && (levels[0]?.totals.tables ?? 0) <= 1
}

/** Exports the folder to a new one beside it; returns the new one. */
export function exported(
  { storage, folder }: LivedFolder,
  order?: (version: Version) => readonly Run[],
): string {
  const to = `${folder}-export`
  exportDatabase(storage, folder, to, order)
  return to
}

export function oldestFirst(version: Version): readonly Run[] {
  return Array.from(runsNewestFirst(version), ({ run }) => run).reverse()
}

export function flipByte(path: string, at: number): void {
  const content = readFileSync(path)
  content[at]! ^= 1
  writeFileSync(path, content)
}

export function namesIn(folder: string, part: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.includes(part))
}
