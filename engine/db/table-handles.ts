/**
 * Owns the readers of the tables in use. A reader is made at the table's first read and kept until
 * the table is removed. Reads are counted in the ledger by cause (get, scan, compaction) and level.
 *
 * A reader keeps index and filter in memory: about one index entry per block and the filter's bits
 * per key. So memory grows with the tables of the version. `OpenFiles` bounds the file descriptors.
 */

import { IdleBuffers } from '../base/idle-buffers.ts'
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
  /** Counts as value-log collection; null until that looks up a key in the table. */
  collectFile: ReadableFile | null
  /** Number of gets and seeks that used the table since the database was opened. */
  reads: number
}

/** Compactions read a table from front to back, so they read this many bytes at a time. */
const COMPACTION_READ_AHEAD_BYTES = 256 * 1024
/** Enough for a merge of a few runs. */
const idleReadAheads = new IdleBuffers(() => new ReadAhead(COMPACTION_READ_AHEAD_BYTES), 8)

export class TableHandles {
  readonly #files: OpenFiles
  readonly #folder: string
  readonly #cache: BlockCache
  readonly #handles = new Map<TableId, TableHandle>()
  /** Of the cursors of the present compaction. */
  readonly #readAheads: ReadAhead[] = []

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

  /** As `TableHandle.reads`; 0 for a table that was not read yet. */
  reads(id: TableId): number {
    return this.#handles.get(id)?.reads ?? 0
  }

  scanCursor(table: TableMeta, level: number, counters: ReadCounters): InternalCursor {
    const handle = this.get(table, level)
    handle.reads++
    return handle.reader.cursor({ file: handle.scanFile, counters, fillCache: true })
  }

  /**
   * Opens the tables of a run of `level` for a compaction, one after the other. They share a buffer
   * until `endCompaction`, and leave the block cache unchanged.
   */
  compactionOpener(level: number, counters: ReadCounters): (table: TableMeta) => InternalCursor {
    const readAhead = idleReadAheads.take()
    this.#readAheads.push(readAhead)
    return (table) => {
      const { reader, scanFile } = this.get(table, level)
      const file = scanFile.tagged({ cause: 'compaction', level })
      return reader.cursor({ file, counters, fillCache: false, readAhead })
    }
  }

  /** Gives the buffers of compactions back: nothing uses their cursors any more. */
  endCompaction(): void {
    for (const readAhead of this.#readAheads.splice(0)) {
      readAhead.reader = null
      idleReadAheads.give(readAhead)
    }
  }

  /** Closes the table and removes its blocks from the cache. */
  drop(id: TableId): void {
    const handle = this.#handles.get(id)
    this.#handles.delete(id)
    handle?.reader.close()
    this.#cache.evictTable(id)
  }

  /** Counts reads of the table for `level` from now on. */
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

/** Opens a reader, which then owns `file`. Closes `file` if that fails. */
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
