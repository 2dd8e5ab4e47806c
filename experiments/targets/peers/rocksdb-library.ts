/**
 * Owns what is used of @nxtedition/rocksdb, which has no types for its fastest calls. Their names
 * begin with an underscore; only `_write` leaves the calling thread.
 */
import { libraryVersion, loadLibrary } from './load-library.ts'

const PACKAGE = '@nxtedition/rocksdb'

export interface RocksDbBatch {
  _put(key: Uint8Array, value: Uint8Array): void
  _del(key: Uint8Array): void
  _clear(): void
  _writeSync(options: object): void
  _write(options: object): Promise<void>
}

interface Cursor {
  /** Keys and values alternate. */
  _nextvSync(entries: number): { readonly rows: readonly Uint8Array[]; readonly finished: boolean }
  _closeSync(): void
}

export interface RocksDb {
  open(): Promise<void>
  close(): Promise<void>
  batch(): RocksDbBatch
  put(key: Uint8Array, value: Uint8Array): Promise<void>
  iterator(options: object): Cursor
  _getManySync(keys: readonly Uint8Array[], options: object): readonly (Uint8Array | undefined)[]
  getProperty(name: string): string
}

interface Library {
  readonly RocksLevel: new (folder: string, options: object) => RocksDb
}

/** Properties that are '0' when no work is running or due. */
const WORK = [
  'rocksdb.num-running-flushes',
  'rocksdb.num-running-compactions',
  'rocksdb.mem-table-flush-pending',
  'rocksdb.compaction-pending',
]

/** Throws `UsageError` if the library is absent or does not load. */
export function newRocksDb(folder: string, options: object): RocksDb {
  const { RocksLevel } = loadLibrary<Library>('rocksdb', PACKAGE)
  return new RocksLevel(folder, options)
}

export const rocksDbVersion = (): string => `RocksDB 9.7, ${libraryVersion(PACKAGE)}`

/** Whether a flush or a compaction runs or is due. */
export function isRocksDbBusy(database: RocksDb): boolean {
  return WORK.some((name) => database.getProperty(name) !== '0')
}
