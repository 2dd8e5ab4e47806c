/**
 * Owns SQLite in the races, through better-sqlite3: a B-tree with a write-ahead log. A batch is one
 * transaction, and so is each single write. All calls are on the calling thread.
 */

import { setting } from '../setting.ts'
import {
  openSqlite,
  SQLITE_PAGE_BYTES,
  type Sqlite,
  type SqliteStatement,
  sqliteBinding,
} from '../sqlite-library.ts'
import type { CallDefinition, CallStore, Tally } from './call-store.ts'

export const SQLITE_CALLS: CallDefinition = {
  name: 'sqlite',
  quietMs: 0,
  settings: ({ memtableBytes, blockCacheBytes, compression }) => [
    setting('memtableBytes', memtableBytes, null, 'part of the page cache'),
    setting('blockCacheBytes', blockCacheBytes, memtableBytes + blockCacheBytes, 'cache_size'),
    setting('compression', compression, 'none', 'pages are not compressed'),
    setting('synchronous', null, 'NORMAL; FULL where writes are synced', 'journal_mode WAL'),
  ],
  version: () => `SQLite 3, ${sqliteBinding()}`,
  async open(folder, budget) {
    const database = openSqlite(folder)
    const { memtableBytes, blockCacheBytes, synced } = budget
    for (const text of [
      `page_size = ${SQLITE_PAGE_BYTES}`,
      'journal_mode = WAL',
      `synchronous = ${synced ? 'FULL' : 'NORMAL'}`,
      // A negative number is in KiB.
      `cache_size = -${Math.round((memtableBytes + blockCacheBytes) / 1024)}`,
    ]) {
      database.pragma(text)
    }
    database.exec('CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL)')
    return new SqliteCalls(database)
  },
}

class SqliteCalls implements CallStore {
  readonly walk = null
  readonly merge = null
  readonly settle = null
  readonly putNow: CallStore['putNow']
  readonly #database: Sqlite
  readonly #begin: SqliteStatement
  readonly #commit: SqliteStatement
  readonly #put: SqliteStatement
  readonly #delete: SqliteStatement
  readonly #get: SqliteStatement
  readonly #forward: SqliteStatement
  readonly #backward: SqliteStatement
  readonly #from: SqliteStatement

  constructor(database: Sqlite) {
    this.#database = database
    this.#begin = database.prepare('BEGIN')
    this.#commit = database.prepare('COMMIT')
    this.#put = database.prepare(
      'INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    )
    this.#delete = database.prepare('DELETE FROM entries WHERE key = ?')
    this.#get = database.prepare('SELECT value FROM entries WHERE key = ?').pluck()
    this.#forward = database.prepare('SELECT value FROM entries ORDER BY key').pluck()
    this.#backward = database.prepare('SELECT value FROM entries ORDER BY key DESC').pluck()
    this.#from = database
      .prepare('SELECT value FROM entries WHERE key >= ? ORDER BY key LIMIT ?')
      .pluck()
    this.putNow = (key, value) => this.#put.run(key, value)
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): void {
    this.#begin.run()
    for (let at = 0; at < count; at++) this.#put.run(keys[at], values[at])
    this.#commit.run()
  }

  deleteBatch(keys: readonly Uint8Array[], count: number): void {
    this.#begin.run()
    for (let at = 0; at < count; at++) this.#delete.run(keys[at])
    this.#commit.run()
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#put.run(key, value)
  }

  get(key: Uint8Array) {
    return this.#get.get(key) as Uint8Array | undefined
  }

  getMany(keys: readonly Uint8Array[]) {
    return keys.map((key) => this.get(key))
  }

  scan(reverse: boolean, tally: Tally): void {
    const all = reverse ? this.#backward : this.#forward
    for (const value of all.iterate()) tally.add(value as Uint8Array)
  }

  seek(from: Uint8Array, entries: number, tally: Tally): void {
    for (const value of this.#from.iterate(from, entries)) tally.add(value as Uint8Array)
  }

  busy(): boolean {
    return false
  }

  debtBytes(): number {
    return 0
  }

  close(): void {
    this.#database.close()
  }
}
