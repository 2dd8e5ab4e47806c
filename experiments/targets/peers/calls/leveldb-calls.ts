/** Owns LevelDB in the races, through classic-level: batches are arrays, gets are `getSync`. */
import type { ClassicLevel } from 'classic-level'
import { libraryVersion, loadLibrary } from '../load-library.ts'
import { setting } from '../setting.ts'
import {
  BITS_PER_KEY,
  BLOCK_BYTES,
  type CallBudget,
  type CallDefinition,
  type CallStore,
  PAIRS_AT_ONCE,
  type Tally,
} from './call-store.ts'

const PACKAGE = 'classic-level'

type Database = ClassicLevel<Uint8Array, Uint8Array>

interface Library {
  readonly ClassicLevel: new (folder: string, options: object) => Database
}

export const LEVELDB_CALLS: CallDefinition = {
  name: 'leveldb',
  quietMs: 300,
  settings: ({ memtableBytes, blockCacheBytes, compression }) => [
    setting('memtableBytes', memtableBytes, memtableBytes, 'write_buffer_size counts the arena'),
    setting('blockCacheBytes', blockCacheBytes, blockCacheBytes, 'its tables are mapped too'),
    setting('blockBytes', BLOCK_BYTES, BLOCK_BYTES),
    setting(
      'compression',
      compression,
      compression === 'none' ? 'none' : 'snappy',
      compression === 'none' ? '' : 'it has no other codec',
    ),
    setting('bitsPerKey', BITS_PER_KEY, 10, 'constant of the library'),
    setting('checksums of read blocks', true, false, 'verified only with verify_checksums'),
  ],
  version: () => `LevelDB 1.20, ${libraryVersion(PACKAGE)}`,
  async open(folder, budget) {
    const { ClassicLevel: Level } = loadLibrary<Library>('leveldb', PACKAGE)
    const database = new Level(folder, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: budget.compression !== 'none',
      cacheSize: budget.blockCacheBytes,
      writeBufferSize: budget.memtableBytes,
      blockSize: BLOCK_BYTES,
    })
    await database.open()
    return new LevelDbCalls(database, budget)
  },
}

type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

class LevelDbCalls implements CallStore {
  readonly putNow = null
  readonly walk = null
  readonly settle = null
  readonly #database: Database
  readonly #writing: { readonly sync: boolean }

  constructor(database: Database, { synced }: CallBudget) {
    this.#database = database
    this.#writing = { sync: synced }
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number) {
    const operations: Operation[] = []
    for (let at = 0; at < count; at++) {
      operations.push({ type: 'put', key: keys[at]!, value: values[at]! })
    }
    return this.#database.batch(operations)
  }

  deleteBatch(keys: readonly Uint8Array[], count: number) {
    const operations: Operation[] = []
    for (let at = 0; at < count; at++) operations.push({ type: 'del', key: keys[at]! })
    return this.#database.batch(operations)
  }

  put(key: Uint8Array, value: Uint8Array) {
    return this.#database.put(key, value, this.#writing)
  }

  get(key: Uint8Array) {
    return this.#database.getSync(key)
  }

  getMany(keys: readonly Uint8Array[]) {
    return this.#database.getMany([...keys])
  }

  async scan(reverse: boolean, tally: Tally): Promise<void> {
    await using iterator = this.#database.iterator({ reverse, highWaterMarkBytes: 1024 * 1024 })
    for (;;) {
      const pairs = await iterator.nextv(PAIRS_AT_ONCE)
      if (pairs.length === 0) return
      for (const [, value] of pairs) tally.add(value)
    }
  }

  async seek(from: Uint8Array, entries: number, tally: Tally): Promise<void> {
    await using iterator = this.#database.iterator({ gte: from, limit: entries })
    for (const [, value] of await iterator.nextv(entries)) tally.add(value)
  }

  /** The library's call takes bounds, which here lie around every key. */
  merge() {
    return this.#database.compactRange(new Uint8Array(1), new Uint8Array(17).fill(0xff))
  }

  busy(): boolean {
    return false
  }

  debtBytes(): null {
    return null
  }

  close() {
    return this.#database.close()
  }
}
