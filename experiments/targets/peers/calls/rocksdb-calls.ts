/**
 * Owns RocksDB in the races, through @nxtedition/rocksdb. Its synchronous calls, whose names begin
 * with an underscore, are the fastest. It passes few options on; see `rocksdb-peer.ts`.
 */

import {
  isRocksDbBusy,
  newRocksDb,
  type RocksDb,
  type RocksDbBatch,
  rocksDbVersion,
} from '../rocksdb-library.ts'
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

export const ROCKSDB_CALLS: CallDefinition = {
  name: 'rocksdb',
  quietMs: 250,
  settings: ({ memtableBytes, blockCacheBytes, compression }) => [
    setting('memtableBytes', memtableBytes, memtableBytes, 'two buffers of half that'),
    setting('blockCacheBytes', blockCacheBytes, blockCacheBytes, 'HyperClockCache'),
    setting('blockBytes', BLOCK_BYTES, BLOCK_BYTES),
    setting(
      'compression',
      compression,
      'none above level 2, zstd from there',
      'the library sets it for leveling',
    ),
    setting('bitsPerKey', BITS_PER_KEY, BITS_PER_KEY),
  ],
  version: rocksDbVersion,
  async open(folder, budget) {
    const database = newRocksDb(folder, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      compaction: 'level',
      // A buffer has a quarter of this; a flush merges two buffers.
      memtableMemoryBudget: 2 * budget.memtableBytes,
      compression: false,
      walCompression: false,
      cacheSize: budget.blockCacheBytes,
      blockSize: BLOCK_BYTES,
      filterPolicy: `bloomfilter:${BITS_PER_KEY}:false`,
      parallelism: 1,
    })
    await database.open()
    return new RocksDbCalls(database, budget)
  },
}

const DEFAULTS = {}

class RocksDbCalls implements CallStore {
  readonly walk = null
  readonly settle = null
  readonly merge = null
  readonly putNow: CallStore['putNow']
  readonly #database: RocksDb
  readonly #batch: RocksDbBatch
  readonly #synced: boolean
  readonly #one: Uint8Array[] = []

  constructor(database: RocksDb, { synced }: CallBudget) {
    this.#database = database
    this.#batch = database.batch()
    this.#synced = synced
    this.putNow = (key, value) => this.#putNow(key, value)
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): void {
    const batch = this.#batch
    batch._clear()
    for (let at = 0; at < count; at++) batch._put(keys[at]!, values[at]!)
    batch._writeSync(DEFAULTS)
  }

  deleteBatch(keys: readonly Uint8Array[], count: number): void {
    const batch = this.#batch
    batch._clear()
    for (let at = 0; at < count; at++) batch._del(keys[at]!)
    batch._writeSync(DEFAULTS)
  }

  /** The library's `put` drops its options, so a synced write is a batch of one. */
  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    if (!this.#synced) return this.#database.put(key, value)
    const batch = this.#batch
    batch._clear()
    batch._put(key, value)
    return batch._write(SYNCED)
  }

  #putNow(key: Uint8Array, value: Uint8Array): void {
    const batch = this.#batch
    batch._clear()
    batch._put(key, value)
    batch._writeSync(DEFAULTS)
  }

  get(key: Uint8Array) {
    this.#one[0] = key
    return this.#database._getManySync(this.#one, DEFAULTS)[0]
  }

  getMany(keys: readonly Uint8Array[]) {
    return this.#database._getManySync(keys, DEFAULTS)
  }

  scan(reverse: boolean, tally: Tally): void {
    const cursor = this.#database.iterator({ reverse })
    for (let isFinished = false; !isFinished; ) {
      const { rows, finished } = cursor._nextvSync(PAIRS_AT_ONCE)
      for (let at = 1; at < rows.length; at += 2) tally.add(rows[at]!)
      isFinished = finished
    }
    cursor._closeSync()
  }

  seek(from: Uint8Array, entries: number, tally: Tally): void {
    const cursor = this.#database.iterator({ gte: from, limit: entries })
    const { rows } = cursor._nextvSync(entries)
    for (let at = 1; at < rows.length; at += 2) tally.add(rows[at]!)
    cursor._closeSync()
  }

  busy(): boolean {
    return isRocksDbBusy(this.#database)
  }

  debtBytes(): number {
    return Number(this.#database.getProperty('rocksdb.estimate-pending-compaction-bytes'))
  }

  close() {
    return this.#database.close()
  }
}

const SYNCED = { sync: true }
