/**
 * Owns reading one uncompressed block: prefix-compressed entries with restarts (LevelDB's
 * `table/block.cc`; layout in block-builder.ts). The current key is assembled in a scratch buffer
 * that the next step overwrites. Values are views into the block.
 *
 * Invariant: while `valid`, the scratch buffer holds the internal key of the entry at
 * `#entryStart`, so `next` can always continue from it. `prev` must rescan from a restart, so it
 * keeps every entry that it passes: walking a block backwards decodes each entry once, not once per
 * step. A block that passed its checksum but does not parse throws `LSM_CORRUPTION`.
 */

import { copyRange } from '../base/copy.ts'
import { corruption } from '../base/errors.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { readTrailerSeq, TRAILER_BYTES } from '../base/internal-key.ts'
import { grown } from './grown.ts'

const RESTART_BYTES = 4
/** Set in the restart count of blocks that have a hash index. This engine never writes it. */
const HASH_INDEX_BIT = 0x80000000
const NO_BLOCK = new Uint8Array(0)

export class BlockCursor extends CursorFields implements InternalCursor {
  readonly #path: string
  #blockOffset = 0
  #block: Uint8Array = NO_BLOCK
  /** Offset where the entries end and the restarts begin. */
  #dataEnd = 0
  #restartCount = 0
  #entryStart = 0
  #nextStart = 0
  #window: ReverseWindow | null = null
  /** Number of entries in the window that precede the current one. */
  #windowIndex = 0

  /** `path` names the table in errors. */
  constructor(path: string) {
    super()
    this.#path = path
    this.keyBytes = new Uint8Array(64)
  }

  /**
   * Opens a block found at `blockOffset` of the table and keeps a reference to it. No entry is
   * current.
   */
  open(block: Uint8Array, blockOffset: number): void {
    this.valid = false
    this.#block = block
    this.valueBytes = block
    this.#blockOffset = blockOffset
    this.#windowIndex = 0
    const tail = block.length - RESTART_BYTES
    const count = tail < RESTART_BYTES ? 0 : readFixed32(block, tail)
    if (count >= HASH_INDEX_BIT) throw this.#damaged('data-block hash indexes are not supported')
    this.#restartCount = count
    this.#dataEnd = tail - count * RESTART_BYTES
    if (count === 0 || this.#dataEnd < 0) throw this.#damaged('impossible restart count')
    if (this.#restart(0) !== 0) throw this.#damaged('the first restart is not at 0')
  }

  seekToFirst(): void {
    this.#startAt(0)
  }

  seekToLast(): void {
    this.#startAt(this.#restart(this.#restartCount - 1))
    while (this.valid && this.#nextStart < this.#dataEnd) this.#decode(this.#nextStart)
  }

  seek(userKey: Uint8Array, seq: number): void {
    let low = 0
    let high = this.#restartCount - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#restartPrecedes(this.#restart(middle), userKey, seq)) low = middle
      else high = middle - 1
    }
    this.#startAt(this.#restart(low))
    while (this.valid && this.#precedes(userKey, seq)) this.#decode(this.#nextStart)
  }

  next(): void {
    this.#windowIndex = 0
    this.#decode(this.#nextStart)
  }

  prev(): void {
    if (this.#windowIndex === 0 && !this.#fillWindow()) {
      this.valid = false
      return
    }
    const window = this.#window!
    const index = --this.#windowIndex
    const keyStart = index === 0 ? 0 : window.keyEnds[index - 1]!
    const internalLength = window.keyEnds[index]! - keyStart
    copyRange(this.keyBytes, 0, window.keys, keyStart, internalLength)
    this.keyLength = internalLength - TRAILER_BYTES
    this.#readTrailer()
    this.#entryStart = window.starts[index]!
    this.valueStart = window.valueStarts[index]!
    this.valueLength = window.valueLengths[index]!
    this.#nextStart = this.valueStart + this.valueLength
  }

  /**
   * Decodes the entries from the last restart before the current entry. False at the first entry.
   */
  #fillWindow(): boolean {
    const end = this.#entryStart
    if (end === 0) return false
    let low = 0
    let high = this.#restartCount - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#restart(middle) < end) low = middle
      else high = middle - 1
    }
    this.#window ??= new ReverseWindow()
    this.#window.clear()
    for (this.#startAt(this.#restart(low)); this.#entryStart < end; this.#decode(this.#nextStart)) {
      this.#window.push(this, this.#entryStart)
      if (this.#nextStart > end) throw this.#damaged('a restart points into an entry')
    }
    this.#windowIndex = this.#window.starts.length
    return true
  }

  #restart(index: number): number {
    const restart = readFixed32(this.#block, this.#dataEnd + index * RESTART_BYTES)
    if (restart > this.#dataEnd) throw this.#damaged('a restart lies outside the block')
    return restart
  }

  #startAt(restart: number): void {
    this.#windowIndex = 0
    // A restart shares no bytes: −TRAILER_BYTES makes the previous key empty, including its
    // trailer.
    this.keyLength = -TRAILER_BYTES
    this.#decode(restart)
  }

  /** Makes the entry at `start` current. The scratch buffer must hold the previous key. */
  #decode(start: number): void {
    if (start >= this.#dataEnd) {
      this.valid = false
      return
    }
    const block = this.#block
    let shared = block[start]!
    let unshared = block[start + 1]!
    let valueLength = block[start + 2]!
    let at = start + 3
    if ((shared | unshared | valueLength) >= 0x80) {
      at = start
      shared = readVarint32(block, at)
      at += varint32Bytes(shared)
      unshared = readVarint32(block, at)
      at += varint32Bytes(unshared)
      valueLength = readVarint32(block, at)
      at += varint32Bytes(valueLength)
    }
    const internalLength = shared + unshared
    const valueStart = at + unshared
    if (
      valueStart + valueLength > this.#dataEnd ||
      internalLength < TRAILER_BYTES ||
      shared > this.keyLength + TRAILER_BYTES
    ) {
      throw this.#damaged(`the entry at byte ${start} of the block does not parse`)
    }
    if (internalLength > this.keyBytes.length) this.keyBytes = grown(this.keyBytes, internalLength)
    copyRange(this.keyBytes, shared, block, at, unshared)
    this.keyLength = internalLength - TRAILER_BYTES
    this.#readTrailer()
    this.valueStart = valueStart
    this.valueLength = valueLength
    this.#entryStart = start
    this.#nextStart = valueStart + valueLength
    this.valid = true
  }

  #readTrailer(): void {
    this.kind = this.keyBytes[this.keyLength]!
    this.seq = readTrailerSeq(this.keyBytes, this.keyLength)
  }

  /** Whether the current entry comes before (userKey, seq). */
  #precedes(userKey: Uint8Array, seq: number): boolean {
    const { keyBytes, keyLength } = this
    const shared = keyLength < userKey.length ? keyLength : userKey.length
    for (let i = 0; i < shared; i++) {
      const difference = keyBytes[i]! - userKey[i]!
      if (difference !== 0) return difference < 0
    }
    if (keyLength !== userKey.length) return keyLength < userKey.length
    return this.seq > seq
  }

  /** The same for the entry at a restart, whose whole key is stored in the block. */
  #restartPrecedes(restart: number, userKey: Uint8Array, seq: number): boolean {
    const block = this.#block
    let at = restart + 1
    const internalLength = readVarint32(block, at)
    at += varint32Bytes(internalLength)
    at += varint32Bytes(readVarint32(block, at))
    const keyLength = internalLength - TRAILER_BYTES
    if (block[restart] !== 0 || keyLength < 0 || at + internalLength > this.#dataEnd) {
      throw this.#damaged(`the restart at byte ${restart} of the block does not parse`)
    }
    const shared = keyLength < userKey.length ? keyLength : userKey.length
    for (let i = 0; i < shared; i++) {
      const difference = block[at + i]! - userKey[i]!
      if (difference !== 0) return difference < 0
    }
    if (keyLength !== userKey.length) return keyLength < userKey.length
    return readTrailerSeq(block, at + keyLength) > seq
  }

  #damaged(message: string): Error {
    this.valid = false
    return corruption(message, { path: this.#path, offset: this.#blockOffset })
  }
}

/** The entries of one restart interval, in order, with their whole keys. The object is reused. */
class ReverseWindow {
  keys: Uint8Array = new Uint8Array(1024)
  readonly keyEnds: number[] = []
  readonly starts: number[] = []
  readonly valueStarts: number[] = []
  readonly valueLengths: number[] = []
  #keysLength = 0

  clear(): void {
    this.keyEnds.length = 0
    this.starts.length = 0
    this.valueStarts.length = 0
    this.valueLengths.length = 0
    this.#keysLength = 0
  }

  push(entry: CursorFields, start: number): void {
    const internalLength = entry.keyLength + TRAILER_BYTES
    const end = this.#keysLength + internalLength
    if (end > this.keys.length) this.keys = grown(this.keys, end)
    copyRange(this.keys, this.#keysLength, entry.keyBytes, 0, internalLength)
    this.#keysLength = end
    this.keyEnds.push(end)
    this.starts.push(start)
    this.valueStarts.push(entry.valueStart)
    this.valueLengths.push(entry.valueLength)
  }
}

function readFixed32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  )
}

/** Bytes past the end read as 0. The caller checks where the entry ends. */
function readVarint32(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++]!
    value |= (byte & 0x7f) << shift
    if (!(byte & 0x80)) break
  }
  return value >>> 0
}

/** Writers store varints in their shortest form, so the value determines the size. */
function varint32Bytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}
