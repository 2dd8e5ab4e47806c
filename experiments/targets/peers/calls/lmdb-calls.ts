/**
 * Owns LMDB in the races, through lmdb-js. A batch is one transaction. Without `synced` it writes
 * without fsync, as the other stores do.
 */
import { libraryVersion, loadLibrary } from '../load-library.ts'
import { setting } from '../setting.ts'
import type { CallBudget, CallDefinition, CallStore, Tally } from './call-store.ts'

const PACKAGE = 'lmdb'
const PAGE_BYTES = 4096

interface Database {
  put(key: Uint8Array, value: Uint8Array): Promise<boolean>
  putSync(key: Uint8Array, value: Uint8Array): boolean
  removeSync(key: Uint8Array): boolean
  transactionSync(action: () => void): void
  getBinary(key: Uint8Array): Uint8Array | undefined
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  getRange(options: {
    readonly start?: Uint8Array
    readonly limit?: number
    readonly reverse?: boolean
  }): Iterable<{ readonly value: Uint8Array }>
  close(): Promise<void>
}

interface Library {
  open(options: object): Database
}

export const LMDB_CALLS: CallDefinition = {
  name: 'lmdb',
  quietMs: 0,
  settings: ({ memtableBytes, blockCacheBytes, compression }) => [
    setting('memtableBytes', memtableBytes, null, 'a B+-tree: pages are copied on write'),
    setting('blockCacheBytes', blockCacheBytes, null, 'mapped: the page cache, without a bound'),
    setting('compression', compression, 'none', 'pages are not compressed'),
  ],
  version: () => `LMDB, ${libraryVersion(PACKAGE)}`,
  async open(folder, { synced }: CallBudget) {
    const { open } = loadLibrary<Library>('lmdb', PACKAGE)
    const database = open({
      path: folder,
      // Otherwise lmdb-js treats a name with a dot as a file.
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      noSync: !synced,
      overlappingSync: false,
      compression: false,
      pageSize: PAGE_BYTES,
    })
    return new LmdbCalls(database)
  },
}

class LmdbCalls implements CallStore {
  readonly walk = null
  readonly merge = null
  readonly settle = null
  readonly putNow: CallStore['putNow']
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
    this.putNow = (key, value) => database.putSync(key, value)
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): void {
    this.#database.transactionSync(() => {
      for (let at = 0; at < count; at++) this.#database.putSync(keys[at]!, values[at]!)
    })
  }

  deleteBatch(keys: readonly Uint8Array[], count: number): void {
    this.#database.transactionSync(() => {
      for (let at = 0; at < count; at++) this.#database.removeSync(keys[at]!)
    })
  }

  put(key: Uint8Array, value: Uint8Array) {
    return this.#database.put(key, value)
  }

  get(key: Uint8Array) {
    return this.#database.getBinary(key)
  }

  getMany(keys: readonly Uint8Array[]) {
    return this.#database.getMany(keys)
  }

  scan(reverse: boolean, tally: Tally): void {
    for (const { value } of this.#database.getRange({ reverse })) tally.add(value)
  }

  seek(from: Uint8Array, entries: number, tally: Tally): void {
    for (const { value } of this.#database.getRange({ start: from, limit: entries })) {
      tally.add(value)
    }
  }

  busy(): boolean {
    return false
  }

  debtBytes(): number {
    return 0
  }

  close() {
    return this.#database.close()
  }
}
