/**
 * Owns what is newer than the tree: the current log, the memtable, and the newest sequence number.
 * Invariant: every entry of the memtable is in a log that still exists, so that recovery can
 * rebuild the memtable. Log, memtable and the value-log segments that they point into rotate
 * together.
 */

import type { Clock } from '../base/clock.ts'
import { deriveSeed } from '../base/random.ts'
import { walName } from '../manifest/file-names.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { MemTable } from '../memtable/memtable.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { EMPTY_EDIT } from '../version/version-edit.ts'
import { LogWriter } from '../wal/log-writer.ts'
import type { WriteBatch } from '../wal/write-batch.ts'
import { type CommitHead, MemTableInserter } from './commits.ts'
import type { EngineOptions } from './options.ts'
import { clearReplayed, keepLost, type Recovery } from './recovery.ts'
import type { Tree } from './tree.ts'
import type { ValueLog } from './values/value-log.ts'

export interface WriteHeadParts {
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly manifest: Manifest
  readonly tree: Tree
  readonly values: ValueLog
  readonly options: EngineOptions
  readonly clock: Clock
  /** Root seed of the memtables' node heights. */
  readonly seed: number
}

export class WriteHead implements CommitHead {
  lastSeq: number
  readonly #parts: WriteHeadParts
  #log: LogWriter
  #logNumber = 0
  #memtable: MemTable
  #memtables: readonly MemTable[]
  #memtablesMade = 0
  #isClosed = false
  readonly #mover = new MemTableInserter(this)

  /** Starts a new log. `replay` handles the logs of earlier opens. */
  constructor(parts: WriteHeadParts) {
    this.#parts = parts
    this.lastSeq = parts.manifest.state.lastSeq
    this.#memtable = this.#newMemTable()
    this.#memtables = [this.#memtable]
    this.#log = this.#newLog()
  }

  /** The memtable that takes writes. */
  get memtable(): MemTable {
    return this.#memtable
  }

  /** What a read searches, newest first. A rotation replaces the array, so a view may keep it. */
  get memtables(): readonly MemTable[] {
    return this.#memtables
  }

  /** The time of a write, ms. */
  nowMs(): number {
    return this.#parts.clock.nowMs()
  }

  append(batches: readonly WriteBatch[]): readonly WriteBatch[] {
    const { values } = this.#parts
    const stored = values.separate(batches, this.nowMs())
    // Values first: a log must not point to a value that is not written yet.
    values.write()
    const log = this.#log
    let seq = this.lastSeq + 1
    for (const batch of stored) {
      batch.setSeq(seq)
      log.add(batch.view())
      seq += batch.count
    }
    log.write()
    return stored
  }

  /** Logs and inserts pointers to moved values; the oldest value was written at `atMs`. */
  appendMoved(batch: WriteBatch, atMs: number): void {
    this.append([batch])
    this.#mover.insert(batch, atMs)
  }

  sync(): void {
    this.#parts.values.sync()
    this.#log.sync()
  }

  async syncAsync(): Promise<void> {
    const log = this.#log
    await this.#parts.values.syncAsync()
    // A blocking call may have synced this log in the meantime, and closed or rotated it.
    if (this.#log === log && !this.#isClosed) await log.syncAsync()
  }

  /** Starts a new log, writes the memtable as a table, and removes the old log. */
  rotate(): void {
    const { storage, folder, tree, values } = this.#parts
    const superseded = { log: this.#log, number: this.#logNumber }
    const sealed = values.seal()
    this.#log = this.#newLog()
    superseded.log.close()
    const spent = this.#memtable
    tree.flush(spent, this.#logNumber, this.lastSeq, sealed)
    this.#startMemTable(tree.pins.isEmpty ? spent : undefined)
    storage.remove(joinPath(folder, walName(superseded.number)))
  }

  /** Writes the batches of earlier logs as a table, and removes these logs. */
  replay(recovery: Recovery): void {
    const { storage, folder, manifest, tree, numbers } = this.#parts
    const inserter = new MemTableInserter(this)
    for (const { batch, writtenAtMs } of recovery.replay.batches) {
      inserter.insert(batch, Math.min(this.nowMs(), writtenAtMs ?? this.nowMs()))
    }
    keepLost(storage, folder, recovery, () => numbers.allocate())
    const sealed = recovery.segments.seal()
    if (!this.#memtable.isEmpty) {
      tree.flush(this.#memtable, this.#logNumber, this.lastSeq, sealed)
      this.#startMemTable()
    } else if (sealed.length > 0) {
      tree.forgetLogs(this.#logNumber, this.lastSeq, sealed)
    } else {
      const { lastSeq } = this
      const logNumber = this.#logNumber
      manifest.append({ ...EMPTY_EDIT, logNumber, nextFileNumber: numbers.next, lastSeq })
    }
    clearReplayed(storage, folder, recovery)
  }

  /** Prepares the folder for a close: if the log points into segments, it becomes a table. */
  finish(): void {
    if (this.#parts.values.unsealedBytes > 0) this.rotate()
    this.#log.sync()
  }

  close(): void {
    this.#isClosed = true
    this.#log.close()
    this.#parts.values.close()
  }

  #newLog(): LogWriter {
    const { storage, folder, numbers } = this.#parts
    this.#logNumber = numbers.allocate()
    const path = joinPath(folder, walName(this.#logNumber))
    const log = new LogWriter(storage.create(path, { cause: 'wal', level: -1 }))
    try {
      storage.syncFolder(folder)
    } catch (error) {
      log.close()
      throw error
    }
    return log
  }

  #startMemTable(spent?: MemTable): void {
    this.#memtable = this.#newMemTable(spent)
    this.#memtables = [this.#memtable]
  }

  #newMemTable(spent?: MemTable): MemTable {
    const { options, seed } = this.#parts
    return new MemTable({
      capacityBytes: options.memtableBytes,
      seed: deriveSeed(seed, 'memtable', this.#memtablesMade++),
      ...(spent === undefined ? {} : { spent }),
    })
  }
}
