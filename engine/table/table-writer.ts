/**
 * Owns the writing of one table: entries in internal order become data blocks, then filter, index,
 * properties, metaindex and footer follow (layout in table-format.ts; LevelDB's
 * `table/table_builder.cc`). Range deletions have a meta block of their own. Blocks are collected
 * in a chunk, so that few appends carry many blocks.
 *
 * Invariant: a block never exceeds `blockBytes` before compression unless a single entry does.
 */

import { assert } from '../base/assert.ts'
import { ByteWriter } from '../base/coding.ts'
import { compareBytes, compareRanges } from '../base/compare.ts'
import { IdleBuffers } from '../base/idle-buffers.ts'
import type { Entry } from '../base/internal-cursor.ts'
import { ENTRY_KIND, encodeInternalKey } from '../base/internal-key.ts'
import type { Fragment } from '../base/range-deletions.ts'
import type { Section } from '../storage/ledger.ts'
import type { WritableFile } from '../storage/storage.ts'
import { DataBlockBuilder } from './block-builder.ts'
import { COMPRESSION_TYPE, type Compression, compressBlock } from './compression.ts'
import { FilterBuilder } from './filter.ts'
import { encodeMetaindex } from './metaindex.ts'
import { PlainBlockBuilder } from './plain-block.ts'
import { encodeProperties } from './properties.ts'
import { encodeRangeDeletions } from './range-deletion-block.ts'
import {
  appendHandle,
  BLOCK_TRAILER_BYTES,
  type BlockHandle,
  encodeFooter,
  writeBlockTrailer,
} from './table-format.ts'

const CHUNK_BYTES = 256 * 1024

/** Chunks for tables that are written one after another. */
const idleChunks = new IdleBuffers<Uint8Array>(() => new Uint8Array(CHUNK_BYTES), 2)

export interface TableWriterOptions {
  /** Size at which a data block ends, before compression. Default 4096. */
  readonly blockBytes?: number
  /** Number of entries between two keys that are stored whole. Default 16. */
  readonly restartInterval?: number
  readonly compression: Compression
  /** Filter bits per distinct user key; 0 means no filter. Fractions are allowed. */
  readonly bitsPerKey: number
}

/**
 * Facts about a finished table. Keys are user keys, owned. Entries, tombstones and raw bytes
 * include range deletions, as RocksDB counts.
 */
export interface TableSummary {
  /** File size. */
  readonly bytes: number
  readonly entries: number
  readonly tombstones: number
  readonly rangeDeletions: number
  /** Σ user-key bytes, without trailers. */
  readonly rawKeyBytes: number
  readonly rawValueBytes: number
  readonly seqMin: number
  readonly seqMax: number
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
  /** True: a range deletion ends the table, before `largest`. Default: false. */
  readonly isOpen?: boolean
  /** `bytes` is the size of the filter block, including its trailer. */
  readonly filter: {
    readonly kind: 'none' | 'blocked-bloom'
    readonly bitsPerKey: number
    readonly bytes: number
  }
}

export class TableWriter {
  /** Number of entries added, range deletions included. */
  entries = 0
  readonly #file: WritableFile
  readonly #blockBytes: number
  readonly #compression: Compression
  readonly #bitsPerKey: number
  readonly #block: DataBlockBuilder
  readonly #index = new PlainBlockBuilder()
  readonly #handle = new ByteWriter(16)
  readonly #filter: FilterBuilder | null
  readonly #fragments: Fragment[] = []
  #chunk = idleChunks.take()
  #chunkLength = 0
  /** The section of the bytes in the chunk. */
  #section: Section = 'data'
  #appendedBytes = 0
  #dataBlocks = 0
  #tombstones = 0
  #rangeDeletions = 0
  #rawKeyBytes = 0
  #rawValueBytes = 0
  #seqMin = Number.MAX_SAFE_INTEGER
  #seqMax = 0
  #smallest: Uint8Array | null = null

  /** `file` must be empty. The caller syncs and closes it. */
  constructor(file: WritableFile, options: TableWriterOptions) {
    assert(file.bytes === 0, 'a table starts its file')
    this.#file = file
    this.#blockBytes = options.blockBytes ?? 4096
    this.#compression = options.compression
    this.#bitsPerKey = options.bitsPerKey
    this.#block = new DataBlockBuilder(options.restartInterval ?? 16, this.#blockBytes)
    this.#filter = options.bitsPerKey > 0 ? new FilterBuilder(options.bitsPerKey) : null
  }

  /** Σ user-key and value bytes added. */
  get rawBytes(): number {
    return this.#rawKeyBytes + this.#rawValueBytes
  }

  /** Adds one entry and asserts internal order. Does not keep the arrays. Throws `LSM_IO`. */
  add(entry: Entry): void {
    const { keyBytes, keyStart, keyLength, seq, kind, valueLength } = entry
    const block = this.#block
    if (block.entries > 0 && block.bytesAfter(keyLength, valueLength) > this.#blockBytes) {
      this.#finishDataBlock()
    }
    const isNewKey = block.add(entry)
    if (isNewKey) this.#filter?.add(keyBytes, keyStart, keyLength)
    if (this.#smallest === null) this.#smallest = keyBytes.slice(keyStart, keyStart + keyLength)
    if (kind === ENTRY_KIND.deletion) this.#tombstones++
    if (seq < this.#seqMin) this.#seqMin = seq
    if (seq > this.#seqMax) this.#seqMax = seq
    this.#rawKeyBytes += keyLength
    this.#rawValueBytes += valueLength
    this.entries++
  }

  /** Whether an entry's user key is at or after `key`. */
  hasKeyFrom(key: Uint8Array): boolean {
    const { lastKey, lastKeyLength } = this.#block
    if (this.#smallest === null) return false
    return compareRanges(lastKey, 0, lastKeyLength, key, 0, key.length) >= 0
  }

  /** Adds deletions of one range, and keeps the fragment. Fragments ascend and are disjoint. */
  addFragment(fragment: Fragment): void {
    const { from, to, seqs } = fragment
    const before = this.#fragments.at(-1)
    assert(before === undefined || compareBytes(before.to, from) <= 0, 'fragments ascend')
    this.#fragments.push(fragment)
    for (const seq of seqs) {
      if (seq < this.#seqMin) this.#seqMin = seq
      if (seq > this.#seqMax) this.#seqMax = seq
    }
    this.entries += seqs.length
    this.#tombstones += seqs.length
    this.#rangeDeletions += seqs.length
    this.#rawKeyBytes += seqs.length * from.length
    this.#rawValueBytes += seqs.length * to.length
  }

  /**
   * Appends all remaining bytes; the caller syncs. At least one entry was added. Throws `LSM_IO`.
   */
  finish(): TableSummary {
    assert(this.entries > 0, 'a table has entries')
    const hasKeys = this.#smallest !== null
    if (hasKeys) this.#finishDataBlock()
    const dataBytes = this.#offset
    this.#startSection('filter')
    const filterHandle = this.#filter === null || !hasKeys ? null : this.#writeFilter(this.#filter)
    this.#startSection('index')
    const indexHandle = this.#writeBlock(this.#index.finish())
    this.#startSection('meta')
    this.#writeMeta(dataBytes, indexHandle, filterHandle)
    this.#flushChunk()
    if (this.#chunk.length === CHUNK_BYTES) idleChunks.give(this.#chunk)

    return {
      bytes: this.#offset,
      entries: this.entries,
      tombstones: this.#tombstones,
      rangeDeletions: this.#rangeDeletions,
      rawKeyBytes: this.#rawKeyBytes,
      rawValueBytes: this.#rawValueBytes,
      seqMin: this.#seqMin,
      seqMax: this.#seqMax,
      ...this.#range(),
      filter: {
        kind: filterHandle === null ? 'none' : 'blocked-bloom',
        bitsPerKey: filterHandle === null ? 0 : this.#bitsPerKey,
        bytes: filterHandle === null ? 0 : filterHandle.bytes + BLOCK_TRAILER_BYTES,
      },
    }
  }

  /** The keys of the entries and of the deleted ranges. */
  #range(): Pick<TableSummary, 'smallest' | 'largest' | 'isOpen'> {
    const { lastKey, lastKeyLength } = this.#block
    const first = this.#fragments[0]
    const last = this.#fragments.at(-1)
    const firstKey = this.#smallest
    const startsDeleted =
      first !== undefined && (firstKey === null || compareBytes(first.from, firstKey) < 0)
    const isOpen =
      last !== undefined &&
      (firstKey === null ||
        compareRanges(last.to, 0, last.to.length, lastKey, 0, lastKeyLength) > 0)
    return {
      smallest: startsDeleted ? first.from : firstKey!,
      largest: isOpen ? last.to : lastKey.slice(0, lastKeyLength),
      ...(isOpen ? { isOpen } : {}),
    }
  }

  get #offset(): number {
    return this.#appendedBytes + this.#chunkLength
  }

  #finishDataBlock(): void {
    const block = this.#block
    const lastKey = block.lastKey.subarray(0, block.lastKeyLength)
    const raw = block.finish()
    const payload = this.#compression === 'none' ? null : compressBlock(this.#compression, raw)
    const handle =
      payload === null
        ? this.#writeBlock(raw)
        : this.#writeBlock(payload, COMPRESSION_TYPE[this.#compression])
    const value = appendHandle(this.#handle.reset(), handle).view()
    this.#index.add(encodeInternalKey(lastKey, block.lastSeq, block.lastKind), value)
    this.#dataBlocks++
  }

  #writeMeta(dataBytes: number, index: BlockHandle, filter: BlockHandle | null): void {
    const rangeDeletions =
      this.#fragments.length === 0 ? null : this.#writeBlock(encodeRangeDeletions(this.#fragments))
    const properties = encodeProperties(
      {
        entries: this.entries,
        tombstones: this.#tombstones,
        rawKeyBytes: this.#rawKeyBytes,
        rawValueBytes: this.#rawValueBytes,
        dataBlocks: this.#dataBlocks,
        dataBytes,
        indexBytes: index.bytes + BLOCK_TRAILER_BYTES,
        filterBytes: filter === null ? 0 : filter.bytes + BLOCK_TRAILER_BYTES,
        rangeDeletions: this.#rangeDeletions,
      },
      this.#compression,
    )
    const metaindex = encodeMetaindex(filter, this.#writeBlock(properties), rangeDeletions)
    const footer = encodeFooter(this.#writeBlock(metaindex), index)
    this.#reserve(footer.length).set(footer, this.#chunkLength)
    this.#chunkLength += footer.length
  }

  /** Writes a payload and its trailer into the chunk. */
  #writeBlock(payload: Uint8Array, type: number = COMPRESSION_TYPE.none): BlockHandle {
    const chunk = this.#reserve(payload.length + BLOCK_TRAILER_BYTES)
    chunk.set(payload, this.#chunkLength)
    return this.#sealBlock(payload.length, type)
  }

  /** Builds the filter in the chunk. */
  #writeFilter(filter: FilterBuilder): BlockHandle {
    const { bytes } = filter
    filter.finish(this.#reserve(bytes + BLOCK_TRAILER_BYTES), this.#chunkLength)
    return this.#sealBlock(bytes, COMPRESSION_TYPE.none)
  }

  /** Appends the trailer of a payload of `bytes` at the end of the chunk. */
  #sealBlock(bytes: number, type: number): BlockHandle {
    const handle = { offset: this.#offset, bytes }
    const end = this.#chunkLength + bytes
    writeBlockTrailer(this.#chunk, this.#chunkLength, end, type)
    this.#chunkLength = end + BLOCK_TRAILER_BYTES
    return handle
  }

  /** The chunk, with room for at least `bytes` more. */
  #reserve(bytes: number): Uint8Array {
    if (this.#chunkLength + bytes > this.#chunk.length) this.#flushChunk()
    if (bytes > this.#chunk.length) this.#chunk = new Uint8Array(bytes)
    return this.#chunk
  }

  #startSection(section: Section): void {
    this.#flushChunk()
    this.#section = section
  }

  #flushChunk(): void {
    if (this.#chunkLength === 0) return
    this.#file.append(this.#chunk.subarray(0, this.#chunkLength), this.#section)
    this.#appendedBytes += this.#chunkLength
    this.#chunkLength = 0
  }
}
