/**
 * Owns reading what leads to the blocks of a table: footer, metaindex and properties. Invariant:
 * all of it has passed its checksums, except the footer, which has none.
 */

import { ByteReader } from '../base/coding.ts'
import { corruption } from '../base/errors.ts'
import type { ReadableFile } from '../storage/storage.ts'
import type { IndexLayout } from './block-index.ts'
import { decodePlainBlock } from './plain-block.ts'
import { decodeProperties, type StoredProperties } from './properties.ts'
import { readBlock } from './stored-block.ts'
import {
  type BlockHandle,
  checkHandle,
  decodeFooter,
  FOOTER_BYTES,
  METAINDEX_NAME,
  readHandle,
} from './table-format.ts'

export interface TableDirectory {
  /** The handles of the other meta blocks, by name. */
  readonly metaindex: ReadonlyMap<string, Uint8Array>
  readonly properties: StoredProperties
  readonly layout: IndexLayout
  readonly indexHandle: BlockHandle
}

/**
 * Throws `LSM_CORRUPTION` with path and offset, and `LSM_INVALID_ARGUMENT` for a valid table of a
 * kind that this engine does not read.
 */
export function readDirectory(file: ReadableFile): TableDirectory {
  const { path, bytes: tableBytes } = file
  if (tableBytes < FOOTER_BYTES) {
    throw corruption(`not a table: ${tableBytes} bytes are less than a footer`, { path, offset: 0 })
  }
  const footerBytes = new Uint8Array(FOOTER_BYTES)
  file.read(footerBytes, FOOTER_BYTES, tableBytes - FOOTER_BYTES, 'meta')
  const footer = decodeFooter(footerBytes, path, tableBytes)
  const metaindex = decodePlainBlock(readBlock(file, footer.metaindex, 'meta'), path)
  const propertiesHandle = handleOf(metaindex, METAINDEX_NAME.properties, file)
  if (propertiesHandle === null) {
    throw corruption('table without properties', { path, offset: footer.metaindex.offset })
  }
  const properties = decodeProperties(readBlock(file, propertiesHandle, 'meta'), path)
  const layout = {
    userKeyOnly: properties.indexKeyIsUserKey,
    deltaEncoded: properties.indexValueIsDeltaEncoded,
  }
  return { metaindex, properties, layout, indexHandle: footer.index }
}

/** The handle of a meta block; null if the table has none of this name. */
export function handleOf(
  metaindex: ReadonlyMap<string, Uint8Array>,
  name: string,
  file: ReadableFile,
): BlockHandle | null {
  const value = metaindex.get(name)
  if (value === undefined) return null
  const handle = readHandle(new ByteReader(value, file.path))
  checkHandle(handle, file.path, file.bytes)
  return handle
}
