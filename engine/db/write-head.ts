/**
 * Owns what is newer than the tree: the current log and memtable, the frozen memtables that wait
 * for their flush, and the newest sequence number. Invariant: every entry of a memtable is in a log
 * that still exists, so that recovery can rebuild the memtable. Log, memtable and the value-log
 * segments that they point into are frozen together.
 */

import type { Clock } from '../base/clock.ts'
import { deriveSeed } from '../base/random.ts'
import { walName } from '../manifest/file-names.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { ArenaPool } from '../memtable/arena-pool.ts'
import { MemTable } from '../memtable/memtable.ts'
import { VisibleSeq } from '../memtable/visible-seq.ts'
import { removeStep } from '../storage/slow-call.ts'
import type { Storage } from '../storage/storage.ts'
import type { SealedSegment } from '../version/segment-meta.ts'
import { EMPTY_EDIT } from '../version/version-edit.ts'
import type { WriteBatch } from '../wal/write-batch.ts'
import type { CommitHead } from './commits.ts'
import { LogRotation } from './log-rotation.ts'
import { MemTableInserter } from './memtable-inserter.ts'
import type { EngineOptions } from './options.ts'
import type { ReadView } from './read-view.ts'
import { clearReplayed, keepLost, type Recovery } from './recovery.ts'
import type { SlowCalls } from './slow-calls.ts'
import type { Tree } from './tree.ts'
import type { MemTableFlush } from './tree-jobs.ts'
import type { ValueLog } from './values/value-log.ts'

export interface WriteHeadParts {
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly manifest: Manifest
  readonly tree: Tree
  readonly values: ValueLog
  readonly calls: SlowCalls
  readonly options: EngineOptions
  readonly clock: Clock
  /** Flushes run beside writes, so that newer logs may be synced while an older one is needed. */
  readonly isBackground: boolean
  /** Queues a flush; inline, it has been done when this returns. */
  readonly flush: (flush: MemTableFlush) => void
  /** Called when a preparation that made `isPrepared` false has ended. */
  readonly onPrepared: () => void
  /** Called when it has failed. */
  readonly failed: (cause: unknown) => void
  /** Blocks until all queued flushes are in the tree. */
  readonly settle: () => void
  /** Called before new entries become visible to other threads. */
  readonly beforeVisible: () => void
  /** Root seed of the memtables' node heights. */
  readonly seed: number
}

export class WriteHead implements CommitHead {
  lastSeq: number
  /** What other threads may read: `lastSeq` after the latest group of writes. */
  readonly visible = new VisibleSeq()
  readonly #parts: WriteHeadParts
  readonly #logs: LogRotation
  #memtable: MemTable
  /** Newest first: the one that takes writes, then the frozen ones. */
  #memtables: readonly MemTable[]
  readonly #arenas = new ArenaPool()
  #memtablesMade = 0
  #isClosed = false
  readonly #mover = new MemTableInserter(this)

  /** Starts a new log. `replay` handles the logs of earlier opens. */
  constructor(parts: WriteHeadParts) {
    this.#parts = parts
    this.lastSeq = parts.manifest.state.lastSeq
    this.publish()
    this.#memtable = this.#newMemTable()
    this.#memtables = [this.#memtable]
    this.#logs = new LogRotation(parts)
  }

  /** The memtable that takes writes. */
  get memtable(): MemTable {
    return this.#memtable
  }

  /** What a read searches, newest first. A rotation replaces the array, so a view may keep it. */
  get memtables(): readonly MemTable[] {
    return this.#memtables
  }

  /** What a read of this moment sees. */
  view(): ReadView {
    const { tree } = this.#parts
    return { version: tree.version, memtables: this.#memtables, generation: tree.generation }
  }

  /** How many memtables wait for the end of their flush. */
  get frozen(): number {
    return this.#memtables.length - 1
  }

  /** The time of a write, ms. */
  nowMs(): number {
    return this.#parts.clock.nowMs()
  }

  /** The number of the log that takes writes. */
  get logNumber(): number {
    return this.#logs.number
  }

  append(batches: readonly WriteBatch[]): readonly WriteBatch[] {
    const { values } = this.#parts
    const stored = values.separate(batches, this.nowMs())
    // Values first: a log must not point to a value that is not written yet.
    values.write()
    const logs = this.#logs
    let seq = this.lastSeq + 1
    for (const batch of stored) {
      batch.setSeq(seq)
      logs.add(batch)
      seq += batch.count
    }
    logs.current.write()
    return stored
  }

  /** Logs and inserts pointers to moved values; the oldest value was written at `atMs`. */
  appendMoved(batch: WriteBatch, atMs: number): void {
    this.append([batch])
    this.#mover.insert(batch, atMs)
    this.publish()
  }

  publish(): void {
    this.#parts.beforeVisible()
    this.visible.publish(this.lastSeq)
  }

  sync(): void {
    this.#parts.values.sync()
    this.#logs.current.sync()
  }

  async syncAsync(): Promise<void> {
    const log = this.#logs.current
    await this.#parts.values.syncAsync()
    // A blocking call may have synced this log in the meantime, and closed or rotated it.
    if (this.#logs.current === log && !this.#isClosed) await log.syncAsync()
  }

  /** Whether `freeze` changes logs without waiting for the device. */
  get isPrepared(): boolean {
    return this.#logs.isPrepared
  }

  /** Begins what `freeze` would wait for, unless that is done or under way. */
  prepare(): void {
    this.#logs.prepare()
  }

  /**
   * Starts a new log and memtable, and queues the flush of the old memtable. When it is in the tree
   * its log is removed.
   */
  freeze(): void {
    const { storage, folder, values, calls } = this.#parts
    const name = walName(this.#logs.number)
    const memtable = this.#memtable
    const sealed = values.seal()
    this.#logs.rotate()
    this.#flush(memtable, sealed, () => calls.start(removeStep(storage, folder, name)))
    this.#startMemTable()
  }

  /** Writes the batches of earlier logs as a table, and removes these logs. */
  replay(recovery: Recovery): void {
    const { storage, folder, manifest, tree, numbers, settle } = this.#parts
    const inserter = new MemTableInserter(this)
    for (const { batch, writtenAtMs } of recovery.replay.batches) {
      inserter.insert(batch, Math.min(this.nowMs(), writtenAtMs ?? this.nowMs()))
    }
    this.publish()
    keepLost(storage, folder, recovery, () => numbers.allocate())
    const sealed = recovery.segments.seal()
    if (!this.#memtable.isEmpty) {
      this.#flush(this.#memtable, sealed, () => {})
      settle()
      this.#startMemTable()
    } else if (sealed.length > 0) {
      tree.forgetLogs(this.#logs.number, this.lastSeq, sealed)
    } else {
      const { lastSeq } = this
      const logNumber = this.#logs.number
      manifest.append({ ...EMPTY_EDIT, logNumber, nextFileNumber: numbers.next, lastSeq })
    }
    clearReplayed(storage, folder, recovery)
  }

  /** Prepares the folder for a close: if the log points into segments, it becomes a table. */
  finish(): void {
    const { values, settle } = this.#parts
    if (values.unsealedBytes > 0) this.freeze()
    settle()
    this.#logs.abandonNext()
    this.#logs.current.sync()
  }

  close(): void {
    this.#isClosed = true
    this.#logs.close()
    this.#parts.values.close()
  }

  /** `afterwards` is called when the memtable's tables are in the tree. */
  #flush(memtable: MemTable, sealed: readonly SealedSegment[], afterwards: () => void): void {
    this.#parts.flush({
      memtable,
      olderMemtables: () => this.#memtables.slice(this.#memtables.indexOf(memtable) + 1),
      logNumber: this.#logs.number,
      lastSeq: this.lastSeq,
      sealed,
      onFlushed: () => {
        this.#memtables = this.#memtables.filter((other) => other !== memtable)
        memtable.release()
        afterwards()
      },
    })
  }

  #startMemTable(): void {
    this.#memtable = this.#newMemTable()
    this.#memtables = [this.#memtable, ...this.#memtables]
  }

  #newMemTable(): MemTable {
    const { options, seed } = this.#parts
    return new MemTable({
      capacityBytes: options.memtableBytes,
      seed: deriveSeed(seed, 'memtable', this.#memtablesMade++),
      arenas: this.#arenas,
    })
  }
}
