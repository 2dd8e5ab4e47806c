/**
 * Owns the step from stored bytes to a raw block: check the checksum, then the type, then
 * decompress. Every block that is read passes through here.
 */

import type { ByteWriter } from '../base/coding.ts'
import { crc32c, maskCrc } from '../base/crc32c.ts'
import { corruption } from '../base/errors.ts'
import type { Section } from '../storage/ledger.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { COMPRESSION_TYPE, decompressBlock } from './compression.ts'
import { BLOCK_TRAILER_BYTES, type BlockHandle, unsupported } from './table-format.ts'

/** RocksDB's compressions that this engine does not read, for error messages. */
const COMPRESSION_NAMES: Readonly<Record<number, string>> = {
  1: 'Snappy',
  2: 'zlib',
  3: 'bzip2',
  5: 'LZ4HC',
  6: 'Xpress',
}

/**
 * The raw block in stored[start, start + bytes), which its trailer follows; `offset` is its place
 * in the table. Owned, or a view of `stored` if `mayBorrow` is set and the block is not compressed.
 * Throws `LSM_CORRUPTION` with path and offset, and `LSM_INVALID_ARGUMENT` for a compression that
 * this engine does not read.
 */
export function decodeStoredBlock(
  stored: Uint8Array,
  start: number,
  bytes: number,
  path: string,
  offset: number,
  mayBorrow: boolean,
): Uint8Array {
  const end = start + bytes
  const expected =
    (stored[end + 1]! |
      (stored[end + 2]! << 8) |
      (stored[end + 3]! << 16) |
      (stored[end + 4]! << 24)) >>>
    0
  const actual = maskCrc(crc32c(stored, start, end + 1))
  if (actual !== expected) {
    throw corruption('block checksum mismatch', { path, offset, expected, actual })
  }
  const type = stored[end]!
  if (type === COMPRESSION_TYPE.none) {
    return mayBorrow ? stored.subarray(start, end) : stored.slice(start, end)
  }
  if (type !== COMPRESSION_TYPE.lz4 && type !== COMPRESSION_TYPE.zstd) {
    const what = `compression ${COMPRESSION_NAMES[type] ?? `type ${type}`}`
    throw unsupported(path, what, 'write the table with LZ4, zstd or none')
  }
  const raw = decompressBlock(type, stored, start, end)
  if (raw === null) throw corruption('block does not decompress', { path, offset })
  return raw
}

/**
 * Reads an index, filter, properties or metaindex, into `scratch` if there is one. Without it the
 * result is owned; with it, it is borrowed until the next use of `scratch`.
 */
export function readBlock(
  file: ReadableFile,
  handle: BlockHandle,
  section: Section,
  scratch?: ByteWriter,
): Uint8Array {
  const storedBytes = handle.bytes + BLOCK_TRAILER_BYTES
  const stored = scratch?.reset().reserve(storedBytes) ?? new Uint8Array(storedBytes)
  file.read(stored, storedBytes, handle.offset, section)
  return decodeStoredBlock(stored, 0, handle.bytes, file.path, handle.offset, true)
}
