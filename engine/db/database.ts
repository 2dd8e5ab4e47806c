/**
 * Owns an open database: the one object through which a folder is read and written. It assembles the
 * rooms (log, memtable, tree, value log, cache) and keeps their order; what each does is theirs.
 *
 * Scheduling is inline: a write that fills the memtable flushes it, compacts to rest, and collects what
 * of the value log is due, before it returns. Equal operations on equal seeds therefore give equal files. A write that was acknowledged
 * is committed even when the flush or compaction it set off failed; that failure makes the database
 * read-only, and the next write throws it.
 */

import { bytesIn } from '../base/arguments.ts'
import { ENTRY_KIND, type SeqNum } from '../base/internal-key.ts'
import type { Lookup } from '../base/lookup.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { guardStrategy } from '../compaction/guarded-strategy.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import { Manifest } from '../manifest/manifest.ts'
import { recoverManifest } from '../manifest/recover.ts'
import { OpenFiles } from '../storage/open-files.ts'
import type { FolderLock } from '../storage/storage.ts'
import type { Version } from '../version/version.ts'
import { SegmentBook } from '../vlog/segment-book.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import {
  type AsyncScanOptions,
  checkAsyncScan,
  checkCursor,
  checkReadOptions,
  checkScan,
  halfOpen,
  type KeyBounds,
  type ReadOptions,
  type ScanOptions,
  type WriteOptions,
  wantsSync,
} from './call-options.ts'
import { Commits } from './commits.ts'
import { Cursor, PairIterator } from './cursor.ts'
import { FileNumbers } from './file-numbers.ts'
import { Health, harmless } from './health.ts'
import { DatabaseCounters, type DatabaseMetrics } from './metrics.ts'
import { type OpenOptions, type OpenSettings, openSettings } from './open-options.ts'
import type { EngineOptions } from './options.ts'
import { readOptionsRecord, recordOptions } from './options-record.ts'
import type { ReadView } from './read-view.ts'
import { Reads } from './reads.ts'
import { checkTables, clearOrphans, freshState, planRecovery } from './recovery.ts'
import { type Snapshot, SnapshotList } from './snapshots.ts'
import { Tree } from './tree.ts'
import { scanAhead } from './values/async-scan.ts'
import { Collector } from './values/collector.ts'
import { checkSegments, shrinkSpent } from './values/segment-recovery.ts'
import { ValueLog } from './values/value-log.ts'
import { WriteHead } from './write-head.ts'

export class Database implements Disposable {
  readonly options: EngineOptions
  /** As the storage resolved it: it stays true when the process changes its working folder. */
  readonly folder: string
  readonly #strategy: CompactionStrategy
  readonly #lock: FolderLock
  readonly #manifest: Manifest
  readonly #cache: BlockCache
  readonly #tree: Tree
  readonly #reads: Reads
  readonly #commits: Commits
  readonly #head: WriteHead
  readonly #snapshots = new SnapshotList(() => this.#tree.pins.sweep())
  readonly #cursors = new Set<Cursor>()
  readonly #counters = new DatabaseCounters()
  readonly #health: Health
  readonly #values: ValueLog
  readonly #collector: Collector
  #rolledBefore = 0

  /**
   * Opens `folder` under `strategy`; every other option has a default. Recovers what a crash left.
   * Errors: `LSM_LOCKED` when another holds the folder, `LSM_CORRUPTION`, `LSM_IO`,
   * `LSM_INVALID_ARGUMENT` for bad options.
   */
  static open(open: OpenOptions): Database {
    const settings = openSettings(open)
    const { storage } = settings
    const folder = storage.resolve(settings.folder)
    storage.makeFolder(folder)
    const lock = storage.lock(folder)
    const opened: (() => void)[] = [() => lock.release()]
    try {
      return new Database({ ...settings, folder }, lock, opened)
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
  private constructor(open: OpenSettings, lock: FolderLock, opened: (() => void)[]) {
    const { storage, folder, options, clock, seed, valueLogPolicy: policy } = open
    const strategy = guardStrategy(open.strategy)
    const onEvent = harmless(open.onEvent)
    this.options = options
    this.folder = folder
    this.#strategy = strategy
    this.#lock = lock
    this.#health = new Health(folder)
    this.#cache = new BlockCache(options.blockCacheBytes)
    const state = recoverManifest(storage, folder) ?? freshState(storage, folder)
    checkTables(storage, folder, state.version)
    checkSegments(storage, folder, state.segments)
    const knownOptions = readOptionsRecord(storage, folder)
    const recovery = planRecovery(storage, folder, state, options.walRecovery)
    clearOrphans(storage, folder, recovery)
    const numbers = new FileNumbers(state.nextFileNumber)
    const allocate = () => numbers.allocate()
    const { manifestRollBytes: rollBytes } = options
    const loggedSeq = recovery.replay.missedSeq ?? undefined
    this.#manifest = Manifest.create(storage, folder, state, { allocate, rollBytes, loggedSeq })
    opened.push(() => this.#manifest.close())
    shrinkSpent(storage, folder, state.segments, allocate)
    const files = new OpenFiles(storage, options.maxOpenFiles)
    const parts = { storage, files, folder, numbers, manifest: this.#manifest, cache: this.#cache }
    const counters = this.#counters
    const book = new SegmentBook()
    const { valueLog } = options
    const lastSeq = () => this.#head.lastSeq
    this.#values = new ValueLog({ ...parts, options: valueLog, policy, book, counters, lastSeq })
    this.#tree = new Tree({
      ...parts,
      version: state.version,
      strategy,
      strategyState:
        state.strategy?.name === strategy.name ? state.strategy.state : strategy.initialState,
      options,
      clock,
      snapshots: this.#snapshots,
      counters,
      onEvent,
      book,
      values: this.#values,
    })
    this.#reads = new Reads(this.#tree.handles, counters)
    const parameters = open.strategyParameters as never
    const record = { name: strategy.name, parameters }
    recordOptions(
      storage,
      folder,
      { format: 1, strategy: record, engine: options, seed },
      knownOptions,
      (from, to) => onEvent({ kind: 'strategy-change', atMs: clock.nowMs(), from, to }),
    )
    const [tree, values] = [this.#tree, this.#values]
    this.#head = new WriteHead({ ...parts, options, clock, seed, tree, values })
    opened.push(() => this.#head.close())
    const head = this.#head
    this.#commits = new Commits(head, {
      assertWritable: () => this.#health.assertWritable(),
      committed: (batches, deletes) => this.#committed(batches, deletes),
      failed: (cause, isTold) => this.#health.fail(cause, isTold),
    })
    const collects = { gets: values.collectAccount.counters, scans: values.collectAccount.counters }
    this.#collector = new Collector({
      head,
      tree,
      values,
      numbers,
      counters,
      onEvent,
      reads: new Reads(tree.handles, collects, true),
      gcRate: valueLog.gcRate,
      segmentBytes: valueLog.segmentBytes,
      makeRoom: () => this.#makeRoom(),
    })
    const { report } = recovery
    const isWorthTelling = report.logs > 0 || report.damage !== null
    // Told before the folder changes for good: an open that fails later may not find it again.
    if (isWorthTelling) onEvent({ kind: 'recovery', atMs: clock.nowMs(), ...report })
    this.#head.replay(recovery)
  }

  /** The newest value of `key`, or undefined. A value from a table is a view of a cached block:
   * valid for ever, but it keeps that block in memory; copy what is kept for long. One from the value
   * log may lie in the cache too: do not change it. */
  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined {
    const found = this.#find(key, options, 'get')
    if (found === null) return undefined
    if (found.kind === ENTRY_KIND.blobIndex) return this.#values.resolve(key, found)
    const { valueBytes, valueStart, valueLength } = found
    const view = valueBytes.subarray(valueStart, valueStart + valueLength)
    return view.buffer instanceof SharedArrayBuffer ? Uint8Array.from(view) : view
  }

  has(key: Uint8Array, options?: ReadOptions): boolean {
    return this.#find(key, options, 'has') !== null
  }

  /** Entries between the bounds as owned [key, value] pairs, at one moment: that of the call. */
  scan(options: ScanOptions = {}): IterableIterator<[Uint8Array, Uint8Array]> & Disposable {
    const asked = checkScan(options)
    return new PairIterator(this.#cursor(asked, asked, this.#values), asked)
  }

  /**
   * As `scan`, with the values that lie in the value log read ahead of the consumer, many at once. The
   * moment is that of the call. End it (`return`, or leaving a `for await`): it keeps its tables.
   */
  scanAsync(options: AsyncScanOptions = {}): AsyncGenerator<[Uint8Array, Uint8Array]> {
    const asked = checkAsyncScan(options)
    return scanAhead(this.#cursor(asked, asked, null), this.#values, asked)
  }

  /** The allocation-free form of `scan`; close it. Starts nowhere: seek first. */
  cursor(bounds?: KeyBounds, options?: ReadOptions): Cursor {
    checkCursor(bounds, options)
    return this.#cursor(bounds ?? {}, options ?? {}, this.#values)
  }

  #cursor(bounds: KeyBounds, { snapshot }: ReadOptions, values: ValueLog | null): Cursor {
    this.#health.assertOpen()
    // What may be wrong with the arguments is found before anything is pinned.
    const range = halfOpen(bounds)
    const seq = this.#seqAt(snapshot)
    const view = this.#view()
    const unpin = this.#tree.pins.pin(view, seq)
    const cursor = new Cursor(this.#reads.cursor(view), seq, range, values, () => {
      this.#cursors.delete(cursor)
      unpin()
    })
    this.#cursors.add(cursor)
    return cursor
  }

  /** A moment to read at later. */
  snapshot(): Snapshot {
    this.#health.assertOpen()
    return this.#snapshots.take(this.#head.lastSeq)
  }

  /**
   * Writes a batch as a whole; resolves as `options.sync` asks. Until then the batch refuses to
   * change and to be written again; then it may be reused.
   */
  write(batch: WriteBatch, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      WriteBatch.check(batch)
      this.#commits.commit(batch, wantsSync(options, 'write'), resolve, reject)
    })
  }

  put(key: Uint8Array, value: Uint8Array, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const batch = new WriteBatch()
      batch.put(key, value)
      this.#commits.commit(batch, wantsSync(options, 'put'), resolve, reject)
    })
  }

  delete(key: Uint8Array, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const batch = new WriteBatch()
      batch.delete(key)
      this.#commits.commit(batch, wantsSync(options, 'delete'), resolve, reject)
    })
  }

  /** The blocking form of `write`; the batch may be reused after it. */
  writeSync(batch: WriteBatch, options?: WriteOptions): void {
    WriteBatch.check(batch)
    const sync = wantsSync(options, 'writeSync')
    this.#health.assertAtRest()
    this.#commits.commitNow(batch, sync)
  }

  /**
   * Makes the memtable a table, compacts to rest, and collects the value log until its policy has
   * enough. What fails is thrown as it is.
   */
  flush(): void {
    this.#maintain(() => {
      this.#settleTree()
      // What collection moved is in the memtable, and its flush may be what a compaction waits for.
      if (this.#collector.settle() > 0) this.#settleTree()
    })
  }

  /** Collects the value log until its policy has enough; returns how many segments were collected. */
  collectValueLog(): number {
    let collected = 0
    this.#maintain(() => {
      collected = this.#collector.settle()
    })
    return collected
  }

  #maintain(work: () => void): void {
    this.#health.assertAtRest()
    this.#commits.settle()
    this.#health.assertWritable()
    this.#health.attempt(work)
    this.#health.throwFailure()
  }

  #settleTree(): void {
    if (!this.#head.memtable.isEmpty) this.#head.rotate()
    this.#tree.compactUntilRest(this.#head.lastSeq)
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
    const { gets, scans, rawBytesMergedByLevel, collection: _, ...counters } = this.#counters
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
      valueLog: this.#values.metrics(),
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
   * Finishes writes under way, syncs the log (or, where it points into the value log, flushes, so that
   * RocksDB finds its blob files whole), closes every cursor and file, gives up the lock.
   * Idempotent. The first error is thrown once all is closed; after a failure told before, none.
   */
  close(): void {
    if (this.#health.isClosed) return
    this.#health.assertAtRest()
    let failure: { readonly cause: unknown } | null = null
    const wasWhole = () => failure === null && !this.#health.hasFailed
    const steps = [
      () => this.#commits.settle(),
      () => !this.#health.hasFailed && this.#head.finish(),
      () => this.#head.close(),
      ...Array.from(this.#cursors, (cursor) => () => cursor.close()),
      () => this.#tree.close(),
      () => this.#manifest.close(wasWhole() ? this.#head.lastSeq : undefined),
      () => this.#lock.release(),
    ]
    for (const step of steps) {
      try {
        step()
      } catch (cause) {
        failure ??= { cause }
      }
      this.#health.close()
    }
    this.#health.throwUntold()
    if (failure !== null && !this.#health.hasFailed) throw failure.cause
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The newest value visible, or null; borrowed until the next read. */
  #find(key: Uint8Array, options: ReadOptions | undefined, call: string): Lookup | null {
    this.#health.assertOpen()
    bytesIn(key, 'key')
    if (options !== undefined) checkReadOptions(options, call)
    const seq = this.#seqAt(options?.snapshot)
    const found = this.#reads.find(this.#head.memtable, this.#tree.version, key, seq)
    return found === null || found.kind === ENTRY_KIND.deletion ? null : found
  }

  /** The sequence number to read at: that of a snapshot of this database, or the newest. */
  #seqAt(snapshot: Snapshot | undefined): SeqNum {
    return snapshot === undefined ? this.#head.lastSeq : this.#snapshots.seqOf(snapshot)
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
    const { rolled } = this.#values
    const isFull = this.#head.memtable.rawBytes >= this.options.memtableBytes
    if (!isFull && rolled === this.#rolledBefore) return
    this.#rolledBefore = rolled
    this.#health.attempt(() => {
      this.#makeRoom()
      this.#collector.step()
    })
  }

  #makeRoom(): void {
    if (this.#head.memtable.rawBytes < this.options.memtableBytes) return
    this.#head.rotate()
    this.#tree.compactUntilRest(this.#head.lastSeq)
  }
}
