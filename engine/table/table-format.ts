/**
 * Owns the fixed parts of a table: block handles, the block trailer, the footer and the names of
 * metaindex entries. The layout is RocksDB's block-based table, format version 2
 * (`table/format.h`), so that RocksDB's own tools can check our tables.
 *
 *   +-----------------------+
 *   | data block …          |   each block is followed by its trailer
 *   | filter block          |   optional, private (filter.ts)
 *   | index block           |   one entry a data block: last internal key → handle
 *   | range deletions block |   optional (range-deletion-block.ts)
 *   | properties block      |   properties.ts
 *   | metaindex block       |   name → handle, sorted
 *   | footer, 53 B          |
 *   +-----------------------+
 */

import { ByteReader, ByteWriter } from '../base/coding.ts'
import { crc32c, maskCrc } from '../base/crc32c.ts'
import { corruption, LsmError } from '../base/errors.ts'

/** Location of a stored block. `bytes` excludes the trailer that follows the block. */
export interface BlockHandle {
  readonly offset: number
  readonly bytes: number
}

/**
 *   +----------------+---------+--------------------------------------+
 *   | payload, n B   | u8 type | u32le masked crc32c(payload ‖ type)  |
 *   +----------------+---------+--------------------------------------+
 */
export const BLOCK_TRAILER_BYTES = 5

export const METAINDEX_NAME = {
  properties: 'rocksdb.properties',
  rangeDeletions: 'rocksdb.range_del',
  /** RocksDB's tools accept unknown entries only under `filter.` or `fullfilter.`. */
  filter: 'filter.varve.bloom512',
} as const

/**
 *   +------------------+------------------+--------------+----------+-----------+-----------+
 *   | u8 checksum type | metaindex handle | index handle | zero pad | u32le     | u64le     |
 *   | 1 = crc32c       | varints          | varints      | to 41    | version   | magic     |
 *   +------------------+------------------+--------------+----------+-----------+-----------+
 */
export const FOOTER_BYTES = 53
const FOOTER_HANDLES_END = 41
const CHECKSUM_CRC32C = 1
const CHECKSUM_NAMES = ['none', 'CRC32C', 'xxHash', 'xxHash64', 'XXH3']
const MAGIC_LOW = 0x85f4cff7
const MAGIC_HIGH = 0x88e241b7
export const FORMAT_VERSION = 2
const FORMAT_VERSION_MIN = 1
const FORMAT_VERSION_MAX = 5

export interface Footer {
  readonly formatVersion: number
  readonly metaindex: BlockHandle
  readonly index: BlockHandle
}

export function appendHandle(writer: ByteWriter, handle: BlockHandle): ByteWriter {
  return writer.varint(handle.offset).varint(handle.bytes)
}

export function readHandle(reader: ByteReader): BlockHandle {
  const offset = reader.varint()
  return { offset, bytes: reader.varint() }
}

/** Writes a block's trailer at target[end], for the payload target[start, end). */
export function writeBlockTrailer(
  target: Uint8Array,
  start: number,
  end: number,
  type: number,
): void {
  target[end] = type
  const crc = maskCrc(crc32c(target, start, end + 1))
  target[end + 1] = crc
  target[end + 2] = crc >>> 8
  target[end + 3] = crc >>> 16
  target[end + 4] = crc >>> 24
}

/** Owned. */
export function encodeFooter(metaindex: BlockHandle, index: BlockHandle): Uint8Array {
  const writer = new ByteWriter(FOOTER_BYTES).u8(CHECKSUM_CRC32C)
  appendHandle(writer, metaindex)
  appendHandle(writer, index)
  writer.raw(new Uint8Array(FOOTER_HANDLES_END - writer.length))
  return writer.u32(FORMAT_VERSION).u32(MAGIC_LOW).u32(MAGIC_HIGH).copy()
}

/**
 * Throws `LSM_CORRUPTION` if the bytes are not a footer, `LSM_INVALID_ARGUMENT` if they are a
 * footer of a kind that this engine does not read.
 */
export function decodeFooter(bytes: Uint8Array, path: string, tableBytes: number): Footer {
  const offset = tableBytes - FOOTER_BYTES
  const tail = new ByteReader(bytes, path, FOOTER_HANDLES_END, FOOTER_BYTES)
  const formatVersion = tail.u32()
  if (tail.u32() !== MAGIC_LOW || tail.u32() !== MAGIC_HIGH) {
    throw corruption('not a table: the footer has no magic number', { path, offset })
  }
  if (formatVersion < FORMAT_VERSION_MIN || formatVersion > FORMAT_VERSION_MAX) {
    throw unsupported(path, `format version ${formatVersion}`)
  }
  const head = new ByteReader(bytes, path, 0, FOOTER_HANDLES_END)
  const checksum = head.u8()
  if (checksum !== CHECKSUM_CRC32C) {
    const what = `checksum ${CHECKSUM_NAMES[checksum] ?? checksum}`
    throw unsupported(path, what, 'write the table with CRC32C')
  }
  const metaindex = readHandle(head)
  const index = readHandle(head)
  checkHandle(metaindex, path, tableBytes)
  checkHandle(index, path, tableBytes)
  return { formatVersion, metaindex, index }
}

/** Throws `LSM_CORRUPTION` unless the block and its trailer end before the footer. */
export function checkHandle(handle: BlockHandle, path: string, tableBytes: number): void {
  const end = handle.offset + handle.bytes + BLOCK_TRAILER_BYTES
  if (handle.bytes >= 0 && end <= tableBytes - FOOTER_BYTES) return
  throw corruption(`a block of ${handle.bytes} bytes does not fit a table of ${tableBytes}`, {
    path,
    offset: handle.offset,
  })
}

/** The error for a valid table of a kind that this engine does not read. `remedy`: what to do. */
export function unsupported(path: string, what: string, remedy?: string): LsmError {
  const hint = remedy === undefined ? '' : `: ${remedy}`
  return new LsmError('LSM_INVALID_ARGUMENT', `${path}: ${what} is not supported${hint}`, {
    data: { path, what },
  })
}
