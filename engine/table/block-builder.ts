/**
 * Owns the writing of data blocks: sorted entries. Each key is stored as the number of bytes it
 * shares with the previous key, and the rest. Every `restartInterval` entries a key is stored
 * whole, and the block's tail lists the offsets of these restarts (LevelDB's
 * `table/block_builder.cc`).
 *
 *   entry  | varint32 shared | varint32 unshared | varint32 value bytes | key suffix | value |
 *   tail   | u32le offset of each restart … | u32le restart count |
 *
 * Invariant: entries are added in internal order, also across blocks. `add` asserts this while it
 * determines the shared prefix, in the same loop. The trailer of an internal key is never shared,
 * so only user keys are compared.
 */

import { assert } from '../base/assert.ts'
import { copyRange } from '../base/copy.ts'
import type { Entry } from '../base/internal-cursor.ts'
import { TRAILER_BYTES, writeTrailer } from '../base/internal-key.ts'
import { grown } from './grown.ts'

/** Three varint32s. */
const ENTRY_HEADER_BYTES_MAX = 15
export const RESTART_BYTES = 4

/** Builds one data block after another. Allocates nothing per entry. */
export class DataBlockBuilder {
  /** Number of entries in the block under construction. */
  entries = 0
  /** The last entry's user key is lastKey[0, lastKeyLength); −1 before the first entry. */
  lastKey: Uint8Array = new Uint8Array(64)
  lastKeyLength = -1
  lastSeq = 0
  lastKind = 0
  readonly #restartInterval: number
  #bytes: Uint8Array
  #length = 0
  readonly #restarts: number[] = []
  #sinceRestart = 0

  constructor(restartInterval: number, blockBytes: number) {
    assert(restartInterval >= 1, 'a restart interval is at least 1')
    this.#restartInterval = restartInterval
    this.#bytes = new Uint8Array(blockBytes + 1024)
  }

  /** Size that the block would have if it ended here, before compression. */
  get bytes(): number {
    return this.#length + (this.#restarts.length + 1) * RESTART_BYTES
  }

  /** An upper bound for `bytes` after an entry of these sizes is added. */
  bytesAfter(keyLength: number, valueLength: number): number {
    return this.bytes + entryBytesBound(keyLength, valueLength)
  }

  /**
   * Returns whether the entry's user key differs from that of the previous entry, if there is one.
   */
  add(entry: Entry): boolean {
    const { keyBytes, keyStart, keyLength, seq, kind, valueBytes, valueStart, valueLength } = entry
    const common = this.#commonPrefix(keyBytes, keyStart, keyLength)
    const isNewKey = common < keyLength || keyLength !== this.lastKeyLength
    if (!isNewKey) assert(seq < this.lastSeq, 'versions of a key are added newest first')

    let shared = common
    if (this.entries === 0 || this.#sinceRestart === this.#restartInterval) {
      this.#restarts.push(this.#length)
      this.#sinceRestart = 0
      shared = 0
    }
    const unshared = keyLength - shared
    const needed = this.#length + ENTRY_HEADER_BYTES_MAX + unshared + TRAILER_BYTES + valueLength
    if (needed > this.#bytes.length) this.#bytes = grown(this.#bytes, needed)
    const bytes = this.#bytes
    let at = this.#length
    at = writeVarint32(bytes, at, shared)
    at = writeVarint32(bytes, at, unshared + TRAILER_BYTES)
    at = writeVarint32(bytes, at, valueLength)
    copyRange(bytes, at, keyBytes, keyStart + shared, unshared)
    at += unshared
    writeTrailer(bytes, at, seq, kind)
    at += TRAILER_BYTES
    copyRange(bytes, at, valueBytes, valueStart, valueLength)
    this.#length = at + valueLength

    if (keyLength > this.lastKey.length) this.lastKey = grown(this.lastKey, keyLength)
    copyRange(this.lastKey, common, keyBytes, keyStart + common, keyLength - common)
    this.lastKeyLength = keyLength
    this.lastSeq = seq
    this.lastKind = kind
    this.entries++
    this.#sinceRestart++
    return isNewKey
  }

  /** Completes the block and starts the next. Borrowed: valid until the next `add`. */
  finish(): Uint8Array {
    const end = this.bytes
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, end)
    let at = this.#length
    for (const restart of this.#restarts) at = writeFixed32(this.#bytes, at, restart)
    writeFixed32(this.#bytes, at, this.#restarts.length)
    this.entries = 0
    this.#length = 0
    this.#restarts.length = 0
    this.#sinceRestart = 0
    return this.#bytes.subarray(0, end)
  }

  /**
   * Number of bytes that the user key shares with the previous one. Asserts that it does not
   * precede it.
   */
  #commonPrefix(keyBytes: Uint8Array, keyStart: number, keyLength: number): number {
    const { lastKey, lastKeyLength } = this
    const limit = keyLength < lastKeyLength ? keyLength : lastKeyLength
    let common = 0
    while (common < limit && lastKey[common] === keyBytes[keyStart + common]) common++
    if (common < limit) {
      assert(lastKey[common]! < keyBytes[keyStart + common]!, 'keys are added in order')
    } else {
      assert(keyLength >= lastKeyLength, 'keys are added in order')
    }
    return common
  }
}

/** The most bytes that an entry adds to its block, including a restart. */
export function entryBytesBound(keyLength: number, valueLength: number): number {
  const header = headerBytes(keyLength, valueLength)
  return header + keyLength + TRAILER_BYTES + valueLength + RESTART_BYTES
}

function headerBytes(keyLength: number, valueLength: number): number {
  return keyLength < 0x80 - TRAILER_BYTES && valueLength < 0x80 ? 3 : ENTRY_HEADER_BYTES_MAX
}

function writeVarint32(target: Uint8Array, at: number, value: number): number {
  let rest = value
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}

function writeFixed32(target: Uint8Array, at: number, value: number): number {
  target[at] = value
  target[at + 1] = value >>> 8
  target[at + 2] = value >>> 16
  target[at + 3] = value >>> 24
  return at + 4
}
