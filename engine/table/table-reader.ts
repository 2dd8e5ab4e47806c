/**
 * Owns one open table. Footer, properties, index, filter and range deletions are read and checked
 * at open and stay in memory; data blocks come through the block cache. Every byte read has passed
 * its checksum. It reads the engine's own tables, and RocksDB tables with CRC32C, a plain index
 * (either encoding) and no, LZ4 or zstd compression. It ignores RocksDB's filters.
 *
 * Invariant: a lookup's value is a view into an immutable block that is never recycled.
 */

import { ByteWriter } from '../base/coding.ts'
import { compareRanges } from '../base/compare.ts'
import { corruption } from '../base/errors.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import type { Lookup } from '../base/lookup.ts'
import type { RangeDeletions } from '../base/range-deletions.ts'
import type { ReadCounters } from '../base/read-counters.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { BlockCursor } from './block-cursor.ts'
import { type BlockIndex, decodeIndex } from './block-index.ts'
import { BloomFilter } from './filter.ts'
import type { StoredProperties } from './properties.ts'
import { decodeRangeDeletions } from './range-deletion-block.ts'
import { readBlock } from './stored-block.ts'
import { TableBlocks } from './table-blocks.ts'
import { TableCursor, type TableCursorOptions } from './table-cursor.ts'
import { handleOf, readDirectory } from './table-directory.ts'
import { type BlockHandle, METAINDEX_NAME } from './table-format.ts'

/** Holds the stored form of an index while it is decoded. */
const indexScratch = new ByteWriter()

export interface TableReaderOptions {
  /** The same file on the account that pays for `get`. Default: the file passed to `open`. */
  readonly fileForGets?: ReadableFile
}

export class TableReader {
  readonly id: number
  readonly path: string
  readonly properties: StoredProperties
  /** Null if the table has none. */
  readonly rangeDeletions: RangeDeletions | null
  /** Pays for the reads of `get`. Set it again when the table moves to another level. */
  fileForGets: ReadableFile
  readonly #file: ReadableFile
  readonly #blocks: TableBlocks
  readonly #filter: BloomFilter | null
  readonly #cursor: BlockCursor

  private constructor(
    file: ReadableFile,
    fileForGets: ReadableFile,
    parts: TableParts,
    blocks: TableBlocks,
  ) {
    this.id = blocks.id
    this.path = file.path
    this.properties = parts.properties
    this.rangeDeletions = parts.rangeDeletions
    this.fileForGets = fileForGets
    this.#file = file
    this.#blocks = blocks
    this.#filter = parts.filter
    this.#cursor = new BlockCursor(file.path)
  }

  /**
   * Reads footer, metaindex, properties, index and filter on the file's account. The reader then
   * owns the file. `id` identifies the table in the cache. Throws `LSM_CORRUPTION` with path and
   * offset, and `LSM_INVALID_ARGUMENT` for a valid table of a kind that this engine does not read.
   */
  static open(
    file: ReadableFile,
    id: number,
    cache: BlockCache,
    options: TableReaderOptions = {},
  ): TableReader {
    const parts = readParts(file)
    const blocks = new TableBlocks(file.path, id, parts.index, cache)
    return new TableReader(file, options.fileForGets ?? file, parts, blocks)
  }

  /** Bytes of memory that the open table always holds: index, filter and range deletions. */
  get pinnedBytes(): number {
    const { memoryBytes: deletionBytes = 0 } = this.rangeDeletions ?? {}
    return this.#blocks.index.memoryBytes + (this.#filter?.memoryBytes ?? 0) + deletionBytes
  }

  /**
   * False means that the table holds no version of the key. True without a filter. Counts the
   * check.
   */
  mayContain(userKey: Uint8Array, counters: ReadCounters): boolean {
    if (this.#filter === null) return true
    counters.filterChecks++
    if (this.#filter.mayContain(userKey)) return true
    counters.filterNegatives++
    return false
  }

  /**
   * Finds the newest version with seq ≤ `seq`, after asking the filter. A newer deletion of a range
   * with the key is found as a deletion of the key. If it returns true, `lookup` is filled; its
   * value is a view that may be kept. `file` pays for the read. Throws
   * `LSM_CORRUPTION`, `LSM_IO`.
   */
  get(
    userKey: Uint8Array,
    seq: number,
    lookup: Lookup,
    counters: ReadCounters,
    file = this.fileForGets,
  ): boolean {
    const { rangeDeletions } = this
    if (!this.mayContain(userKey, counters)) {
      return rangeDeletions?.answer(userKey, seq, lookup, false) ?? false
    }
    const { index } = this.#blocks
    const blockIndex = index.find(userKey, seq)
    const block =
      blockIndex < index.count ? this.#blocks.read(blockIndex, file, counters, true) : null
    return this.search(block, blockIndex, userKey, seq, lookup, counters)
  }

  /**
   * The first half of `get`: the data block that may hold the key, the number of blocks if none
   * can, or −1 if the filter rules the key out. `rangeDeletions` may still cover it.
   */
  locate(userKey: Uint8Array, seq: number, counters: ReadCounters): number {
    return this.mayContain(userKey, counters) ? this.#blocks.index.find(userKey, seq) : -1
  }

  /** Whether the table has a data block of this number. */
  hasBlock(blockIndex: number): boolean {
    return blockIndex < this.#blocks.index.count
  }

  /** The data block, if it is in the cache. */
  cachedBlock(blockIndex: number, counters: ReadCounters): Uint8Array | undefined {
    return this.#blocks.cached(blockIndex, counters)
  }

  /** Reads a data block off the main thread, on the account of `get`, into the cache. */
  readBlockAsync(blockIndex: number, counters: ReadCounters): Promise<Uint8Array> {
    return this.#blocks.readAsync(blockIndex, this.fileForGets, counters)
  }

  /** The second half of `get`. `block`: that of `blockIndex`, or null if there is none. */
  search(
    block: Uint8Array | null,
    blockIndex: number,
    userKey: Uint8Array,
    seq: number,
    lookup: Lookup,
    counters: ReadCounters,
  ): boolean {
    const cursor = this.#cursor
    cursor.valid = false
    if (block !== null) {
      cursor.open(block, this.#blocks.index.offsets[blockIndex]!)
      cursor.seek(userKey, seq)
    }
    const isFound = cursor.valid && isAt(cursor, userKey)
    if (isFound) {
      lookup.set(cursor.seq, cursor.kind, cursor.valueBytes, cursor.valueStart, cursor.valueLength)
    } else if (this.#filter !== null && !this.#precededBy(userKey, blockIndex)) {
      counters.filterFalsePositives++
    }
    const { rangeDeletions } = this
    return rangeDeletions === null ? isFound : rangeDeletions.answer(userKey, seq, lookup, isFound)
  }

  /**
   * Values of a cursor with `readAhead` are valid only until its next call; other values may be
   * kept.
   */
  cursor(options: TableCursorOptions): InternalCursor {
    return new TableCursor(this.#blocks, options)
  }

  /** The table's file on the account it was opened with; use `tagged` for another account. */
  get file(): ReadableFile {
    return this.#file
  }

  /** Idempotent. Cached blocks stay until `evictTable`. */
  close(): void {
    this.#file.close()
  }

  /**
   * After a miss: whether the previous entry has this user key, in a version too new to be visible.
   * Costs no read: if the previous entry is in another block, the index has its key.
   */
  #precededBy(userKey: Uint8Array, blockIndex: number): boolean {
    const cursor = this.#cursor
    if (blockIndex < this.#blocks.index.count) {
      if (cursor.valid) cursor.prev()
      else cursor.seekToLast()
      if (cursor.valid) return isAt(cursor, userKey)
    }
    return blockIndex > 0 && this.#blocks.index.hasUserKey(blockIndex - 1, userKey)
  }
}

interface TableParts {
  readonly properties: StoredProperties
  readonly index: BlockIndex
  readonly filter: BloomFilter | null
  readonly rangeDeletions: RangeDeletions | null
}

function readParts(file: ReadableFile): TableParts {
  const { path, bytes } = file
  const { metaindex, properties, layout, indexHandle } = readDirectory(file)
  const indexBlock = readBlock(file, indexHandle, 'index', indexScratch)
  const filterHandle = handleOf(metaindex, METAINDEX_NAME.filter, file)
  const deletionsHandle = handleOf(metaindex, METAINDEX_NAME.rangeDeletions, file)
  return {
    properties,
    index: decodeIndex(indexBlock, layout, path, bytes),
    filter: filterHandle === null ? null : readFilter(file, filterHandle),
    rangeDeletions:
      deletionsHandle === null
        ? null
        : decodeRangeDeletions(readBlock(file, deletionsHandle, 'meta'), path),
  }
}

function readFilter(file: ReadableFile, handle: BlockHandle): BloomFilter {
  const filter = BloomFilter.decode(readBlock(file, handle, 'filter'))
  if (filter !== null) return filter
  throw corruption('filter block does not parse', { path: file.path, offset: handle.offset })
}

function isAt(cursor: BlockCursor, userKey: Uint8Array): boolean {
  const { keyBytes, keyStart, keyLength } = cursor
  return compareRanges(keyBytes, keyStart, keyLength, userKey, 0, userKey.length) === 0
}
