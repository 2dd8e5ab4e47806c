/**
 * Owns the bytes of a value-log segment. The format is that of RocksDB's blob files
 * (`db/blob/blob_log_format.h`), so that its tools resolve our pointers. Integers are
 * little-endian.
 *
 *  header  | u32 magic | u32 version 1 | u32 0 | u8 flags 0 | u8 compression | u64 0 | u64 0 | 30 B
 *  record  | u64 key bytes | u64 value bytes | u64 written ms | u32 crc | u32 crc | key | value |
 *  footer  | u32 magic | u64 records | u64 0 | u64 0 | u32 crc |                               32 B
 *
 * A record's first checksum covers the 24 bytes before it, its second covers key ‖ value. The
 * footer's checksum covers the 28 bytes before it. All are masked CRC-32Cs. The field of the first
 * write's time is RocksDB's field for the record's expiration. RocksDB ignores it in a file whose
 * flags do not announce expirations.
 *
 * Invariant: a segment is a header, whole records and, once it is sealed, a footer.
 */

import { crc32c, maskCrc } from '../base/crc32c.ts'
import { COMPRESSION_TYPE } from '../table/compression.ts'

const SEGMENT_MAGIC = 2_395_959
const SEGMENT_VERSION = 1

export const SEGMENT_HEADER_BYTES = 30
export const RECORD_HEADER_BYTES = 32
export const SEGMENT_FOOTER_BYTES = 32
/**
 * Size of a segment that kept only header and footer: its data may go while tables still hold
 * pointers into it.
 */
export const STUB_BYTES = SEGMENT_HEADER_BYTES + SEGMENT_FOOTER_BYTES

const FLAGS_OFFSET = 12
const COMPRESSION_OFFSET = 13
const VALUE_LENGTH_OFFSET = 8
const WRITTEN_AT_OFFSET = 16
const HEADER_CRC_OFFSET = 24
const CONTENT_CRC_OFFSET = 28
const FOOTER_CRC_OFFSET = 28

const KNOWN_COMPRESSIONS: readonly number[] = Object.values(COMPRESSION_TYPE)

const TWO_POW_32 = 0x100000000

/** Owned. `compressionType` is a number of `table/compression.ts`. */
export function encodeSegmentHeader(compressionType: number): Uint8Array {
  const header = new Uint8Array(SEGMENT_HEADER_BYTES)
  writeU32(header, 0, SEGMENT_MAGIC)
  writeU32(header, 4, SEGMENT_VERSION)
  header[FLAGS_OFFSET] = 0
  header[COMPRESSION_OFFSET] = compressionType
  return header
}

/** The compression type in the header bytes[0, 30), or null if they are not a header. */
export function decodeSegmentHeader(bytes: Uint8Array): number | null {
  if (bytes.length < SEGMENT_HEADER_BYTES) return null
  const compressionType = bytes[COMPRESSION_OFFSET]!
  if (!KNOWN_COMPRESSIONS.includes(compressionType)) return null
  const expected = encodeSegmentHeader(compressionType)
  return expected.every((byte, at) => byte === bytes[at]) ? compressionType : null
}

/** Owned. */
export function encodeSegmentFooter(records: number): Uint8Array {
  const footer = new Uint8Array(SEGMENT_FOOTER_BYTES)
  writeU32(footer, 0, SEGMENT_MAGIC)
  writeU64(footer, 4, records)
  writeU32(footer, FOOTER_CRC_OFFSET, maskCrc(crc32c(footer, 0, FOOTER_CRC_OFFSET)))
  return footer
}

/** The record count in the footer at bytes[at], or null if there is no footer. */
export function decodeSegmentFooter(bytes: Uint8Array, at: number): number | null {
  if (bytes.length - at < SEGMENT_FOOTER_BYTES || readU32(bytes, at) !== SEGMENT_MAGIC) return null
  const crc = maskCrc(crc32c(bytes, at, at + FOOTER_CRC_OFFSET))
  return crc === readU32(bytes, at + FOOTER_CRC_OFFSET) ? readU64(bytes, at + 4) : null
}

/** Completes the record at target[at]. Its key and value are already there, behind the header. */
export function writeRecordHeader(
  target: Uint8Array,
  at: number,
  keyLength: number,
  storedLength: number,
  writtenAtMs: number,
): void {
  const content = at + RECORD_HEADER_BYTES
  writeU64(target, at, keyLength)
  writeU64(target, at + VALUE_LENGTH_OFFSET, storedLength)
  writeU64(target, at + WRITTEN_AT_OFFSET, writtenAtMs)
  writeU32(target, at + HEADER_CRC_OFFSET, maskCrc(crc32c(target, at, at + HEADER_CRC_OFFSET)))
  const end = content + keyLength + storedLength
  writeU32(target, at + CONTENT_CRC_OFFSET, maskCrc(crc32c(target, content, end)))
}

/** Whether the header at bytes[at] is sound, so that its lengths can be trusted. */
export function isRecordHeader(bytes: Uint8Array, at: number): boolean {
  const crc = maskCrc(crc32c(bytes, at, at + HEADER_CRC_OFFSET))
  return crc === readU32(bytes, at + HEADER_CRC_OFFSET)
}

/** Whether key and value at bytes[at + 32 …] are sound. The header must be sound. */
export function isRecordContent(bytes: Uint8Array, at: number): boolean {
  const content = at + RECORD_HEADER_BYTES
  const end = content + recordKeyLength(bytes, at) + recordStoredLength(bytes, at)
  return maskCrc(crc32c(bytes, content, end)) === readU32(bytes, at + CONTENT_CRC_OFFSET)
}

export function recordKeyLength(bytes: Uint8Array, at: number): number {
  return readU64(bytes, at)
}

/** Bytes of the value as stored. */
export function recordStoredLength(bytes: Uint8Array, at: number): number {
  return readU64(bytes, at + VALUE_LENGTH_OFFSET)
}

/** Time in ms when the value was first written. Moving it to another segment keeps the time. */
export function recordWrittenAtMs(bytes: Uint8Array, at: number): number {
  return readU64(bytes, at + WRITTEN_AT_OFFSET)
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  )
}

function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + 4) * TWO_POW_32 + readU32(bytes, at)
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value % TWO_POW_32)
  writeU32(bytes, at + 4, Math.floor(value / TWO_POW_32))
}
