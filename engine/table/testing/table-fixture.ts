/**
 * Owns the shared fixture of this room's tests: tables built from plain entries in a memory storage
 * and read back. Entries may come in any order.
 */

import { type RangeDeletion, RangeDeletions } from '../../base/range-deletions.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { FileTag, Storage } from '../../storage/storage.ts'
import { ArrayCursor, type Entry } from '../../testing/oracles/array-cursor.ts'
import { TableReader } from '../table-reader.ts'
import { type TableSummary, TableWriter, type TableWriterOptions } from '../table-writer.ts'

export const writeTag: FileTag = { cause: 'flush', level: 0 }
export const readTag: FileTag = { cause: 'get', level: 0 }

export const plain: TableWriterOptions = { compression: 'none', bitsPerKey: 10 }

export function addEntries(writer: TableWriter, entries: readonly Entry[]): void {
  const cursor = new ArrayCursor(entries)
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) writer.add(cursor)
}

export function writeTable(
  storage: Storage,
  path: string,
  entries: readonly Entry[],
  options: TableWriterOptions = plain,
  deletions: readonly RangeDeletion[] = [],
): TableSummary {
  const file = storage.create(path, writeTag)
  const writer = new TableWriter(file, options)
  addEntries(writer, entries)
  const set = new RangeDeletions()
  for (const deletion of deletions) set.add(deletion)
  for (const fragment of set.fragments) writer.addFragment(fragment)
  const summary = writer.finish()
  file.close()
  return summary
}

export interface OpenTable {
  readonly storage: MemoryStorage
  readonly ledger: Ledger
  readonly cache: BlockCache
  readonly counters: ReadCounters
  readonly summary: TableSummary
  readonly reader: TableReader
}

/** Writes one table in a new memory storage and opens it. */
export function openTable(
  entries: readonly Entry[],
  options: TableWriterOptions = plain,
  cacheBytes = 1 << 20,
  deletions: readonly RangeDeletion[] = [],
): OpenTable {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  const summary = writeTable(storage, 'table', entries, options, deletions)
  const cache = new BlockCache(cacheBytes)
  const reader = TableReader.open(storage.open('table', readTag), 1, cache)
  return { storage, ledger, cache, counters: new ReadCounters(), summary, reader }
}

/** Opens `bytes` as a table in a new file, for tests of damage. */
export function tableOf(bytes: Uint8Array): TableReader {
  const storage = new MemoryStorage(new Ledger())
  const file = storage.create('table', writeTag)
  file.append(bytes, 'data')
  file.close()
  return TableReader.open(storage.open('table', readTag), 1, new BlockCache(1 << 20))
}
