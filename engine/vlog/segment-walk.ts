/**
 * Owns walking a whole segment from header to footer, record by record, for collection, recovery
 * and verification. It reads the file ahead in pieces, so most records need no call.
 *
 * Invariant: a record that the walk shows has passed both checksums. The walk shows no record from
 * behind damage.
 */

import { corruption, type LsmError } from '../base/errors.ts'
import type { ReadableFile } from '../storage/storage.ts'
import {
  decodeSegmentFooter,
  decodeSegmentHeader,
  isRecordContent,
  isRecordHeader,
  RECORD_HEADER_BYTES,
  recordKeyLength,
  recordStoredLength,
  recordWrittenAtMs,
  SEGMENT_FOOTER_BYTES,
  SEGMENT_HEADER_BYTES,
} from './segment-format.ts'

const PIECE_BYTES = 1024 * 1024

export type SegmentDamageReason =
  | 'bad segment header'
  | 'torn record'
  | 'bad record header'
  | 'bad record checksum'
  | 'bad footer count'

/** How a segment ended. */
export interface SegmentEnd {
  /** Up to here the file is a header and whole records; 0 if the header is damaged. */
  readonly validBytes: number
  readonly records: number
  readonly recordBytes: number
  /** The segment is sealed: a footer follows the records, and nothing follows the footer. */
  readonly hasFooter: boolean
  readonly damage: { readonly reason: SegmentDamageReason; readonly offset: number } | null
}

export class SegmentWalk {
  /** Holds the current record. Borrowed until `next`. */
  bytes: Uint8Array = new Uint8Array(0)
  keyStart = 0
  keyLength = 0
  valueStart = 0
  storedLength = 0
  writtenAtMs = 0
  /** Offset in the file of the record, and of its value. */
  offset = 0
  valueOffset = 0
  compressionType = 0
  end: SegmentEnd | null = null
  readonly #file: ReadableFile
  readonly #fileBytes: number
  /** The file's bytes [#pieceOffset, #pieceOffset + bytes.length) are in `bytes`. */
  #pieceOffset = 0
  #at = 0
  #records = 0

  /**
   * The caller keeps ownership of `file`. `fileBytes` is its present size, which may exceed the
   * size at opening.
   */
  constructor(file: ReadableFile, fileBytes = file.bytes) {
    this.#file = file
    this.#fileBytes = fileBytes
  }

  /**
   * Steps to the next record. False at the end, also if damage ended the walk (see `end`). Throws
   * `LSM_IO`.
   */
  next(): boolean {
    if (this.end !== null) return false
    if (this.#at === 0 && !this.#readHeader()) return this.#finish('bad segment header')
    const left = this.#fileBytes - this.#at
    if (left === 0) return this.#finish(null)
    if (left === SEGMENT_FOOTER_BYTES) {
      const footer = this.#have(SEGMENT_FOOTER_BYTES)
      const records = decodeSegmentFooter(this.bytes, footer)
      if (records === this.#records) return this.#finish(null, true)
      if (records !== null) return this.#finish('bad footer count')
    }
    if (left < RECORD_HEADER_BYTES) return this.#finish('torn record')
    const header = this.#have(RECORD_HEADER_BYTES)
    if (!isRecordHeader(this.bytes, header)) return this.#finish('bad record header')
    const keyLength = recordKeyLength(this.bytes, header)
    const storedLength = recordStoredLength(this.bytes, header)
    const recordBytes = RECORD_HEADER_BYTES + keyLength + storedLength
    if (recordBytes > left) return this.#finish('torn record')
    const at = this.#have(recordBytes)
    if (!isRecordContent(this.bytes, at)) return this.#finish('bad record checksum')
    this.keyStart = at + RECORD_HEADER_BYTES
    this.keyLength = keyLength
    this.valueStart = this.keyStart + keyLength
    this.storedLength = storedLength
    this.writtenAtMs = recordWrittenAtMs(this.bytes, at)
    this.offset = this.#at
    this.valueOffset = this.#at + RECORD_HEADER_BYTES + keyLength
    this.#at += recordBytes
    this.#records++
    return true
  }

  /** The damage that ended the walk, as an error; null if there was none. */
  damage(): LsmError | null {
    const damage = this.end?.damage ?? null
    if (damage === null) return null
    return corruption(damage.reason, { path: this.#file.path, offset: damage.offset })
  }

  #readHeader(): boolean {
    if (this.#fileBytes < SEGMENT_HEADER_BYTES) return false
    const at = this.#have(SEGMENT_HEADER_BYTES)
    const type = decodeSegmentHeader(this.bytes.subarray(at, at + SEGMENT_HEADER_BYTES))
    if (type === null) return false
    this.compressionType = type
    this.#at = SEGMENT_HEADER_BYTES
    return true
  }

  /**
   * Ensures that the `length` bytes from `#at` on are in `bytes`, and returns their place there.
   * The file must contain them. Call it before reading `bytes`, because it may replace that array.
   */
  #have(length: number): number {
    const end = this.#pieceOffset + this.bytes.length
    if (this.#at + length > end) {
      const pieceBytes = Math.min(Math.max(length, PIECE_BYTES), this.#fileBytes - this.#at)
      const piece = new Uint8Array(pieceBytes)
      this.#file.read(piece, pieceBytes, this.#at, 'data')
      this.bytes = piece
      this.#pieceOffset = this.#at
    }
    return this.#at - this.#pieceOffset
  }

  #finish(reason: SegmentDamageReason | null, hasFooter = false): false {
    const validBytes = this.#at
    this.end = {
      validBytes,
      records: this.#records,
      recordBytes: Math.max(0, validBytes - SEGMENT_HEADER_BYTES),
      hasFooter,
      damage: reason === null ? null : { reason, offset: validBytes },
    }
    return false
  }
}

/**
 * Whether a sound record lies anywhere behind `offset`. If so, the damage at `offset` is not a last
 * append that never became durable.
 */
export function hasRecordBehind(file: ReadableFile, offset: number, fileBytes: number): boolean {
  const bytes = new Uint8Array(Math.max(0, fileBytes - offset))
  file.read(bytes, bytes.length, offset, 'data')
  for (let at = 1; at + RECORD_HEADER_BYTES <= bytes.length; at++) {
    if (!isRecordHeader(bytes, at)) continue
    const length = RECORD_HEADER_BYTES + recordKeyLength(bytes, at) + recordStoredLength(bytes, at)
    if (at + length <= bytes.length && isRecordContent(bytes, at)) return true
  }
  return false
}
