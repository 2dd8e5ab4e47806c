/**
 * Owns the index of a table, decoded once at open into typed arrays: for each data block the
 * largest internal key that it may hold, and its handle. A search first compares numbers: the 6
 * bytes after the prefix shared by all index keys, as one exact float. It compares whole keys only
 * on a tie.
 *
 * Invariant: entry i's key is ≥ every key of block i and < every key of block i + 1. It is block
 * i's last key, or a separator whose user key neither block holds (RocksDB shortens separators). So
 * if the block that the search returns does not hold a version, no other block does. With
 * `userKeyOnly` the keys have no trailer. Such a key stands for all versions of the user key, so it
 * reads as seq 0.
 */

import type { ByteReader } from '../base/coding.ts'
import { compareRanges } from '../base/compare.ts'
import { readTrailerSeq, TRAILER_BYTES } from '../base/internal-key.ts'
import { entriesReader, readSharedKey } from './plain-block.ts'
import { BLOCK_TRAILER_BYTES, type BlockHandle, checkHandle, readHandle } from './table-format.ts'

const PREFIX_BYTES = 6

/** The layout of the index block, taken from the properties of the table. */
export interface IndexLayout {
  /** Keys without their 8-byte trailer. */
  readonly userKeyOnly: boolean
  /** Values are size differences if the key shares a prefix with the previous one. */
  readonly deltaEncoded: boolean
}

export class BlockIndex {
  /** Number of data blocks in the table. */
  readonly count: number
  /** Bytes of memory that the decoded arrays take. */
  readonly memoryBytes: number
  readonly offsets: Float64Array
  /** Stored bytes of each block, without its trailer. */
  readonly sizes: Float64Array
  readonly #keys: Uint8Array
  /** User key i is keys[ends[i], ends[i + 1]). */
  readonly #ends: Uint32Array
  readonly #seqs: Float64Array
  readonly #commonLength: number
  readonly #prefixes: Float64Array

  constructor(entries: readonly IndexEntry[]) {
    const { length } = entries
    this.count = length
    this.offsets = Float64Array.from(entries, (entry) => entry.handle.offset)
    this.sizes = Float64Array.from(entries, (entry) => entry.handle.bytes)
    this.#seqs = Float64Array.from(entries, (entry) => entry.seq)
    this.#ends = new Uint32Array(length + 1)
    for (let i = 0; i < length; i++) this.#ends[i + 1] = this.#ends[i]! + entries[i]!.userKey.length
    this.#keys = new Uint8Array(this.#ends[length]!)
    for (let i = 0; i < length; i++) this.#keys.set(entries[i]!.userKey, this.#ends[i]!)
    // The keys are sorted, so all of them share what the first and the last key share.
    this.#commonLength = length < 2 ? 0 : commonPrefix(entries[0]!, entries[length - 1]!)
    this.#prefixes = Float64Array.from(entries, (entry) =>
      prefixNumber(entry.userKey, this.#commonLength, entry.userKey.length),
    )
    this.memoryBytes = this.#keys.length + length * 36
  }

  /** The block that may hold the first entry at or after (userKey, seq), or `count` if none can. */
  find(userKey: Uint8Array, seq: number): number {
    const common = this.#commonLength
    if (common > 0) {
      const length = userKey.length < common ? userKey.length : common
      const order = compareRanges(userKey, 0, length, this.#keys, 0, common)
      if (order !== 0) return order < 0 ? 0 : this.count
    }
    const prefix = prefixNumber(userKey, common, userKey.length)
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      const difference = this.#prefixes[middle]! - prefix
      if (difference < 0 || (difference === 0 && this.#precedes(middle, userKey, seq))) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /** Whether the key of entry `index` has exactly this user key. */
  hasUserKey(index: number, userKey: Uint8Array): boolean {
    return this.#compareUserKey(index, userKey) === 0
  }

  /** Offset in the table where block `index` ends, including its trailer. */
  blockEnd(index: number): number {
    return this.offsets[index]! + this.sizes[index]! + BLOCK_TRAILER_BYTES
  }

  #precedes(index: number, userKey: Uint8Array, seq: number): boolean {
    const order = this.#compareUserKey(index, userKey)
    return order < 0 || (order === 0 && this.#seqs[index]! > seq)
  }

  #compareUserKey(index: number, userKey: Uint8Array): number {
    const start = this.#ends[index]!
    const length = this.#ends[index + 1]! - start
    return compareRanges(this.#keys, start, length, userKey, 0, userKey.length)
  }
}

export interface IndexEntry {
  /** Borrowed from the index block, or owned. It is copied when the index is built. */
  readonly userKey: Uint8Array
  readonly seq: number
  readonly handle: BlockHandle
}

/** Decodes an index block. Throws `LSM_CORRUPTION` if it does not parse. */
export function decodeIndex(
  block: Uint8Array,
  layout: IndexLayout,
  path: string,
  tableBytes: number,
): BlockIndex {
  return new BlockIndex(decodeIndexEntries(block, layout, path, tableBytes))
}

/** The entries of an index block, in key order. Throws `LSM_CORRUPTION` if it does not parse. */
export function decodeIndexEntries(
  block: Uint8Array,
  layout: IndexLayout,
  path: string,
  tableBytes: number,
): readonly IndexEntry[] {
  const reader = entriesReader(block, path)
  const entries: IndexEntry[] = []
  let key: Uint8Array = new Uint8Array(0)
  let handle: BlockHandle = { offset: 0, bytes: -BLOCK_TRAILER_BYTES }
  while (!reader.done) {
    const shared = reader.varint()
    const unshared = reader.varint()
    if (!layout.deltaEncoded) reader.varint()
    key = readSharedKey(reader, shared, unshared, key)
    const isDelta = layout.deltaEncoded && shared > 0
    const blockEnd = handle.offset + handle.bytes + BLOCK_TRAILER_BYTES
    handle = isDelta ? readDelta(reader, handle) : readHandle(reader)
    checkHandle(handle, path, tableBytes)
    if (handle.offset < blockEnd) throw reader.fail('data blocks overlap')
    entries.push({ ...splitKey(key, layout, reader), handle })
  }
  return entries
}

/** A handle that starts where `before` and its trailer end, so only the size is stored. */
function readDelta(reader: ByteReader, before: BlockHandle): BlockHandle {
  const zigzag = reader.varint()
  const delta = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  return { offset: before.offset + before.bytes + BLOCK_TRAILER_BYTES, bytes: before.bytes + delta }
}

function splitKey(key: Uint8Array, layout: IndexLayout, reader: ByteReader) {
  if (layout.userKeyOnly) return { userKey: key, seq: 0 }
  const length = key.length - TRAILER_BYTES
  if (length < 0) throw reader.fail('index key without a trailer')
  return { userKey: key.subarray(0, length), seq: readTrailerSeq(key, length) }
}

function commonPrefix(a: IndexEntry, b: IndexEntry): number {
  const limit = Math.min(a.userKey.length, b.userKey.length)
  let common = 0
  while (common < limit && a.userKey[common] === b.userKey[common]) common++
  return common
}

/** The 6 bytes from `start` as a number that orders as the keys do. Missing bytes count as 0. */
function prefixNumber(key: Uint8Array, start: number, end: number): number {
  let number = 0
  for (let i = start; i < start + PREFIX_BYTES; i++) number = number * 256 + (i < end ? key[i]! : 0)
  return number
}
