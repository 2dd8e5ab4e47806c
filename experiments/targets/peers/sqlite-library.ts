/** Owns what is used of better-sqlite3, whose calls are made on the calling thread. */
import { join } from 'node:path'
import { libraryVersion, loadLibrary } from './load-library.ts'

const PACKAGE = 'better-sqlite3'
export const SQLITE_PAGE_BYTES = 4096

export interface SqliteStatement {
  run(...values: readonly unknown[]): unknown
  get(...values: readonly unknown[]): unknown
  iterate(...values: readonly unknown[]): Iterable<unknown>
  pluck(): SqliteStatement
  raw(): SqliteStatement
}

export interface Sqlite {
  pragma(text: string): unknown
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): void
}

type Library = new (path: string) => Sqlite

/** Opens the file in `folder`. Throws `UsageError` if the library is absent or does not load. */
export function openSqlite(folder: string): Sqlite {
  return new (loadLibrary<Library>('sqlite', PACKAGE))(join(folder, 'data.sqlite'))
}

export const sqliteBinding = (): string => libraryVersion(PACKAGE)
