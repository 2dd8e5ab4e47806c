/**
 * Owns RocksDB as a peer in this process, through @nxtedition/rocksdb. All calls are on the calling
 * thread: the library has synchronous batches and lookups, whose names begin with an underscore. It
 * passes few options on; the settings list those that it fixes. `db_bench` does not have this
 * limit.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EntrySink } from '../../base/target.ts'
import { type Budget, HANDED_TO_THE_SYSTEM, settingsOf } from './budget.ts'
import { parseRocksDbLog } from './compaction-log.ts'
import { addEntry, type PeerDefinition, type PeerStatistics, type PeerStore } from './peer-store.ts'
import {
  isRocksDbBusy,
  newRocksDb,
  type RocksDb,
  type RocksDbBatch,
  rocksDbVersion,
} from './rocksdb-library.ts'
import { rocksDbLevels } from './rocksdb-report.ts'
import { setting } from './setting.ts'

const LEVEL0_TRIGGER = 2

export const ROCKSDB_PEER: PeerDefinition = {
  name: 'rocksdb',
  description: 'RocksDB 9.7, through @nxtedition/rocksdb',
  settings: (budget) => [
    ...settingsOf(budget, {
      memtableBytes: [budget.memtableBytes, 'two buffers of half that, merged at the flush'],
      blockCacheBytes: [budget.blockCacheBytes, 'HyperClockCache'],
      blockBytes: [budget.blockBytes],
      blockRestartInterval: [budget.blockRestartInterval],
      compression: ['none above level 2, zstd from there', 'the library sets it for leveling'],
      T: [10, 'default; the library lets no other through'],
      l0Trigger: [LEVEL0_TRIGGER, 'set by the library for leveling'],
      level1Bytes: [2 * budget.memtableBytes, 'set by the library; dynamic level sizes'],
      tableBytes: [budget.memtableBytes / 4, 'set by the library'],
      bitsPerKey: [budget.bitsPerKey],
    }),
    setting('a write is', HANDED_TO_THE_SYSTEM, HANDED_TO_THE_SYSTEM),
    setting('table chosen of a full level', null, 'kMinOverlappingRatio', 'ours: parameter pick'),
    setting('background threads', 0, 1, 'ours works inline, in the write that makes it due'),
  ],
  latencyIncludes: 'the call, on the calling thread, and the copies in and out of JavaScript',
  drainedBy:
    'its properties say that no flush or compaction runs or is pending, and nothing is written ' +
    'for a quarter of a second; the memtable stays',
  quietMs: 250,
  counters: {
    flushBytes: 'Σ file_size of table_file_creation events of flushes, in its LOG',
    compactionBytes: 'Σ total_output_size of compaction_finished events in its LOG',
    compactionReadBytes: 'Σ input_data_size of compaction_started events in its LOG',
    processBytes: 'wchar: log, tables, manifest and LOG',
    processReadBytes: 'rchar: tables are read by pread',
    levels: 'sizes by rocksdb.cfstats; written bytes by the events of its LOG',
  },
  async open(folder, budget) {
    const database = newRocksDb(folder, optionsOf(budget))
    await database.open()
    return {
      store: new RocksDbStore(database, folder),
      version: rocksDbVersion(),
    }
  },
}

function optionsOf(budget: Budget) {
  return {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compaction: 'level',
    // A buffer has a quarter of this; a flush merges two buffers.
    memtableMemoryBudget: 2 * budget.memtableBytes,
    compression: false,
    walCompression: false,
    cacheSize: budget.blockCacheBytes,
    blockSize: budget.blockBytes,
    blockRestartInterval: budget.blockRestartInterval,
    filterPolicy: `bloomfilter:${budget.bitsPerKey}:false`,
    parallelism: 1,
    infoLogLevel: 'info',
  }
}

class RocksDbStore implements PeerStore {
  readonly #database: RocksDb
  readonly #folder: string
  readonly #batch: RocksDbBatch

  constructor(database: RocksDb, folder: string) {
    this.#database = database
    this.#folder = folder
    this.#batch = database.batch()
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch._clear()
    this.#batch._put(key, value)
    this.#batch._writeSync(DEFAULTS)
  }

  delete(key: Uint8Array): void {
    this.#batch._clear()
    this.#batch._del(key)
    this.#batch._writeSync(DEFAULTS)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database._getManySync([key], DEFAULTS)[0]
  }

  scan(from: Uint8Array, entries: number, sink: EntrySink): void {
    const cursor = this.#database.iterator({ gte: from, limit: entries, fillCache: true })
    try {
      const { rows } = cursor._nextvSync(entries)
      for (let at = 0; at < rows.length; at += 2) addEntry(sink, rows[at]!, rows[at + 1]!)
    } finally {
      cursor._closeSync()
    }
  }

  busy(): boolean {
    return isRocksDbBusy(this.#database)
  }

  statistics(): PeerStatistics {
    const report = this.#database.getProperty('rocksdb.cfstats')
    const log = readFileSync(join(this.#folder, 'LOG'), 'utf8')
    return { ...parseRocksDbLog(log, LEVEL0_TRIGGER), levels: rocksDbLevels(report, log), report }
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

const DEFAULTS = {}
