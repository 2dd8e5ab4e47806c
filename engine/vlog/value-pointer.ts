/**
 * Owns the pointer that the tree stores in place of a separated value: RocksDB's blob index, the
 * value of an entry of kind 17 (`db/blob/blob_index.h`).
 *
 *   | u8 1 | varint segment | varint offset of the value | varint stored bytes | u8 compression |
 *
 * Invariant: an instance's fields are those of the last decoded pointer. One instance is reused for
 * many pointers.
 */

import { corruption } from '../base/errors.ts'
import { RECORD_HEADER_BYTES } from './segment-format.ts'

/** This engine does not write RocksDB's other types (inlined with a TTL, TTL blob). */
const POINTER_TYPE = 1
/** Type, three varints of at most 8 bytes (values stay below 2^53), compression. */
export const POINTER_BYTES_MAX = 26

export class ValuePointer {
  segment = 0
  /** Offset of the value's first byte in the segment. */
  offset = 0
  /** Length of the value as stored. */
  storedBytes = 0
  compressionType = 0
  /** Where `#varint` reads next. */
  #at = 0

  /**
   * Decodes the pointer in bytes[start, start + length). Throws `LSM_CORRUPTION`, which names
   * `path`, if they are not a pointer.
   */
  decode(bytes: Uint8Array, start: number, length: number, path: string): this {
    const end = start + length
    this.#at = start + 1
    const isPointer = length >= 5 && bytes[start] === POINTER_TYPE
    if (isPointer) {
      this.segment = this.#varint(bytes, end - 1)
      this.offset = this.#varint(bytes, end - 1)
      this.storedBytes = this.#varint(bytes, end - 1)
      this.compressionType = bytes[end - 1]!
    }
    if (!isPointer || this.#at !== end - 1) {
      throw corruption(`${length} bytes are not a pointer into the value log`, { path })
    }
    return this
  }

  /** Bytes of the record that the pointer refers to: header, key and value. */
  recordBytes(keyLength: number): number {
    return RECORD_HEADER_BYTES + keyLength + this.storedBytes
  }

  /**
   * Reads a varint that ends before `end`. If it does not, the result makes the pointer invalid.
   */
  #varint(bytes: Uint8Array, end: number): number {
    let value = 0
    let scale = 1
    while (this.#at < end) {
      const byte = bytes[this.#at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
    this.#at = -1
    return value
  }
}

/**
 * Writes a pointer at target[at], which must have room for `POINTER_BYTES_MAX`. Returns its end.
 */
export function writePointer(
  target: Uint8Array,
  at: number,
  segment: number,
  offset: number,
  storedBytes: number,
  compressionType: number,
): number {
  target[at] = POINTER_TYPE
  let end = writeVarint(target, at + 1, segment)
  end = writeVarint(target, end, offset)
  end = writeVarint(target, end, storedBytes)
  target[end] = compressionType
  return end + 1
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  target[at++] = rest
  return at
}
