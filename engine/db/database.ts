/**
 * Owns the public face of an open database: each call is checked here and passed to the part that
 * does the work (`assemble.ts` makes and connects the parts).
 *
 * With inline scheduling, a write that fills the memtable flushes it, compacts until nothing is
 * due, and collects what is due of the value log, before it returns. So equal operations on equal
 * seeds give equal files. With an executor of its own, the database flushes and compacts beside the
 * writes. An acknowledged write stays committed even if the flush or compaction that it started
 * fails. Such a failure makes the database read-only, and the next write throws it.
 */

import { bytesIn } from '../base/arguments.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX, type SeqNum } from '../base/internal-key.ts'
import type { Lookup } from '../base/lookup.ts'
import { createRandom, deriveSeed } from '../base/random.ts'
import type { Storage } from '../storage/storage.ts'
import type { WriteSet } from '../transaction/write-set.ts'
import { laidOver } from '../transaction/written-cursor.ts'
import type { Version } from '../version/version.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { assemble, type DatabaseParts } from './assemble.ts'
import {
  type AsyncScanOptions,
  checkAsyncScan,
  checkCursor,
  checkReadOptions,
  checkScan,
  copiesOfKeys,
  type HalfOpenRange,
  halfOpen,
  type KeyBounds,
  type ReadOptions,
  type ScanOptions,
  type WriteOptions,
  wantsSync,
} from './call-options.ts'
import { type CheckpointReport, checkpointState } from './checkpoint.ts'
import { Cursor, PairIterator } from './cursor.ts'
import { foundValue, getMany } from './get-many.ts'
import { type IngestOptions, type IngestReport, ingest } from './ingest.ts'
import { type DatabaseMetrics, transactionMetrics } from './metrics.ts'
import { checkPlace, type OpenOptions, openSettings } from './open-options.ts'
import type { EngineOptions } from './options.ts'
import type { ReaderChannel } from './readers/reader-channel.ts'
import type { ReaderOptions } from './readers/reader-hub.ts'
import { type RetryHost, type RetryOptions, retry } from './retry.ts'
import { reportSlow } from './slow-operations.ts'
import type { Snapshot } from './snapshots.ts'
import {
  Transaction,
  type TransactionHost,
  type TransactionOptions,
  wantedIsolation,
} from './transaction.ts'
import { type CursorOwner, TransactionCursor } from './transaction-cursor.ts'
import { scanAhead } from './values/async-scan.ts'
import type { ValueReader } from './values/value-reader.ts'

/**
 * An open database: keys and values, ordered by the bytes of the keys. Until it is closed, no other
 * process and no other object can open its folder.
 */
export class Database implements Disposable {
  readonly #parts: DatabaseParts
  readonly #cursors = new Set<Cursor>()
  readonly #transactionHost: TransactionHost
  readonly #retryHost: RetryHost

  /**
   * Opens `folder` under `strategy`; every other option has a default. Recovers what a crash left.
   * Errors: `LSM_LOCKED` when another holds the folder, `LSM_CORRUPTION`, `LSM_IO`,
   * `LSM_INVALID_ARGUMENT` for bad options.
   */
  static open(open: OpenOptions): Database {
    const parts = assemble(openSettings(open))
    const database = new Database(parts)
    const { clock, counters, gate, onEvent } = parts
    const { slowOperationMs: thresholdMs } = parts.options
    if (thresholdMs === undefined) return database
    const stalls = () => gate?.metrics() ?? null
    return reportSlow(database, { thresholdMs, clock, counters, stalls, onEvent })
  }

  private constructor(parts: DatabaseParts) {
    this.#parts = parts
    const { health, history, commits, timers, seed } = parts
    const counters = parts.counters.transactions
    this.#transactionHost = {
      history,
      commits,
      counters,
      assertOpen: () => health.assertOpen(),
      assertAtRest: () => health.assertAtRest(),
      get: (key, snapshot) => this.#get(key, { snapshot }),
      has: (key, snapshot) => this.#find(key, { snapshot }, 'has') !== null,
      getMany: (keys, snapshot) => this.#getMany(keys, snapshot),
      cursor: (range, { seq }, writes, owner) => this.#transactionCursor(range, seq, writes, owner),
    }
    this.#retryHost = {
      timers,
      random: createRandom(deriveSeed(seed, 'retry')),
      counters,
      begin: (options) => this.transaction(options),
    }
  }

  /** The engine options, with defaults. */
  get options(): EngineOptions {
    return this.#parts.options
  }

  /** The folder as the storage resolved it. It does not depend on the process's working folder. */
  get folder(): string {
    return this.#parts.folder
  }

  /**
   * The newest value of `key`, or undefined. Do not change the bytes: they may be part of a cached
   * block. They stay valid, but keep that block in memory, so copy values that you keep for long.
   * Errors: `LSM_CLOSED`, `LSM_CORRUPTION`, `LSM_IO`.
   */
  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined {
    return this.#get(key, options)
  }

  /**
   * The newest values of many keys, in their order, with one answer for each: what `get` would give
   * at the moment of the call. Blocks and values that are not cached are read off the main thread,
   * all at once; a table that was never read before is still opened with blocking reads. The values
   * are as those of `get`. Keys are copied when the call is made. Errors: as `get`.
   */
  async getMany(
    keys: readonly Uint8Array[],
    options?: ReadOptions,
  ): Promise<(Uint8Array | undefined)[]> {
    this.#parts.health.assertOpen()
    const copies = copiesOfKeys(keys)
    if (options !== undefined) checkReadOptions(options, 'getMany')
    return await this.#getMany(copies, options?.snapshot)
  }

  /** Whether `key` has a value. It does not read the value log. Errors: as `get`. */
  has(key: Uint8Array, options?: ReadOptions): boolean {
    return this.#find(key, options, 'has') !== null
  }

  /** The entries between the bounds, at the moment of the call, as owned [key, value] pairs. */
  scan(options: ScanOptions = {}): IterableIterator<[Uint8Array, Uint8Array]> & Disposable {
    const asked = checkScan(options)
    return new PairIterator(this.#cursor(asked, asked, this.#parts.values), asked)
  }

  /**
   * As `scan`, but values in the value log are read ahead of the consumer, many at once. Finish the
   * scan (read to the end, `return`, or leave a `for await`): until then it keeps its tables.
   */
  scanAsync(options: AsyncScanOptions = {}): AsyncGenerator<[Uint8Array, Uint8Array]> {
    const asked = checkAsyncScan(options)
    return scanAhead(this.#cursor(asked, asked, null), this.#parts.values, asked)
  }

  /**
   * A cursor over the entries between the bounds; it allocates nothing per step. Seek first, and
   * close it at the end.
   */
  cursor(bounds?: KeyBounds, options?: ReadOptions): Cursor {
    checkCursor(bounds, options)
    return this.#cursor(bounds ?? {}, options ?? {}, this.#parts.values)
  }

  #cursor(bounds: KeyBounds, { snapshot }: ReadOptions, values: ValueReader | null): Cursor {
    this.#parts.health.assertOpen()
    // Bad arguments are found before anything is pinned.
    const range = halfOpen(bounds)
    const seq = this.#seqAt(snapshot)
    return this.#opened(seq, (entries, release) => new Cursor(entries, seq, range, values, release))
  }

  /** `writes`: those of a transaction, which hide the entries of the database. */
  #transactionCursor(
    range: HalfOpenRange,
    seq: SeqNum,
    writes: WriteSet,
    owner: CursorOwner,
  ): TransactionCursor {
    const { values } = this.#parts
    const isChanged = !writes.isEmpty
    return this.#opened(seq, (entries, release) => {
      const child = isChanged ? laidOver(entries, { seq, ...range }, writes) : entries
      const shownSeq = isChanged ? SEQ_NUM_MAX : seq
      return new TransactionCursor({ child, seq: shownSeq, range, values, release, owner })
    })
  }

  /** A cursor that `make` makes over all entries at `seq`, which are kept until its release. */
  #opened<Opened extends Cursor>(
    seq: SeqNum,
    make: (entries: InternalCursor, release: () => void) => Opened,
  ): Opened {
    const { head, tree, reads } = this.#parts
    const view = head.view()
    const unpin = tree.pins.pin(view, seq)
    const cursor = make(reads.cursor(view, seq), () => {
      this.#cursors.delete(cursor)
      unpin()
    })
    this.#cursors.add(cursor)
    return cursor
  }

  /** The current moment, to read at later. */
  snapshot(): Snapshot {
    this.#parts.health.assertOpen()
    return this.#parts.snapshots.take(this.#parts.head.lastSeq)
  }

  /**
   * Begins a transaction at the current moment: several reads and writes that are committed
   * together, if no other commit since then forbids it. Errors: `LSM_CLOSED`.
   */
  transaction(options: TransactionOptions = {}): Transaction {
    const isolation = wantedIsolation(options)
    return new Transaction(this.#transactionHost, this.snapshot(), isolation)
  }

  /**
   * Runs `run` in a transaction and commits it; returns what `run` returned. After an
   * `LSM_CONFLICT` it waits a little and runs again in a new transaction, so `run` must be
   * repeatable: it must have no effects outside. `run` may itself commit or roll back. If `run`
   * throws, the transaction is rolled back. Errors: those of `run` and of `Transaction.commit`,
   * `LSM_CONFLICT` only after `attemptsMax` attempts.
   */
  retry<Result>(
    run: (transaction: Transaction) => Result | Promise<Result>,
    options: RetryOptions = {},
  ): Promise<Result> {
    return retry(this.#retryHost, run, options)
  }

  /**
   * What another thread needs to read this database while it is open here: post it, with `port` in
   * the list of what is transferred, and pass it to `openReader` there. One channel serves one
   * reader. It needs a storage that threads can share.
   */
  readerChannel(options?: ReaderOptions): ReaderChannel {
    this.#parts.health.assertOpen()
    return this.#parts.readers.open(options)
  }

  /**
   * Writes a batch as a whole. Resolves when it is as durable as `options.sync` asks. Until then
   * the batch can be neither changed nor written again; afterwards it may be reused. Errors:
   * `LSM_CLOSED`, `LSM_READ_ONLY`, `LSM_IO`.
   */
  write(batch: WriteBatch, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      WriteBatch.check(batch)
      this.#parts.commits.commit(batch, wantsSync(options, 'write'), resolve, reject)
    })
  }

  /**
   * Writes a batch of one put. Key and value are copied when the call is made. Errors: as `write`.
   */
  put(key: Uint8Array, value: Uint8Array, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const { commits } = this.#parts
      const batch = commits.entryBatch()
      batch.put(key, value)
      commits.commitEntry(batch, wantsSync(options, 'put'), resolve, reject)
    })
  }

  /** Writes a batch of one deletion. It is no error if the key has no value. Errors: as `write`. */
  delete(key: Uint8Array, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const { commits } = this.#parts
      const batch = commits.entryBatch()
      batch.delete(key)
      commits.commitEntry(batch, wantsSync(options, 'delete'), resolve, reject)
    })
  }

  /**
   * Writes a batch of one deletion of a range: all keys from `from` up to but without `to`, however
   * many have a value. It costs one entry. `LSM_INVALID_ARGUMENT` if `from` is not before `to`;
   * other errors as `write`.
   */
  deleteRange(from: Uint8Array, to: Uint8Array, options?: WriteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const { commits } = this.#parts
      const batch = commits.entryBatch()
      batch.deleteRange(from, to)
      commits.commitEntry(batch, wantsSync(options, 'deleteRange'), resolve, reject)
    })
  }

  /**
   * As `write`, but blocks, and the batch may be reused afterwards. While writers are stopped it
   * blocks until background work has made room; prefer `write` where a loop has other work to do.
   */
  writeSync(batch: WriteBatch, options?: WriteOptions): void {
    WriteBatch.check(batch)
    const sync = wantsSync(options, 'writeSync')
    this.#parts.health.assertAtRest()
    this.#parts.commits.commitNow(batch, sync)
  }

  /**
   * Writes the memtable as a table, compacts until nothing is due, and collects the value log until
   * its policy picks nothing. A failure is thrown unchanged.
   */
  flush(): void {
    this.#parts.maintenance.flush()
  }

  /**
   * Flushes the memtable and merges all tables into one run, in which nothing is left that no
   * snapshot sees: no deletions and no older versions. Then it does what is due. It rewrites the
   * whole tree, also when nothing is due. With a retention option tables are dropped by their age,
   * so those of different ages stay apart: then it only does what is due, as RocksDB's FIFO. A
   * failure is thrown unchanged.
   */
  compact(): void {
    this.#parts.maintenance.compact()
  }

  /**
   * Collects the value log until its policy picks nothing; returns how many segments it collected.
   */
  collectValueLog(): number {
    return this.#parts.maintenance.collect()
  }

  /**
   * Makes a checkpoint: a second folder with all writes committed so far, which opens like this one
   * and goes its own way. The memtable is flushed first; files are linked, or copied where the
   * folder is on another device. `storage` puts the copy in another storage: `EncryptedStorage`
   * with a new key changes the key. The folder must be missing or empty. After a failure nothing
   * stays, and the database goes on. Errors: as `flush`, and `LSM_INVALID_ARGUMENT`.
   */
  checkpoint(folder: string, storage: Storage = this.#parts.storage): CheckpointReport {
    const { maintenance, manifest, storage: source, folder: own } = this.#parts
    checkPlace(storage, folder, 'the folder of the checkpoint')
    maintenance.flushMemtable()
    const pair = { source, folder: own, target: storage, to: storage.resolve(folder) }
    return checkpointState(pair, manifest.state)
  }

  /**
   * Adds sorted tables that others wrote: RocksDB's `SstFileWriter`, RocksDB itself or this engine.
   * `tables` are paths of files, which are only read. All their entries become visible at once, as
   * one commit that is newer than all before; older snapshots and cursors do not see them. Of
   * several versions of a key in a table the newest counts. Transactions that began before conflict
   * if they wrote, or under `serializable` read, in the key range of a table. When the call
   * returns, the ingest and all commits before it survive a power loss.
   *
   * It blocks: this thread checks the tables and writes them again with the database's options. If
   * it refuses a table, a read fails or the disk is full, nothing has changed, and the database
   * goes on. Errors, with the path: `LSM_NOT_FOUND`, `LSM_IO`, `LSM_CORRUPTION` for a damaged or
   * unsorted table, `LSM_INVALID_ARGUMENT` for a kind of table or entry that is not supported, for
   * keys and values over the limits, and for tables that overlap each other; others as `flush`.
   */
  ingest(tables: readonly string[], options: IngestOptions = {}): IngestReport {
    return ingest(this.#parts, tables, options)
  }

  /** The current shape of the tree: immutable data. */
  get version(): Version {
    return this.#parts.tree.version
  }

  /** The newest committed sequence number. */
  get lastSeq(): number {
    return this.#parts.head.lastSeq
  }

  /** A copy of the counters since the open. Bytes of files are in the storage's ledger. */
  metrics(): DatabaseMetrics {
    const { strategy, cache, head, tree, scheduler, values, gate, history } = this.#parts
    const { gets, scans, transactions, rawBytesMergedByLevel, ...counters } = this.#parts.counters
    return {
      ...counters,
      rawBytesMergedByLevel: [...rawBytesMergedByLevel],
      gets: gets.copy(),
      scans: scans.copy(),
      cacheHits: cache.hits,
      cacheMisses: cache.misses,
      cacheUsedBytes: cache.usedBytes,
      openTables: tree.handles.openTables,
      tableMemoryBytes: tree.handles.memoryBytes,
      memtableRawBytes: head.memtable.rawBytes,
      debtBytes: strategy.debtBytes(scheduler.view()),
      tableBytes: tree.version.totals.bytes,
      valueLog: values.metrics(),
      transactions: transactionMetrics(transactions, history),
      ...(gate === null ? {} : { stalls: gate.metrics() }),
    }
  }

  /** Counters of point lookups, live: take differences, and do not change them. */
  get getCounters() {
    return this.#parts.counters.gets
  }

  /** Counters of cursors and scans, live. */
  get scanCounters() {
    return this.#parts.counters.scans
  }

  /**
   * Finishes writes under way, syncs the log, closes every cursor and file, and releases the lock.
   * If the log points into the value log, it flushes instead, so that RocksDB finds complete blob
   * files. Idempotent. The first error is thrown after everything is closed, unless a caller has
   * got the database's failure before.
   */
  close(): void {
    const { health, commits, gate, dueTimer, head, tree, scheduler, manifest, lock } = this.#parts
    const { readers, calls, executor } = this.#parts
    if (health.isClosed) return
    health.assertAtRest()
    const failures: unknown[] = []
    const attempt = (step: () => void) => {
      try {
        step()
      } catch (cause) {
        failures.push(cause)
      }
    }
    attempt(() => commits.close())
    if (!health.hasFailed) attempt(() => scheduler.settle())
    attempt(() => gate?.close())
    dueTimer?.close()
    health.close()
    if (!health.hasFailed) attempt(() => head.finish())
    attempt(() => calls.settle())
    calls.close()
    attempt(() => executor.close())
    attempt(() => head.close())
    readers.close()
    for (const cursor of this.#cursors) attempt(() => cursor.close())
    attempt(() => tree.close())
    const isWhole = failures.length === 0 && !health.hasFailed
    attempt(() => manifest.close(isWhole ? head.lastSeq : undefined))
    attempt(() => lock.release())
    health.throwUntold()
    if (failures.length > 0 && !health.hasFailed) throw failures[0]
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #get(key: Uint8Array, options: ReadOptions | undefined): Uint8Array | undefined {
    const found = this.#find(key, options, 'get')
    if (found === null) return undefined
    if (found.kind === ENTRY_KIND.blobIndex) return this.#parts.values.resolve(key, found)
    return foundValue(found)
  }

  /** Takes the keys. */
  async #getMany(
    keys: readonly Uint8Array[],
    snapshot: Snapshot | undefined,
  ): Promise<(Uint8Array | undefined)[]> {
    const { health, head, tree, values, counters } = this.#parts
    const seq = this.#seqAt(snapshot)
    const view = head.view()
    const unpin = tree.pins.pin(view, seq)
    const assertOpen = () => health.assertOpen()
    const parts = { handles: tree.handles, values, counters: counters.gets, assertOpen }
    try {
      return await getMany(parts, view, keys, seq)
    } finally {
      unpin()
    }
  }

  /** The newest visible value, or null; borrowed until the next read. */
  #find(key: Uint8Array, options: ReadOptions | undefined, call: string): Lookup | null {
    const { health, head, tree, reads } = this.#parts
    health.assertOpen()
    bytesIn(key, 'key')
    if (options !== undefined) checkReadOptions(options, call)
    const seq = this.#seqAt(options?.snapshot)
    const found = reads.find(head.memtables, tree.version, key, seq)
    return found === null || found.kind === ENTRY_KIND.deletion ? null : found
  }

  /** The sequence number to read at: that of a snapshot of this database, or the newest. */
  #seqAt(snapshot: Snapshot | undefined): SeqNum {
    return snapshot === undefined ? this.#parts.head.lastSeq : this.#parts.snapshots.seqOf(snapshot)
  }
}
