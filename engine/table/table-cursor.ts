/**
 * Owns walking a whole table: a block cursor that goes on to the neighbouring block where its own
 * ends. It comes in two kinds. Through the cache: blocks are immutable and values stay valid as
 * long as anyone holds them. Reading ahead past the cache (compactions): blocks lie in one buffer
 * that the next read overwrites, so values last only until the next call.
 */

import type { ReadCounters } from '../base/read-counters.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { BlockCursor } from './block-cursor.ts'
import { decodeStoredBlock } from './stored-block.ts'
import type { TableBlocks } from './table-blocks.ts'

export interface TableCursorOptions {
  /** The table's file on the account that pays for the reads. */
  readonly file: ReadableFile
  readonly counters: ReadCounters
  /** Whether blocks read go into the cache; blocks already there are used either way. */
  readonly fillCache: boolean
  /**
   * When positive: bypass the cache and read about so many bytes of whole blocks at once, going
   * forward. `fillCache` must be false. Default 0.
   */
  readonly readAheadBytes?: number
}

const NO_BLOCK = -1

export class TableCursor extends BlockCursor {
  readonly #blocks: TableBlocks
  readonly #file: ReadableFile
  readonly #counters: ReadCounters
  readonly #fillCache: boolean
  readonly #readAheadBytes: number
  #blockIndex = NO_BLOCK
  /** Read-ahead: the stored blocks [#windowFirst, #windowEnd). */
  #window: Uint8Array = new Uint8Array(0)
  #windowFirst = 0
  #windowEnd = 0

  constructor(blocks: TableBlocks, options: TableCursorOptions) {
    super(blocks.path)
    this.#blocks = blocks
    this.#file = options.file
    this.#counters = options.counters
    this.#fillCache = options.fillCache
    this.#readAheadBytes = options.readAheadBytes ?? 0
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

  /** To the first entry of the next block that has one. */
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
    // Only a block that opens is current: after an error the next seek reads anew.
    this.#blockIndex = NO_BLOCK
    this.valid = false
    const block =
      this.#readAheadBytes > 0
        ? this.#readAhead(blockIndex, isForward)
        : this.#blocks.read(blockIndex, this.#file, this.#counters, this.#fillCache)
    this.open(block, this.#blocks.index.offsets[blockIndex]!)
    this.#blockIndex = blockIndex
  }

  #readAhead(blockIndex: number, isForward: boolean): Uint8Array {
    const { index, path } = this.#blocks
    if (blockIndex < this.#windowFirst || blockIndex >= this.#windowEnd) {
      this.#fillWindow(blockIndex, isForward)
    }
    const offset = index.offsets[blockIndex]!
    const start = offset - index.offsets[this.#windowFirst]!
    return decodeStoredBlock(this.#window, start, index.sizes[blockIndex]!, path, offset, true)
  }

  /** Reads whole blocks from `first` on: as many as fit the read-ahead, at least one. */
  #fillWindow(first: number, isForward: boolean): void {
    const { index } = this.#blocks
    const start = index.offsets[first]!
    const limit = start + (isForward ? this.#readAheadBytes : 0)
    let end = first + 1
    while (end < index.count && index.blockEnd(end) <= limit) end++
    const bytes = index.blockEnd(end - 1) - start
    this.#windowEnd = 0
    if (bytes > this.#window.length) this.#window = new Uint8Array(bytes)
    this.#file.read(this.#window, bytes, start, 'data')
    this.#windowFirst = first
    this.#windowEnd = end
    this.#counters.blocksFromStorage += end - first
    this.#counters.bytesFromStorage += bytes
  }
}
