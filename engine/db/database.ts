/**
 * Owns an open database: the one object through which a folder is read and written. It assembles the
 * rooms (log, memtable, tree, cache) and keeps their order; what each does is theirs.
 *
 * Scheduling is inline: a write that fills the memtable flushes it and compacts to rest before it
 * returns. Equal operations on equal seeds therefore give equal files. A write that was acknowledged
 * is committed even when the flush or compaction it set off failed; that failure makes the database
 * read-only, and the next write throws it.
 */

import { type Clock, systemClock } from '../base/clock.ts'
import { invalidArgument, LsmError } from '../base/errors.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { Json } from '../base/json.ts'
import type { Lookup } from '../base/lookup.ts'
import { BlockCache } from '../cache/block-cache.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import { Manifest } from '../manifest/manifest.ts'
import { recoverManifest } from '../manifest/recover.ts'
import type { FolderLock, Storage } from '../storage/storage.ts'
import type { Version } from '../version/version.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { Commits } from './commits.ts'
import {
  Cursor,
  halfOpen,
  type KeyBounds,
  PairIterator,
  type ReadOptions,
  type ScanOptions,
} from './cursor.ts'
import type { DatabaseEvent } from './events.ts'
import { FileNumbers } from './file-numbers.ts'
import { DatabaseCounters, type DatabaseMetrics } from './metrics.ts'
import { type EngineOptions, type EngineOptionsInput, parseEngineOptions } from './options.ts'
import { describeStrategy, readOptionsRecord, writeOptionsRecord } from './options-record.ts'
import type { ReadView } from './read-view.ts'
import { Reads } from './reads.ts'
import { checkTables, freshState, removeOrphans } from './recovery.ts'
import { type Snapshot, SnapshotList } from './snapshots.ts'
import { Tree } from './tree.ts'
import { WriteHead } from './write-head.ts'

export interface OpenOptions {
  readonly storage: Storage
  /** Created when missing. */
  readonly folder: string
  readonly strategy: CompactionStrategy
  /** The strategy's parameters, for the folder's record only. */
  readonly strategyParameters?: Json
  readonly options?: EngineOptionsInput
  readonly clock?: Clock
  /** Root seed of everything random inside the engine (memtable node heights). */
  readonly seed?: number
  /** Called in the midst of flushes and compactions: it may read and call `write`, nothing else. */
  readonly onEvent?: (event: DatabaseEvent) => void
}

export interface WriteOptions {
  /** Acknowledge only when the write survives a power loss. Default: handed to the system. */
  readonly sync?: boolean
}

export class Database implements Disposable {
  readonly options: EngineOptions
  readonly folder: string
  readonly #strategy: CompactionStrategy
  readonly #clock: Clock
  readonly #lock: FolderLock
  readonly #manifest: Manifest
  readonly #cache: BlockCache
  readonly #tree: Tree
  readonly #reads: Reads
  readonly #commits: Commits
  readonly #head: WriteHead
  readonly #snapshots = new SnapshotList()
  readonly #cursors = new Set<Cursor>()
  readonly #counters = new DatabaseCounters()
  #failure: { readonly cause: unknown } | null = null
  #atRest = true
  #closed = false

  /**
   * Opens `folder`, recovering what a crash left. Errors: `LSM_LOCKED` when another holds it,
   * `LSM_CORRUPTION`, `LSM_IO`, `LSM_INVALID_ARGUMENT` for bad options.
   */
  static open(open: OpenOptions): Database {
    const options = parseEngineOptions(open.options ?? {})
    open.storage.makeFolder(open.folder)
    const lock = open.storage.lock(open.folder)
    const opened: (() => void)[] = [() => lock.release()]
    try {
      return new Database(open, options, lock, opened)
    } catch (error) {
      for (const close of opened.reverse()) {
        try {
          close()
        } catch {
          // The error that made the open fail is the one to tell.
        }
      }
      throw error
    }
  }

  /** What must be closed should it throw goes into `opened`, in the order it was opened. */
  private constructor(
    open: OpenOptions,
    options: EngineOptions,
    lock: FolderLock,
    opened: (() => void)[],
  ) {
    const { storage, folder, strategy, clock = systemClock, seed = 0, onEvent = () => {} } = open
    this.options = options
    this.folder = folder
    this.#strategy = strategy
    this.#clock = clock
    this.#lock = lock
    this.#cache = new BlockCache(options.blockCacheBytes)
    const state = recoverManifest(storage, folder) ?? freshState(storage, folder)
    checkTables(storage, folder, state.version)
    removeOrphans(storage, folder, state.version, state.logNumber)
    const numbers = new FileNumbers(state.nextFileNumber)
    const allocate = () => numbers.allocate()
    const { manifestRollBytes: rollBytes } = options
    this.#manifest = Manifest.create(storage, folder, state, { allocate, rollBytes })
    opened.push(() => this.#manifest.close())
    this.#tree = new Tree({
      storage,
      folder,
      manifest: this.#manifest,
      numbers,
      version: state.version,
      nextRunId: state.nextRunId,
      strategy,
      strategyState:
        state.strategy?.name === strategy.name ? state.strategy.state : strategy.initialState,
      options,
      clock,
      cache: this.#cache,
      snapshots: this.#snapshots,
      counters: this.#counters,
      onEvent,
    })
    this.#reads = new Reads(this.#tree.handles, this.#counters)
    this.#recordOptions(open, onEvent)
    this.#head = new WriteHead({
      ...{ storage, folder, numbers, options, clock, seed },
      manifest: this.#manifest,
      tree: this.#tree,
    })
    opened.push(() => this.#head.close())
    this.#commits = new Commits(this.#head, {
      assertWritable: () => this.#assertWritable(),
      committed: (batches, deletes) => this.#committed(batches, deletes),
      failed: (cause) => this.#fail(cause),
    })
    const report = this.#head.replay()
    if (report !== null) onEvent({ kind: 'recovery', atMs: clock.nowMs(), ...report })
  }

  /** The newest value of `key`, or undefined. A value from a table is a view of a cached block:
   * valid for ever, but it keeps that block in memory; copy what is kept for long. */
  get(key: Uint8Array, options: ReadOptions = {}): Uint8Array | undefined {
    const found = this.#find(key, options)
    if (found === null) return undefined
    const { valueBytes, valueStart, valueLength } = found
    const view = valueBytes.subarray(valueStart, valueStart + valueLength)
    return view.buffer instanceof SharedArrayBuffer ? Uint8Array.from(view) : view
  }

  has(key: Uint8Array, options: ReadOptions = {}): boolean {
    return this.#find(key, options) !== null
  }

  /** Entries between the bounds as owned [key, value] pairs, at one moment: that of the call. */
  scan(options: ScanOptions = {}): IterableIterator<[Uint8Array, Uint8Array]> & Disposable {
    return new PairIterator(this.cursor(options, options), options)
  }

  /** The allocation-free form of `scan`; close it. Starts nowhere: seek first. */
  cursor(bounds: KeyBounds = {}, { snapshot }: ReadOptions = {}): Cursor {
    this.#assertOpen()
    // What may be wrong with the arguments is found before anything is pinned.
    const range = halfOpen(bounds)
    const seq = snapshot?.seq ?? this.#head.lastSeq
    const view = this.#view()
    const unpin = this.#tree.pins.pin(view)
    const cursor = new Cursor(this.#reads.cursor(view), seq, range, () => {
      this.#cursors.delete(cursor)
      unpin()
    })
    this.#cursors.add(cursor)
    return cursor
  }

  /** A moment to read at later. */
  snapshot(): Snapshot {
    this.#assertOpen()
    return this.#snapshots.take(this.#head.lastSeq)
  }

  /** Writes a batch as a whole; resolves as `options.sync` asks. `batch` must not change before. */
  write(batch: WriteBatch, { sync = false }: WriteOptions = {}): Promise<void> {
    return this.#commits.commit(batch, sync)
  }

  async put(key: Uint8Array, value: Uint8Array, options: WriteOptions = {}): Promise<void> {
    const batch = new WriteBatch()
    batch.put(key, value)
    return this.write(batch, options)
  }

  async delete(key: Uint8Array, options: WriteOptions = {}): Promise<void> {
    const batch = new WriteBatch()
    batch.delete(key)
    return this.write(batch, options)
  }

  /** The blocking form of `write`; the batch may be reused after it. */
  writeSync(batch: WriteBatch, { sync = false }: WriteOptions = {}): void {
    this.#assertAtRest()
    this.#commits.commitNow(batch, sync)
  }

  /** Makes the memtable a table, then compacts to rest. What fails is thrown as it is. */
  flush(): void {
    this.#assertAtRest()
    this.#commits.settle()
    this.#assertWritable()
    this.#attempt(() => {
      if (!this.#head.memtable.isEmpty) this.#head.rotate()
      this.#tree.compactUntilRest(this.#head.lastSeq)
    })
    if (this.#failure !== null) throw this.#failure.cause
  }

  /** The tree's shape now: immutable data. */
  get version(): Version {
    return this.#tree.version
  }

  /** The newest committed sequence number. */
  get lastSeq(): number {
    return this.#head.lastSeq
  }

  metrics(): DatabaseMetrics {
    const { gets, scans, rawBytesMergedByLevel, ...counters } = this.#counters
    return {
      ...counters,
      rawBytesMergedByLevel: [...rawBytesMergedByLevel],
      gets: gets.copy(),
      scans: scans.copy(),
      cacheHits: this.#cache.hits,
      cacheMisses: this.#cache.misses,
      cacheUsedBytes: this.#cache.usedBytes,
      memtableRawBytes: this.#head.memtable.rawBytes,
      debtBytes: this.#strategy.debtBytes(this.#tree.view(this.#head.lastSeq)),
      tableBytes: this.#tree.version.totals.bytes,
    }
  }

  /** Counters of point lookups, live: read, difference, do not change. */
  get getCounters() {
    return this.#counters.gets
  }

  /** Counters of cursors and scans, live. */
  get scanCounters() {
    return this.#counters.scans
  }

  /**
   * Finishes writes under way, syncs the log, closes every cursor and file, gives up the lock.
   * Idempotent. The first error is thrown once all is closed; after a failure told before, none.
   */
  close(): void {
    if (this.#closed) return
    this.#assertAtRest()
    let failure: { readonly cause: unknown } | null = null
    const steps = [
      () => this.#commits.settle(),
      () => this.#failure === null && this.#head.log.sync(),
      () => this.#head.close(),
      ...Array.from(this.#cursors, (cursor) => () => cursor.close()),
      () => this.#tree.close(),
      () => this.#manifest.close(),
      () => this.#lock.release(),
    ]
    for (const step of steps) {
      try {
        step()
      } catch (cause) {
        failure ??= { cause }
      }
      this.#closed = true
    }
    if (failure !== null && this.#failure === null) throw failure.cause
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The newest value visible, or null; borrowed until the next read. */
  #find(key: Uint8Array, { snapshot }: ReadOptions): Lookup | null {
    this.#assertOpen()
    const { memtable, lastSeq } = this.#head
    const found = this.#reads.find(memtable, this.#tree.version, key, snapshot?.seq ?? lastSeq)
    return found === null || found.kind === ENTRY_KIND.deletion ? null : found
  }

  #view(): ReadView {
    const { version, generation } = this.#tree
    return { version, memtable: this.#head.memtable, generation }
  }

  #committed(batches: readonly WriteBatch[], deletes: number): void {
    const counters = this.#counters
    for (const batch of batches) {
      counters.userBytes += batch.rawBytes
      counters.puts += batch.count
    }
    counters.puts -= deletes
    counters.deletes += deletes
    if (this.#head.memtable.rawBytes < this.options.memtableBytes) return
    this.#attempt(() => {
      this.#head.rotate()
      this.#tree.compactUntilRest(this.#head.lastSeq)
    })
  }

  #recordOptions(open: OpenOptions, onEvent: (event: DatabaseEvent) => void): void {
    const { storage, folder, strategy, strategyParameters = null, seed = 0 } = open
    const known = readOptionsRecord(storage, folder)
    const now = { name: strategy.name, parameters: strategyParameters as never }
    const [from, to] = [known?.strategy ?? now, now].map(({ name, parameters }) =>
      describeStrategy(name, parameters),
    ) as [string, string]
    if (from !== to) onEvent({ kind: 'strategy-change', atMs: this.#clock.nowMs(), from, to })
    const record = { format: 1 as const, strategy: now, engine: this.options, seed }
    writeOptionsRecord(storage, folder, record, known)
  }

  /** Runs maintenance; a failure is kept for the next write, as what set it off is committed. */
  #attempt(work: () => void): void {
    this.#atRest = false
    try {
      work()
    } catch (cause) {
      this.#fail(cause)
    } finally {
      this.#atRest = true
    }
  }

  /** An event's listener or a strategy would write into a memtable that is being flushed. */
  #assertAtRest(): void {
    if (this.#atRest) return
    throw invalidArgument('a flush or compaction is under way: it may be watched, not interrupted')
  }

  #fail(cause: unknown): unknown {
    this.#failure ??= { cause }
    return cause
  }

  #assertWritable(): void {
    this.#assertOpen()
    if (this.#failure === null) return
    const { cause } = this.#failure
    if (cause instanceof LsmError && cause.code === 'LSM_UNSAFE_COMPACTION') throw cause
    throw new LsmError(
      'LSM_READ_ONLY',
      `${this.folder} is read-only until reopened: ${cause instanceof Error ? cause.message : cause}`,
      { cause, data: { folder: this.folder } },
    )
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new LsmError('LSM_CLOSED', `${this.folder} is closed`, {
        data: { folder: this.folder },
      })
    }
  }
}
