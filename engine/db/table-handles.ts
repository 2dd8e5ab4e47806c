/**
 * Owns the tables in use: readers by table id, made at a table's first read and kept until it goes. A
 * table's blocks are read on three accounts (gets, scans, compactions), each with its level.
 *
 * A reader keeps index and filter in memory, so memory is bounded by the tables of the version: about
 * one index entry a block and the filter's bits a key. Descriptors are bounded apart, by `OpenFiles`.
 */

import type { InternalCursor } from '../base/internal-cursor.ts'
import type { ReadCounters } from '../base/read-counters.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import { tableName } from '../manifest/file-names.ts'
import type { OpenFiles } from '../storage/open-files.ts'
import { joinPath, type ReadableFile } from '../storage/storage.ts'
import { ReadAhead } from '../table/table-cursor.ts'
import { TableReader } from '../table/table-reader.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'

export interface TableHandle {
  readonly reader: TableReader
  scanFile: ReadableFile
  /** On the account of value-log collection; null until it looks a key up here. */
  collectFile: ReadableFile | null
  /** Gets and seeks that consulted the table since the database was opened. */
  reads: number
}

/** Compactions read a table front to back, so they fetch this much at a time. */
const COMPACTION_READ_AHEAD_BYTES = 256 * 1024

export class TableHandles {
  readonly #files: OpenFiles
  readonly #folder: string
  readonly #cache: BlockCache
  readonly #handles = new Map<TableId, TableHandle>()

  constructor(files: OpenFiles, folder: string, cache: BlockCache) {
    this.#files = files
    this.#folder = folder
    this.#cache = cache
  }

  get(table: TableMeta, level: number): TableHandle {
    return this.#handles.get(table.id) ?? this.#open(table, level)
  }

  collectFile(handle: TableHandle, level: number): ReadableFile {
    handle.collectFile ??= handle.reader.file.tagged({ cause: 'vlog-gc', level })
    return handle.collectFile
  }

  /** Zero for a table not consulted yet. */
  reads(id: TableId): number {
    return this.#handles.get(id)?.reads ?? 0
  }

  scanCursor(table: TableMeta, level: number, counters: ReadCounters): InternalCursor {
    const handle = this.get(table, level)
    handle.reads++
    return handle.reader.cursor({ file: handle.scanFile, counters, fillCache: true })
  }

  /**
   * Opens tables of one run of `level`, one after the other, for a compaction: they share a buffer,
   * and the block cache stays as it is.
   */
  compactionOpener(level: number, counters: ReadCounters): (table: TableMeta) => InternalCursor {
    const readAhead = new ReadAhead(COMPACTION_READ_AHEAD_BYTES)
    return (table) => {
      const { reader, scanFile } = this.get(table, level)
      const file = scanFile.tagged({ cause: 'compaction', level })
      return reader.cursor({ file, counters, fillCache: false, readAhead })
    }
  }

  /** Closes the table and forgets its blocks. */
  drop(id: TableId): void {
    const handle = this.#handles.get(id)
    this.#handles.delete(id)
    handle?.reader.close()
    this.#cache.evictTable(id)
  }

  /** The table's bytes count for `level` from now on. */
  relevel(id: TableId, level: number): void {
    const handle = this.#handles.get(id)
    if (handle === undefined) return
    handle.scanFile = handle.reader.file.tagged({ cause: 'scan', level })
    handle.reader.fileForGets = handle.reader.file.tagged({ cause: 'get', level })
    handle.collectFile = null
  }

  close(): void {
    for (const { reader } of this.#handles.values()) reader.close()
    this.#handles.clear()
  }

  #open(table: TableMeta, level: number): TableHandle {
    const path = joinPath(this.#folder, tableName(table.id))
    const file = this.#files.open(path, { cause: 'open', level })
    const fileForGets = file.tagged({ cause: 'get', level })
    const reader = openReader(file, table.id, this.#cache, fileForGets)
    const scanFile = file.tagged({ cause: 'scan', level })
    const handle = { reader, scanFile, collectFile: null, reads: 0 }
    this.#handles.set(table.id, handle)
    return handle
  }
}

/** The reader, which owns `file` from then on; the file of a table that does not open is closed. */
function openReader(
  file: ReadableFile,
  id: TableId,
  cache: BlockCache,
  fileForGets: ReadableFile,
): TableReader {
  try {
    return TableReader.open(file, id, cache, { fileForGets })
  } catch (error) {
    file.close()
    throw error
  }
}
