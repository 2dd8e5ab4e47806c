/**
 * Owns LevelDB as a peer, through classic-level: `getSync` runs on the calling thread; a put or a
 * delete runs on libuv's thread pool and returns a promise. Its level ratio, level-0 trigger,
 * level-1 size and filter bits are constants of its source (db/dbformat.h, db/version_set.cc).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClassicLevel } from 'classic-level'
import type { PeerReading } from '../../../results/peer-schema.ts'
import type { EntrySink } from '../../base/target.ts'
import { levelDbArenaBytes } from './arena-bytes.ts'
import { type Budget, dataBytes, HANDED_TO_THE_SYSTEM, settingsOf } from './budget.ts'
import { parseLevelDbLog } from './compaction-log.ts'
import { libraryVersion, loadLibrary } from './load-library.ts'
import { addEntry, type PeerDefinition, type PeerStatistics, type PeerStore } from './peer-store.ts'
import { setting } from './setting.ts'

const PACKAGE = 'classic-level'
const MiB = 1024 * 1024
const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

type Database = ClassicLevel<Uint8Array, Uint8Array>

interface Library {
  readonly ClassicLevel: new (folder: string, options: object) => Database
}

export const LEVELDB_PEER: PeerDefinition = {
  name: 'leveldb',
  description: 'LevelDB 1.20, through classic-level',
  settings: (budget) => [
    ...settingsOf(budget, {
      memtableBytes: [writeBufferBytes(budget), 'write_buffer_size counts the arena'],
      blockCacheBytes: [budget.blockCacheBytes, 'its tables are mapped: the page cache serves too'],
      blockBytes: [budget.blockBytes],
      blockRestartInterval: [budget.blockRestartInterval],
      compression: [
        budget.compression === 'none' ? 'none' : 'snappy',
        budget.compression === 'none' ? '' : 'it has no other codec',
      ],
      T: [10, 'constant of its source'],
      l0Trigger: [4, 'constant of its source'],
      level1Bytes: [10 * MiB, 'constant of its source, bytes of files; ours: raw bytes'],
      tableBytes: [tableBytes(budget), 'bytes of data blocks, at least 1 MiB; ours: raw bytes'],
      bitsPerKey: [10, 'constant of the library'],
    }),
    setting('a write is', HANDED_TO_THE_SYSTEM, HANDED_TO_THE_SYSTEM),
    setting('table chosen of a full level', null, 'round-robin', 'kept in compact_pointer'),
    setting('flush into deeper levels', null, 'to level 2', 'ours: a move, with rules=leveldb'),
    setting('seek compaction', null, 'on', 'after file bytes ÷ 16 KiB idle seeks, at least 100'),
    setting('background threads', 0, 1, 'ours works inline, in the write that makes it due'),
  ],
  latencyIncludes:
    'get: the call; scan: the calls and promises of one iterator; put, delete: the call, a job of ' +
    "libuv's thread pool and the promise",
  drainedBy: 'no byte written by the process for a second; the memtable stays',
  quietMs: 1000,
  counters: {
    flushBytes: 'Σ of "Level-0 table" lines of its LOG',
    compactionBytes: 'Σ of "Compacted" lines of its LOG',
    processBytes: 'wchar: log, tables, manifest and LOG; tables are read mapped, so in no counter',
    levels: 'leveldb.stats, which rounds to MB of 2^20',
  },
  async open(folder, budget) {
    const { ClassicLevel: Level } = loadLibrary<Library>('leveldb', PACKAGE)
    const database = new Level(folder, { ...ENCODINGS, ...optionsOf(budget) })
    await database.open()
    return {
      store: new LevelDbStore(database, folder),
      version: `LevelDB 1.20, ${libraryVersion(PACKAGE)}`,
    }
  },
}

function optionsOf(budget: Budget) {
  return {
    compression: budget.compression !== 'none',
    cacheSize: budget.blockCacheBytes,
    writeBufferSize: writeBufferBytes(budget),
    blockSize: budget.blockBytes,
    blockRestartInterval: budget.blockRestartInterval,
    maxFileSize: tableBytes(budget),
  }
}

/** As many entries as in our memtable, if the entry is known. */
function writeBufferBytes({ memtableBytes, entry }: Budget): number {
  return entry === undefined ? memtableBytes : levelDbArenaBytes(memtableBytes, entry.rawBytes)
}

/** LevelDB makes smaller sizes this large (`SanitizeOptions`). */
function tableBytes(budget: Budget): number {
  return Math.max(dataBytes(budget, budget.tableBytes), MiB)
}

class LevelDbStore implements PeerStore {
  readonly #database: Database
  readonly #folder: string

  constructor(database: Database, folder: string) {
    this.#database = database
    this.#folder = folder
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.#database.put(key, value)
  }

  delete(key: Uint8Array): Promise<void> {
    return this.#database.del(key)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.getSync(key)
  }

  async scan(from: Uint8Array, entries: number, sink: EntrySink): Promise<void> {
    const limits = { gte: from, limit: entries, highWaterMarkBytes: MiB }
    const iterator = this.#database.iterator(limits)
    try {
      let count = 0
      while (count < entries) {
        const found = await iterator.nextv(entries - count)
        if (found.length === 0) break
        for (const [key, value] of found) addEntry(sink, key, value)
        count += found.length
      }
    } finally {
      await iterator.close()
    }
  }

  /** LevelDB does not report pending work. */
  busy(): boolean {
    return false
  }

  statistics(): PeerStatistics {
    const report = this.#database.getProperty('leveldb.stats')
    return {
      ...parseLevelDbLog(readFileSync(join(this.#folder, 'LOG'), 'utf8')),
      levels: levelsOf(report),
      report,
    }
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

/** Rows of `leveldb.stats`: level, files, size, seconds, read, written; in MB of 2^20. */
function levelsOf(report: string): PeerReading['levels'] {
  return [...report.matchAll(/^ *(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$/gm)].map((match) => {
    const [level, tables, size, , read, written] = match.slice(1).map(Number)
    return {
      level: level!,
      tables: tables!,
      bytes: size! * MiB,
      bytesRead: read! * MiB,
      bytesWritten: written! * MiB,
    }
  })
}
