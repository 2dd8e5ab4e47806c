/**
 * Owns LMDB as a peer, through lmdb-js: a copy-on-write B+-tree whose file is mapped. Each write is
 * one transaction without fsync, as in our engine. All calls are on the calling thread.
 */
import type { EntrySink } from '../../base/target.ts'
import { type Budget, HANDED_TO_THE_SYSTEM, settingsOf } from './budget.ts'
import { libraryVersion, loadLibrary } from './load-library.ts'
import {
  addEntry,
  NO_STATISTICS,
  type PeerDefinition,
  type PeerStatistics,
  type PeerStore,
} from './peer-store.ts'
import { setting } from './setting.ts'

const PACKAGE = 'lmdb'
const PAGE_BYTES = 4096

interface Database {
  putSync(key: Uint8Array, value: Uint8Array): boolean
  removeSync(key: Uint8Array): boolean
  getBinary(key: Uint8Array): Uint8Array | undefined
  getRange(options: { readonly start: Uint8Array; readonly limit: number }): Iterable<{
    readonly key: Uint8Array
    readonly value: Uint8Array
  }>
  getStats(): object
  close(): Promise<void>
}

interface Library {
  open(options: object): Database
}

export const LMDB_PEER: PeerDefinition = {
  name: 'lmdb',
  description: 'LMDB 0.9, through lmdb-js',
  settings: (budget: Budget) => [
    ...settingsOf(budget, {
      memtableBytes: [null, 'a B+-tree: written in place of what was there, by copies of pages'],
      blockCacheBytes: [null, 'its file is mapped: the page cache, which cannot be bounded'],
      blockBytes: [PAGE_BYTES, 'page'],
      compression: ['none', budget.compression === 'none' ? '' : 'pages are not compressed'],
    }),
    setting('a write is', HANDED_TO_THE_SYSTEM, HANDED_TO_THE_SYSTEM, 'MDB_NOSYNC'),
    setting('background threads', 0, 0),
  ],
  latencyIncludes: 'the call, on the calling thread; a write is a transaction of its own',
  drainedBy: 'nothing works in the background',
  quietMs: 0,
  counters: {
    processBytes: 'wchar: pages written by pwrite; reads are mapped, so in no counter',
    deviceBytes: 'write_bytes: pages the system has sent to the device so far',
    report: 'mdb_stat and mdb_env_info, as the library gives them',
  },
  async open(folder) {
    const { open } = loadLibrary<Library>('lmdb', PACKAGE)
    const database = open({
      path: folder,
      // Otherwise lmdb-js treats a name with a dot as a file.
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      noSync: true,
      overlappingSync: false,
      compression: false,
      pageSize: PAGE_BYTES,
    })
    return { store: new LmdbStore(database), version: `LMDB, ${libraryVersion(PACKAGE)}` }
  },
}

class LmdbStore implements PeerStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#database.putSync(key, value)
  }

  delete(key: Uint8Array): void {
    this.#database.removeSync(key)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.getBinary(key)
  }

  scan(from: Uint8Array, entries: number, sink: EntrySink): void {
    for (const { key, value } of this.#database.getRange({ start: from, limit: entries })) {
      addEntry(sink, key, value)
    }
  }

  busy(): boolean {
    return false
  }

  statistics(): PeerStatistics {
    return { ...NO_STATISTICS, report: JSON.stringify(this.#database.getStats(), null, 1) }
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}
