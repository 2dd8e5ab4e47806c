/**
 * Owns reading how much a RocksDB table holds, from its properties alone. RocksDB's default
 * checksum (XXH3) and its newer footers are read too, which the engine otherwise refuses. So these
 * blocks are not checked: use the counts for estimates, never for data.
 */

import { ByteReader } from '../base/coding.ts'
import { corruption } from '../base/errors.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { decodePlainBlock } from './plain-block.ts'
import { decodeProperties, type TableProperties } from './properties.ts'
import {
  BLOCK_TRAILER_BYTES,
  type BlockHandle,
  checkHandle,
  FOOTER_BYTES,
  METAINDEX_NAME,
  readHandle,
} from './table-format.ts'

/** From this version on, the footer has no handles; the metaindex lies directly before it. */
const VERSION_WITHOUT_HANDLES = 6
const VERSION_OFFSET = 41
/** u8 checksum type, u32 magic, u32 and u32 checksums. */
const METAINDEX_BYTES_OFFSET = 13

/** Throws `LSM_CORRUPTION` if the file is not a table, or its properties do not parse. */
export function countsOfTable(file: ReadableFile): TableProperties {
  const { path } = file
  const metaindex = decodePlainBlock(payload(file, metaindexOf(file)), path)
  const handle = metaindex.get(METAINDEX_NAME.properties)
  if (handle === undefined) throw corruption('table without properties', { path, offset: 0 })
  return decodeProperties(payload(file, readHandle(new ByteReader(handle, path))), path)
}

function metaindexOf(file: ReadableFile): BlockHandle {
  const { path, bytes } = file
  const start = bytes - FOOTER_BYTES
  if (start < 0) throw corruption('not a table: shorter than a footer', { path, offset: 0 })
  const footer = new Uint8Array(FOOTER_BYTES)
  file.read(footer, FOOTER_BYTES, start, 'meta')
  const version = new ByteReader(footer, path, VERSION_OFFSET).u32()
  if (version < VERSION_WITHOUT_HANDLES) return readHandle(new ByteReader(footer, path, 1))
  const size = new ByteReader(footer, path, METAINDEX_BYTES_OFFSET).u32()
  return { offset: start - BLOCK_TRAILER_BYTES - size, bytes: size }
}

/** The block's bytes, which must not be compressed. */
function payload(file: ReadableFile, handle: BlockHandle): Uint8Array {
  const { path } = file
  checkHandle(handle, path, file.bytes)
  const stored = new Uint8Array(handle.bytes + 1)
  file.read(stored, stored.length, handle.offset, 'meta')
  if (stored[handle.bytes] === 0) return stored.subarray(0, handle.bytes)
  throw corruption('compressed properties', { path, offset: handle.offset })
}
