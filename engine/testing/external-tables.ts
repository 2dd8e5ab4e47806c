/**
 * Owns tables for tests of ingest: what somebody else might have written, and what a sorted map
 * makes of it. All entries have the sequence number 0, as those of RocksDB's `SstFileWriter`.
 */

import { ByteReader } from '../base/coding.ts'
import { compareBytes } from '../base/compare.ts'
import { CursorFields } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { RangeDeletions } from '../base/range-deletions.ts'
import type { Storage } from '../storage/storage.ts'
import { decodePlainBlock } from '../table/plain-block.ts'
import { type BlockHandle, decodeFooter, FOOTER_BYTES, readHandle } from '../table/table-format.ts'
import { TableWriter, type TableWriterOptions } from '../table/table-writer.ts'
import { bytes } from './fixtures.ts'

/** A value, null for a deletion, or the end of a deleted range that starts at the key. */
export type ExternalWrite = readonly [key: string, value: string | null | { readonly to: string }]

/** Writes a table. Of several values of a key the last counts; empty ranges are left out. */
export function writeExternal(
  storage: Storage,
  path: string,
  writes: readonly ExternalWrite[],
  options: Partial<TableWriterOptions> = {},
): void {
  const values = new Map<string, string | null>()
  const deletions = new RangeDeletions()
  for (const [key, value] of writes) {
    if (value === null || typeof value === 'string') values.set(key, value)
    else if (key < value.to) deletions.add({ from: bytes(key), to: bytes(value.to), seq: 0 })
  }
  storage.makeFolder(path.slice(0, path.lastIndexOf('/')))
  const file = storage.create(path, { cause: 'meta', level: -1 })
  const writer = new TableWriter(file, { compression: 'none', bitsPerKey: 10, ...options })
  const entry = new CursorFields()
  for (const [key, value] of [...values].sort(([a], [b]) => compareBytes(bytes(a), bytes(b)))) {
    entry.keyBytes = bytes(key)
    entry.keyLength = entry.keyBytes.length
    entry.kind = value === null ? ENTRY_KIND.deletion : ENTRY_KIND.value
    entry.valueBytes = bytes(value ?? '')
    entry.valueLength = entry.valueBytes.length
    writer.add(entry)
  }
  for (const fragment of deletions.fragments) writer.addFragment(fragment)
  writer.finish()
  file.sync()
  file.close()
}

/** Where a table has its meta blocks, by name. */
export function metaBlocksOf(content: Uint8Array): ReadonlyMap<string, BlockHandle> {
  const footer = content.subarray(content.length - FOOTER_BYTES)
  const { offset, bytes } = decodeFooter(footer, 'table', content.length).metaindex
  const stored = decodePlainBlock(content.subarray(offset, offset + bytes), 'table')
  return new Map(
    Array.from(stored, ([name, handle]) => [name, readHandle(new ByteReader(handle, 'table'))]),
  )
}

/** Whether `writeExternal` can make a table of them: it has at least one entry. */
export function makesTable(writes: readonly ExternalWrite[]): boolean {
  return writes.some(
    ([key, value]) => value === null || typeof value === 'string' || key < value.to,
  )
}

/** Does in the sorted map what the ingest of these writes does: its ranges delete older keys. */
export function applyExternal(state: Map<string, string>, writes: readonly ExternalWrite[]): void {
  for (const [from, value] of writes) {
    if (value === null || typeof value === 'string') continue
    for (const key of [...state.keys()]) if (from <= key && key < value.to) state.delete(key)
  }
  for (const [key, value] of writes) {
    if (value === null) state.delete(key)
    else if (typeof value === 'string') state.set(key, value)
  }
}
