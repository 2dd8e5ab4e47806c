/**
 * Owns the data blocks of one open table. They come from the block cache or from a file handle;
 * each read is counted on the handle's account in the ledger and in the caller's counters.
 */

import type { ReadCounters } from '../base/read-counters.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import type { ReadableFile } from '../storage/storage.ts'
import type { BlockIndex } from './block-index.ts'
import { decodeStoredBlock } from './stored-block.ts'
import { BLOCK_TRAILER_BYTES } from './table-format.ts'

export class TableBlocks {
  readonly path: string
  readonly id: number
  readonly index: BlockIndex
  readonly cache: BlockCache
  /** Stored blocks of all tables are read into this buffer; `read` returns copies. */
  static #stored: Uint8Array = new Uint8Array(0)

  constructor(path: string, id: number, index: BlockIndex, cache: BlockCache) {
    this.path = path
    this.id = id
    this.index = index
    this.cache = cache
  }

  /** The raw block `blockIndex`, immutable and safe to keep. Throws `LSM_CORRUPTION`, `LSM_IO`. */
  read(
    blockIndex: number,
    file: ReadableFile,
    counters: ReadCounters,
    fillCache: boolean,
  ): Uint8Array {
    const offset = this.index.offsets[blockIndex]!
    const cached = this.cached(blockIndex, counters)
    if (cached !== undefined) return cached
    const bytes = this.index.sizes[blockIndex]!
    const storedBytes = bytes + BLOCK_TRAILER_BYTES
    if (storedBytes > TableBlocks.#stored.length) TableBlocks.#stored = new Uint8Array(storedBytes)
    const stored = TableBlocks.#stored
    file.read(stored, storedBytes, offset, 'data')
    counters.blocksFromStorage++
    counters.bytesFromStorage += storedBytes
    const block = decodeStoredBlock(stored, 0, bytes, this.path, offset, false)
    if (fillCache) this.cache.insert(this.id, offset, block)
    return block
  }

  /** As `read`, off the main thread, for a block that is not cached; it is cached afterwards. */
  async readAsync(
    blockIndex: number,
    file: ReadableFile,
    counters: ReadCounters,
  ): Promise<Uint8Array> {
    const offset = this.index.offsets[blockIndex]!
    const bytes = this.index.sizes[blockIndex]!
    const stored = new Uint8Array(bytes + BLOCK_TRAILER_BYTES)
    await file.readAsync(stored, stored.length, offset, 'data')
    counters.blocksFromStorage++
    counters.bytesFromStorage += stored.length
    const block = decodeStoredBlock(stored, 0, bytes, this.path, offset, false)
    this.cache.insert(this.id, offset, block)
    return block
  }

  cached(blockIndex: number, counters: ReadCounters): Uint8Array | undefined {
    const cached = this.cache.get(this.id, this.index.offsets[blockIndex]!)
    if (cached !== undefined) counters.blocksFromCache++
    return cached
  }
}
