/**
 * Owns walking a whole table: a block cursor that continues in the neighbouring block where its own
 * ends. There are two modes. Through the cache: blocks are immutable, and values stay valid as long
 * as somebody holds them. With read-ahead, past the cache (for compactions): blocks are in one
 * buffer that the next read overwrites, so values are valid only until the next call.
 */

import { assert } from '../base/assert.ts'
import type { ReadCounters } from '../base/read-counters.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { BlockCursor } from './block-cursor.ts'
import { decodeStoredBlock } from './stored-block.ts'
import type { TableBlocks } from './table-blocks.ts'

export interface TableCursorOptions {
  /** The table's file, opened on the account that pays for the reads. */
  readonly file: ReadableFile
  readonly counters: ReadCounters
  /**
   * Whether blocks that are read enter the cache. Blocks already in the cache are used in any case.
   */
  readonly fillCache: boolean
  /**
   * If set, forward reads bypass the cache and read whole blocks into it; `fillCache` must be
   * false.
   */
  readonly readAhead?: ReadAhead
}

/**
 * A read-ahead buffer. Cursors used one after another, such as those of a run, share one. When the
 * next cursor has read into it, the earlier cursors are spent.
 */
export class ReadAhead {
  /** About this many bytes of whole blocks are read at once. */
  readonly bytes: number
  buffer: Uint8Array = new Uint8Array(0)
  /** The cursor whose blocks the buffer holds. */
  reader: TableCursor | null = null

  constructor(bytes: number) {
    this.bytes = bytes
  }
}

const NO_BLOCK = -1

export class TableCursor extends BlockCursor {
  readonly #blocks: TableBlocks
  readonly #file: ReadableFile
  readonly #counters: ReadCounters
  readonly #fillCache: boolean
  readonly #readAhead: ReadAhead | null
  #blockIndex = NO_BLOCK
  /**
   * The stored blocks [#windowFirst, #windowEnd) are in the buffer, while it belongs to this
   * cursor.
   */
  #windowFirst = 0
  #windowEnd = 0

  constructor(blocks: TableBlocks, options: TableCursorOptions) {
    super(blocks.path)
    this.#blocks = blocks
    this.#file = options.file
    this.#counters = options.counters
    this.#fillCache = options.fillCache
    this.#readAhead = options.readAhead ?? null
  }

  override seekToFirst(): void {
    this.#blockIndex = NO_BLOCK
    this.#forward()
  }

  override seekToLast(): void {
    this.#blockIndex = this.#blocks.index.count
    this.#backward()
  }

  override seek(userKey: Uint8Array, seq: number): void {
    const blockIndex = this.#blocks.index.find(userKey, seq)
    if (blockIndex === this.#blocks.index.count) {
      this.valid = false
      return
    }
    if (blockIndex !== this.#blockIndex) this.#load(blockIndex, true)
    super.seek(userKey, seq)
    if (!this.valid) this.#forward()
  }

  override next(): void {
    super.next()
    if (!this.valid) this.#forward()
  }

  override prev(): void {
    super.prev()
    if (!this.valid) this.#backward()
  }

  /** Moves to the first entry of the next block that has one. */
  #forward(): void {
    const { count } = this.#blocks.index
    this.valid = false
    while (!this.valid && this.#blockIndex + 1 < count) {
      this.#load(this.#blockIndex + 1, true)
      super.seekToFirst()
    }
  }

  #backward(): void {
    this.valid = false
    while (!this.valid && this.#blockIndex > 0) {
      this.#load(this.#blockIndex - 1, false)
      super.seekToLast()
    }
  }

  #load(blockIndex: number, isForward: boolean): void {
    // A block becomes current only when it opens, so that after an error the next seek reads again.
    this.#blockIndex = NO_BLOCK
    this.valid = false
    const block =
      this.#readAhead !== null
        ? this.#readWindow(this.#readAhead, blockIndex, isForward)
        : this.#blocks.read(blockIndex, this.#file, this.#counters, this.#fillCache)
    this.open(block, this.#blocks.index.offsets[blockIndex]!)
    this.#blockIndex = blockIndex
  }

  #readWindow(ahead: ReadAhead, blockIndex: number, isForward: boolean): Uint8Array {
    const { index, path } = this.#blocks
    assert(ahead.reader === this || this.#windowEnd === 0, 'a spent cursor reads no more')
    if (blockIndex < this.#windowFirst || blockIndex >= this.#windowEnd) {
      this.#fillWindow(ahead, blockIndex, isForward)
    }
    const offset = index.offsets[blockIndex]!
    const start = offset - index.offsets[this.#windowFirst]!
    return decodeStoredBlock(ahead.buffer, start, index.sizes[blockIndex]!, path, offset, true)
  }

  /** Reads whole blocks from `first` on: as many as fit the read-ahead, but at least one. */
  #fillWindow(ahead: ReadAhead, first: number, isForward: boolean): void {
    const { index } = this.#blocks
    const start = index.offsets[first]!
    const limit = start + (isForward ? ahead.bytes : 0)
    let end = first + 1
    while (end < index.count && index.blockEnd(end) <= limit) end++
    const bytes = index.blockEnd(end - 1) - start
    this.#windowEnd = 0
    ahead.reader = this
    if (bytes > ahead.buffer.length) ahead.buffer = new Uint8Array(Math.max(bytes, ahead.bytes))
    this.#file.read(ahead.buffer, bytes, start, 'data')
    this.#windowFirst = first
    this.#windowEnd = end
    this.#counters.blocksFromStorage += end - first
    this.#counters.bytesFromStorage += bytes
  }
}
