/**
 * Owns SQLite as a peer, through better-sqlite3: a B-tree with a write-ahead log. Each write is one
 * transaction. All calls are on the calling thread. The table has a rowid, as SQLite's
 * manual advises for rows beyond a twentieth of a page.
 */

import type { EntrySink } from '../../base/target.ts'
import { type Budget, HANDED_TO_THE_SYSTEM, settingsOf } from './budget.ts'
import {
  addEntry,
  NO_STATISTICS,
  type PeerDefinition,
  type PeerStatistics,
  type PeerStore,
} from './peer-store.ts'
import { setting } from './setting.ts'
import {
  openSqlite,
  SQLITE_PAGE_BYTES,
  type Sqlite,
  type SqliteStatement,
  sqliteBinding,
} from './sqlite-library.ts'

export const SQLITE_PEER: PeerDefinition = {
  name: 'sqlite',
  description: 'SQLite 3, through better-sqlite3',
  settings: (budget) => [
    ...settingsOf(budget, {
      memtableBytes: [null, 'part of the page cache, which has as much on top'],
      blockCacheBytes: [
        cacheBytesOf(budget),
        'cache_size: the block cache and the memtable of ours together',
      ],
      blockBytes: [SQLITE_PAGE_BYTES, 'page_size'],
      compression: ['none', budget.compression === 'none' ? '' : 'pages are not compressed'],
    }),
    setting(
      'a write is',
      HANDED_TO_THE_SYSTEM,
      HANDED_TO_THE_SYSTEM,
      'journal_mode WAL, synchronous NORMAL: fsync at checkpoints, as ours at flushes',
    ),
    setting('wal_autocheckpoint, pages', null, 1000, "SQLite's default"),
    setting('background threads', 0, 0, 'checkpoints run in the write that makes them due'),
  ],
  latencyIncludes: 'the call, on the calling thread; a write is a transaction of its own',
  drainedBy: 'nothing works in the background; the log is not checkpointed',
  quietMs: 0,
  counters: {
    processBytes: 'wchar: log frames, and pages copied to the database by checkpoints',
    processReadBytes: 'rchar: pages the cache did not have',
  },
  async open(folder, budget) {
    const database = openSqlite(folder)
    for (const text of [
      `page_size = ${SQLITE_PAGE_BYTES}`,
      'journal_mode = WAL',
      'synchronous = NORMAL',
      // A negative number is in KiB.
      `cache_size = -${Math.round(cacheBytesOf(budget) / 1024)}`,
    ]) {
      database.pragma(text)
    }
    database.exec('CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL)')
    const version = database.prepare('SELECT sqlite_version()').pluck().get()
    return {
      store: new SqliteStore(database),
      version: `SQLite ${version}, ${sqliteBinding()}`,
    }
  },
}

function cacheBytesOf({ blockCacheBytes, memtableBytes }: Budget): number {
  return blockCacheBytes + memtableBytes
}

class SqliteStore implements PeerStore {
  readonly #database: Sqlite
  readonly #put: SqliteStatement
  readonly #delete: SqliteStatement
  readonly #get: SqliteStatement
  readonly #scan: SqliteStatement

  constructor(database: Sqlite) {
    this.#database = database
    this.#put = database.prepare(
      'INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    )
    this.#delete = database.prepare('DELETE FROM entries WHERE key = ?')
    this.#get = database.prepare('SELECT value FROM entries WHERE key = ?').pluck()
    this.#scan = database
      .prepare('SELECT key, value FROM entries WHERE key >= ? ORDER BY key LIMIT ?')
      .raw()
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#put.run(key, value)
  }

  delete(key: Uint8Array): void {
    this.#delete.run(key)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#get.get(key) as Uint8Array | undefined
  }

  scan(from: Uint8Array, entries: number, sink: EntrySink): void {
    for (const row of this.#scan.iterate(from, entries)) {
      const [key, value] = row as readonly [Uint8Array, Uint8Array]
      addEntry(sink, key, value)
    }
  }

  busy(): boolean {
    return false
  }

  statistics(): PeerStatistics {
    return NO_STATISTICS
  }

  close(): void {
    this.#database.close()
  }
}
