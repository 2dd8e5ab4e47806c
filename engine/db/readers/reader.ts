/**
 * Owns the public face of a reader: it reads an open database in another thread, on the database's
 * memtables and tables, with open files, a block cache and counters of its own. The ledger is
 * shared.
 *
 * Invariant: a read sees all writes that were acknowledged before it began.
 */

import { bytesIn, checkOptions } from '../../base/arguments.ts'
import { invalidArgument } from '../../base/errors.ts'
import { ENTRY_KIND, type SeqNum } from '../../base/internal-key.ts'
import type { Lookup } from '../../base/lookup.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { storageOver } from '../../storage/encryption/shared-storage.ts'
import { OpenFiles, openedBy } from '../../storage/open-files.ts'
import { SegmentHandles } from '../../vlog/segment-handles.ts'
import {
  type AsyncScanOptions,
  checkAsyncScan,
  checkCursor,
  checkReadOptions,
  checkScan,
  copiesOfKeys,
  halfOpen,
  type KeyBounds,
  type ReadOptions,
  type ScanOptions,
} from '../call-options.ts'
import { Cursor, PairIterator } from '../cursor.ts'
import { foundValue, getMany } from '../get-many.ts'
import type { DatabaseMetrics } from '../metrics.ts'
import type { ReadView } from '../read-view.ts'
import { Reads } from '../reads.ts'
import { type Snapshot, SnapshotList } from '../snapshots.ts'
import { TableHandles } from '../table-handles.ts'
import { scanAhead } from '../values/async-scan.ts'
import { segmentPath } from '../values/relocation.ts'
import { ValueReader } from '../values/value-reader.ts'
import { CHANNEL, type ReaderChannel } from './reader-channel.ts'
import { ReaderViews } from './reader-views.ts'

/** Counters of a reader since it was opened. */
export type ReaderMetrics = Pick<
  DatabaseMetrics,
  | 'gets'
  | 'scans'
  | 'cacheHits'
  | 'cacheMisses'
  | 'cacheUsedBytes'
  | 'openTables'
  | 'tableMemoryBytes'
>

/** The moment that a read sees. */
interface Moment {
  readonly view: ReadView
  readonly seq: SeqNum
}

/** Fields of a channel that are undefined where the engine option is left out. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'maxOpenFiles',
  'openTablesMax',
  'cacheTableMemory',
  'cachePolicy',
  'directReads',
])

/**
 * Opens a reader in this thread. `channel` is what `Database.readerChannel` returned, and serves
 * one reader. Errors: `LSM_INVALID_ARGUMENT` for another object, `LSM_CLOSED` if the database is
 * closed.
 */
export function openReader(channel: ReaderChannel): DatabaseReader {
  const given = checkOptions(channel, CHANNEL, 'openReader')
  const missing = CHANNEL.find((name) => !OPTIONAL.has(name) && given[name] === undefined)
  if (missing === undefined) return new DatabaseReader(given)
  throw invalidArgument(
    `openReader takes what Database.readerChannel returned; this has no ${missing}`,
  )
}

/**
 * Reads of a database that is open in another thread. A thread that neither reads nor returns to
 * its event loop keeps the files and memtables of its last view.
 */
export class DatabaseReader implements Disposable {
  readonly #views: ReaderViews
  readonly #cache: BlockCache
  readonly #handles: TableHandles
  readonly #values: ValueReader
  readonly #reads: Reads
  readonly #counters = { gets: new ReadCounters(), scans: new ReadCounters() }
  readonly #cursors = new Set<Cursor>()
  readonly #snapshots = new SnapshotList()
  readonly #moments = new WeakMap<Snapshot, Moment>()

  /** Call `openReader`. */
  constructor(channel: ReaderChannel) {
    const { storage: shared, folder, maxOpenFiles, blockCacheBytes } = channel
    const storage = openedBy(storageOver(shared), channel.directReads)
    const files = new OpenFiles(
      {
        openFilesMax: storage.openFilesMax,
        open: (path, tag) => this.#whileOpen(() => storage.open(path, tag)),
      },
      maxOpenFiles,
    )
    const { gets, scans } = this.#counters
    const cache = new BlockCache(blockCacheBytes, channel.cachePolicy)
    const handles = new TableHandles(files, folder, cache, channel)
    const segments = new SegmentHandles(files, (id) => segmentPath(folder, id), cache)
    this.#cache = cache
    this.#handles = handles
    this.#values = new ValueReader(segments, gets, scans)
    this.#reads = new Reads(handles, this.#counters)
    this.#views = new ReaderViews(channel, {
      relevel: (table, level) => handles.relevel(table, level),
      dropTable: (table) => handles.drop(table),
      dropSegment: (segment) => segments.drop(segment),
      resizeCache: (bytes) => cache.resize(bytes),
      close: () => {
        for (const cursor of this.#cursors) cursor.close()
        handles.close()
        segments.close()
        cache.resize(0)
      },
    })
    this.#views.now()
  }

  /** As `Database.get`. */
  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined {
    const found = this.#find(key, options, 'get')
    if (found === null) return undefined
    if (found.kind === ENTRY_KIND.blobIndex) return this.#values.resolve(key, found)
    return foundValue(found)
  }

  /** As `Database.getMany`. */
  async getMany(
    keys: readonly Uint8Array[],
    options?: ReadOptions,
  ): Promise<(Uint8Array | undefined)[]> {
    const copies = copiesOfKeys(keys)
    if (options !== undefined) checkReadOptions(options, 'getMany')
    const { view, seq } = this.#momentOf(options?.snapshot)
    const parts = {
      handles: this.#handles,
      values: this.#values,
      counters: this.#counters.gets,
      assertOpen: () => this.#views.assertOpen(),
    }
    const release = this.#views.hold(view, seq)
    try {
      return await getMany(parts, view, copies, seq)
    } finally {
      release()
    }
  }

  /** As `Database.has`. */
  has(key: Uint8Array, options?: ReadOptions): boolean {
    return this.#find(key, options, 'has') !== null
  }

  /** As `Database.scan`. */
  scan(options: ScanOptions = {}): IterableIterator<[Uint8Array, Uint8Array]> & Disposable {
    const asked = checkScan(options)
    return new PairIterator(this.#cursor(asked, asked, this.#values), asked)
  }

  /** As `Database.scanAsync`. */
  scanAsync(options: AsyncScanOptions = {}): AsyncGenerator<[Uint8Array, Uint8Array]> {
    const asked = checkAsyncScan(options)
    return scanAhead(this.#cursor(asked, asked, null), this.#values, asked)
  }

  /**
   * As `Database.cursor`. It keeps the files of its view, so close it. After the database was
   * closed it may go on for a while, but it opens no file.
   */
  cursor(bounds?: KeyBounds, options?: ReadOptions): Cursor {
    checkCursor(bounds, options)
    return this.#cursor(bounds ?? {}, options ?? {}, this.#values)
  }

  /**
   * The newest moment, to read at later with this reader. Until it is released it keeps the files
   * and memtables of its view.
   */
  snapshot(): Snapshot {
    const seq = this.#views.now()
    const { view } = this.#views
    const snapshot = this.#snapshots.take(seq, this.#views.hold(view, seq))
    this.#moments.set(snapshot, { view, seq })
    return snapshot
  }

  /** The newest sequence number that a read sees now. `LSM_CLOSED` after a close. */
  get lastSeq(): SeqNum {
    return this.#views.now()
  }

  /** A copy of the counters. */
  metrics(): ReaderMetrics {
    const { gets, scans } = this.#counters
    const { hits, misses, usedBytes } = this.#cache
    return {
      gets: gets.copy(),
      scans: scans.copy(),
      cacheHits: hits,
      cacheMisses: misses,
      cacheUsedBytes: usedBytes,
      openTables: this.#handles.openTables,
      tableMemoryBytes: this.#handles.memoryBytes,
    }
  }

  /** Closes every cursor and file, and lets go of all views. Idempotent. */
  close(): void {
    this.#views.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #cursor(bounds: KeyBounds, { snapshot }: ReadOptions, values: ValueReader | null): Cursor {
    // Bad arguments are found before anything is held.
    const range = halfOpen(bounds)
    const { view, seq } = this.#momentOf(snapshot)
    const release = this.#views.hold(view, seq)
    const cursor = new Cursor(this.#reads.cursor(view, seq), seq, range, values, () => {
      this.#cursors.delete(cursor)
      release()
    })
    this.#cursors.add(cursor)
    return cursor
  }

  /** The newest visible value, or null; borrowed until the next read. */
  #find(key: Uint8Array, options: ReadOptions | undefined, call: string): Lookup | null {
    bytesIn(key, 'key')
    if (options !== undefined) checkReadOptions(options, call)
    const snapshot = options?.snapshot
    let seq: SeqNum
    let view: ReadView
    if (snapshot === undefined) {
      seq = this.#views.now()
      view = this.#views.view
    } else ({ seq, view } = this.#momentOf(snapshot))
    const found = this.#reads.find(view.memtables, view.version, key, seq)
    return found === null || found.kind === ENTRY_KIND.deletion ? null : found
  }

  #momentOf(snapshot: Snapshot | undefined): Moment {
    if (snapshot === undefined) {
      const seq = this.#views.now()
      return { view: this.#views.view, seq }
    }
    this.#views.assertOpen()
    this.#snapshots.seqOf(snapshot)
    return this.#moments.get(snapshot)!
  }

  /** After the database was closed, files may be gone: the reader is closed then, not damaged. */
  #whileOpen<Result>(open: () => Result): Result {
    this.#views.assertOpen()
    try {
      return open()
    } catch (error) {
      this.#views.assertOpen()
      throw error
    }
  }
}
