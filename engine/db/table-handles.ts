/**
 * Owns the readers of the tables in use. A reader is made at the table's first read. Reads are
 * counted in the ledger by cause (get, scan, compaction) and level.
 *
 * A reader keeps index and filter in memory: about one index entry per block and the filter's bits
 * per key. At most `openTablesMax` readers are kept; `OpenFiles` bounds the file descriptors apart
 * from that. A reader that was given up is made again at the next read of its table, which reads
 * footer, index and filter again. Eviction is CLOCK over the count of reads that strategies see, so
 * a read costs nothing more.
 *
 * Invariants: giving up a reader closes no file, so a cursor or a lookup under way goes on with it
 * and frees its memory at its end. A table's file is closed when the table is removed.
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
  /**
   * `reads` when the hand last passed, or after the read that opened the table. A table with a
   * higher count was used since.
   */
  readsAtHand: number
}

/** What stays of a handle whose reader was given up. */
interface ClosedTable {
  readonly file: ReadableFile
  readonly reads: number
}

/** Options of `TableHandles`; they have the names and defaults of the engine options. */
export interface TableHandlesOptions {
  readonly openTablesMax?: number | undefined
  readonly cacheTableMemory?: boolean | undefined
}

/** `openTablesMax` where it is left out. */
export const OPEN_TABLES_DEFAULT = 16_384
/** Where indexes and filters count in the block cache, they take at most this share of it. */
const CACHE_SHARE = 1 / 2

/** Compactions read a table from front to back, so they read this many bytes at a time. */
const COMPACTION_READ_AHEAD_BYTES = 256 * 1024
/** Enough for a merge of a few runs. */
const idleReadAheads = new IdleBuffers(() => new ReadAhead(COMPACTION_READ_AHEAD_BYTES), 8)

export class TableHandles {
  readonly #files: OpenFiles
  readonly #folder: string
  readonly #cache: BlockCache
  readonly #openMax: number
  readonly #isCached: boolean
  /** Tables with a reader. The hand stands at the first, and what it passes goes to the end. */
  readonly #handles = new Map<TableId, TableHandle>()
  readonly #closed = new Map<TableId, ClosedTable>()
  #memoryBytes = 0
  /** Of the cursors of the present compaction. */
  readonly #readAheads: ReadAhead[] = []

  constructor(
    files: OpenFiles,
    folder: string,
    cache: BlockCache,
    options: TableHandlesOptions = {},
  ) {
    this.#files = files
    this.#folder = folder
    this.#cache = cache
    this.#openMax = options.openTablesMax ?? OPEN_TABLES_DEFAULT
    this.#isCached = options.cacheTableMemory ?? false
  }

  /** Number of tables whose index and filter are in memory. */
  get openTables(): number {
    return this.#handles.size
  }

  /** Bytes of the indexes and filters of these tables. */
  get memoryBytes(): number {
    return this.#memoryBytes
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
    return (this.#handles.get(id) ?? this.#closed.get(id))?.reads ?? 0
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
    if (handle !== undefined) {
      this.#handles.delete(id)
      handle.reader.close()
      this.#account(-handle.reader.pinnedBytes)
    }
    this.#closed.get(id)?.file.close()
    this.#closed.delete(id)
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
    for (const { file } of this.#closed.values()) file.close()
    this.#handles.clear()
    this.#closed.clear()
    this.#account(-this.#memoryBytes)
  }

  #open(table: TableMeta, level: number): TableHandle {
    const closed = this.#closed.get(table.id)
    const path = joinPath(this.#folder, tableName(table.id))
    const tag = { cause: 'open', level } as const
    const file = closed?.file.tagged(tag) ?? this.#files.open(path, tag)
    const fileForGets = file.tagged({ cause: 'get', level })
    const reader = this.#openReader(file, table.id, fileForGets, closed === undefined)
    const scanFile = file.tagged({ cause: 'scan', level })
    const reads = closed?.reads ?? 0
    const handle = { reader, scanFile, collectFile: null, reads, readsAtHand: reads + 1 }
    this.#makeRoom(reader.pinnedBytes)
    this.#closed.delete(table.id)
    this.#handles.set(table.id, handle)
    this.#account(reader.pinnedBytes)
    return handle
  }

  /** A reader, which then owns `file`. If that fails, closes a file that was opened for it. */
  #openReader(
    file: ReadableFile,
    id: TableId,
    fileForGets: ReadableFile,
    isNew: boolean,
  ): TableReader {
    try {
      return TableReader.open(file, id, this.#cache, { fileForGets })
    } catch (error) {
      if (isNew) file.close()
      throw error
    }
  }

  /** Gives up readers until another one with `bytes` of index and filter has room. */
  #makeRoom(bytes: number): void {
    const bytesMax = this.#isCached
      ? this.#cache.capacityBytes * CACHE_SHARE
      : Number.POSITIVE_INFINITY
    const isFull = () => this.#handles.size >= this.#openMax || this.#memoryBytes + bytes > bytesMax
    while (this.#handles.size > 0 && isFull()) this.#evictOne()
  }

  #evictOne(): void {
    for (const [id, handle] of this.#handles) {
      const { reader, reads, readsAtHand } = handle
      this.#handles.delete(id)
      if (reads <= readsAtHand) {
        this.#closed.set(id, { file: reader.file, reads })
        this.#account(-reader.pinnedBytes)
        return
      }
      handle.readsAtHand = reads
      this.#handles.set(id, handle)
    }
  }

  /** Notes that indexes and filters take `bytes` more. */
  #account(bytes: number): void {
    this.#memoryBytes += bytes
    if (this.#isCached) this.#cache.reserve(this.#memoryBytes)
  }
}
