/**
 * Owns what is newer than the tree: the log being appended to, the memtable it protects, and the
 * newest sequence number. Invariant: whatever is in the memtable is in a log not yet superseded, so
 * that recovery can make the same memtable again.
 */

import type { Clock } from '../base/clock.ts'
import { deriveSeed } from '../base/random.ts'
import { walName } from '../manifest/file-names.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { MemTable } from '../memtable/memtable.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { EMPTY_EDIT } from '../version/version-edit.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { MemTableInserter } from './commits.ts'
import type { FileNumbers } from './file-numbers.ts'
import type { EngineOptions } from './options.ts'
import { liveLogs, type ReplayReport, replayLogs } from './recovery.ts'
import type { Tree } from './tree.ts'

export interface WriteHeadParts {
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly manifest: Manifest
  readonly tree: Tree
  readonly options: EngineOptions
  readonly clock: Clock
  /** Root seed of the memtables' node heights. */
  readonly seed: number
}

export class WriteHead {
  lastSeq: number
  readonly #parts: WriteHeadParts
  #log: LogWriter
  #logNumber = 0
  #memtable: MemTable
  #memtables = 0

  /** Starts a new log; logs left from before are `replay`'s. */
  constructor(parts: WriteHeadParts) {
    this.#parts = parts
    this.lastSeq = parts.manifest.state.lastSeq
    this.#memtable = this.#newMemTable()
    this.#log = this.#newLog()
  }

  get log(): LogWriter {
    return this.#log
  }

  get memtable(): MemTable {
    return this.#memtable
  }

  /** The time of a write, ms. */
  nowMs(): number {
    return this.#parts.clock.nowMs()
  }

  /** Starts a log, writes the memtable as a table, and forgets the log it came from. */
  rotate(): void {
    const { storage, folder, tree } = this.#parts
    const superseded = { log: this.#log, number: this.#logNumber }
    this.#log = this.#newLog()
    superseded.log.close()
    const spent = this.#memtable
    tree.flush(spent, this.#logNumber, this.lastSeq)
    this.#memtable = this.#newMemTable(tree.pins.isEmpty ? spent : undefined)
    storage.remove(joinPath(folder, walName(superseded.number)))
  }

  /** Brings back what earlier logs hold, as a table; null when there are none. */
  replay(): ReplayReport | null {
    const { storage, folder, manifest, tree, options, numbers } = this.#parts
    const { walRecovery } = options
    const logs = liveLogs(storage, folder, manifest.state.logNumber).filter(
      (number) => number !== this.#logNumber,
    )
    const inserter = new MemTableInserter(this)
    const report = replayLogs(storage, folder, logs, walRecovery, this.lastSeq, (batch) => {
      this.lastSeq = batch.seq - 1
      inserter.insert(batch)
    })
    if (this.#memtable.isEmpty) {
      const { lastSeq } = this
      const logNumber = this.#logNumber
      manifest.append({ ...EMPTY_EDIT, logNumber, nextFileNumber: numbers.next, lastSeq })
    } else {
      tree.flush(this.#memtable, this.#logNumber, this.lastSeq)
      this.#memtable = this.#newMemTable()
    }
    for (const number of logs) storage.remove(joinPath(folder, walName(number)))
    return logs.length === 0 ? null : report
  }

  close(): void {
    this.#log.close()
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

  #newMemTable(spent?: MemTable): MemTable {
    const { options, seed } = this.#parts
    return new MemTable({
      capacityBytes: options.memtableBytes,
      seed: deriveSeed(seed, 'memtable', this.#memtables++),
      ...(spent === undefined ? {} : { spent }),
    })
  }
}
