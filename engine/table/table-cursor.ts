/**
 * Owns walking a whole table: a block cursor that goes on to the neighbouring block where its own
 * ends. It comes in two kinds. Through the cache: blocks are immutable and values stay valid as
 * long as anyone holds them. Reading ahead past the cache (compactions): blocks lie in one buffer
 * that the next read overwrites, so values last only until the next call.
 */

import { assert } from '../base/assert.ts'
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
  /** Bypass the cache and read whole blocks into this, going forward; `fillCache` must be false. */
  readonly readAhead?: ReadAhead
}

/**
 * A read-ahead buffer. Cursors used one after the other, as those of a run, share one: when the next
 * has read into it, the earlier ones are spent.
 */
export class ReadAhead {
  /** About so many bytes of whole blocks are read at once. */
  readonly bytes: number
  buffer: Uint8Array = new Uint8Array(0)
  /** Whose blocks the buffer holds. */
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
  /** The stored blocks [#windowFirst, #windowEnd) are read ahead, while the buffer is this one's. */
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

  /** Reads whole blocks from `first` on: as many as fit the read-ahead, at least one. */
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
