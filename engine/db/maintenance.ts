/**
 * Owns when the database freezes memtables, schedules jobs and collects: after a commit or a job,
 * as far as it is due, and on request. Invariant: no maintenance starts while other maintenance
 * runs.
 */

import { fullMerge } from '../compaction/full-merge.ts'
import type { WriteAdmission } from '../scheduling/write-gate.ts'
import type { Commits } from './commits.ts'
import type { Health } from './health.ts'
import type { SlowCalls } from './slow-calls.ts'
import type { DatabaseScheduler, TableIngest } from './tree-jobs.ts'
import type { Collector } from './values/collector.ts'
import type { ValueLog } from './values/value-log.ts'
import type { WriteHead } from './write-head.ts'

export interface MaintenanceParts {
  readonly health: Health
  readonly commits: Commits
  /** Holds an ingest while writers are stopped. */
  readonly admission: WriteAdmission
  readonly head: WriteHead
  readonly calls: SlowCalls
  readonly scheduler: DatabaseScheduler
  readonly values: ValueLog
  readonly collector: Collector
  readonly memtableBytes: number
  /** How many frozen memtables may wait for their flush. */
  readonly memtablesMax: number
  /** Whether strategies may drop tables with their data. */
  readonly hasRetention: boolean
  /** Blocks until a running job has ended and was installed, or failed. */
  readonly waitForJob: () => void
  /** Called when memtables or the tree may have changed, also after a failure. */
  readonly changed: () => void
}

/**
 * A memtable waits for the preparation of its freeze, but not beyond this multiple of its size: if
 * the device is that slow, writers have to wait for it.
 */
const OVERFULL = 2

export class Maintenance {
  readonly #parts: MaintenanceParts
  /** Segments that had filled up at the last step of collection. */
  #rolledBefore = 0

  constructor(parts: MaintenanceParts) {
    this.#parts = parts
  }

  /**
   * Does what is due after a commit. A failure is kept in `health`: the commit itself succeeded.
   */
  afterCommit(): void {
    const { health, values, collector } = this.#parts
    const { rolled } = values
    if (!this.#isFreezeDue() && rolled === this.#rolledBefore) return
    this.#rolledBefore = rolled
    health.attempt(() => {
      this.makeRoom()
      collector.step()
    })
    this.#parts.changed()
  }

  /** Does what is due after a job or a slow call has ended. A failure is kept in `health`. */
  afterJob(): void {
    const { health, scheduler } = this.#parts
    if (!health.hasFailed) {
      health.attempt(() => {
        this.makeRoom()
        scheduler.schedule()
      })
    }
    this.#parts.changed()
  }

  /** Freezes a full memtable, if there is room for it, and starts what is due then. */
  makeRoom(): void {
    const { head, commits, scheduler, memtablesMax } = this.#parts
    if (!this.#isFreezeDue() || head.frozen >= memtablesMax) return
    // What is in the log must be in the memtable that is frozen with it.
    if (commits.hasUnpublished) return
    head.freeze()
    scheduler.schedule()
  }

  /** Whether the memtable is full; where it is after `makeRoom`, a job must end first. */
  get isFull(): boolean {
    const { head, memtableBytes } = this.#parts
    return head.memtable.rawBytes >= memtableBytes
  }

  /** As `makeRoom`, but blocks until the memtable has room. Throws what keeps it from that. */
  waitForRoom(): void {
    const { health, waitForJob } = this.#parts
    for (;;) {
      this.makeRoom()
      if (!this.isFull) return
      waitForJob()
      health.assertWritable()
    }
  }

  /** Whether the memtable is full, and its freeze is prepared or cannot wait for that. */
  #isFreezeDue(): boolean {
    if (!this.isFull) return false
    const { head, memtableBytes } = this.#parts
    head.prepare()
    return head.isPrepared || head.memtable.rawBytes >= OVERFULL * memtableBytes
  }

  /** Flushes the memtable, compacts to rest, and collects all that is due. Throws what fails. */
  flush(): void {
    this.#maintain(() => {
      this.#settleTree()
      // Collection fills the memtable with moved values; their flush can make a compaction due.
      if (this.#parts.collector.settle() > 0) this.#settleTree()
    })
  }

  /**
   * Flushes the memtable, merges all tables into one run, and does what is due then. Throws what
   * fails. Where retention drops tables by age, tables of different ages must not be merged: then
   * it is `flush`.
   */
  compact(): void {
    const { scheduler, collector, hasRetention } = this.#parts
    if (hasRetention) {
      this.flush()
      return
    }
    this.#maintain(() => {
      this.#settleMemtable()
      scheduler.compact(fullMerge)
      scheduler.rest()
      if (collector.settle() > 0) this.#settleTree()
    })
  }

  /** Writes the memtable as tables, and no more. Throws what fails. */
  flushMemtable(): void {
    this.#maintain(() => this.#settleMemtable())
  }

  /**
   * Makes tables the newest run, above everything committed before, and starts what is due then.
   * `write` writes them; nothing is committed between its call and the install. If it throws, the
   * database is as it was. Later failures are as those of `flush`.
   */
  ingest(write: () => Omit<TableIngest, 'logNumber'>): void {
    const { health, commits, admission, head, scheduler } = this.#parts
    health.assertAtRest()
    commits.settle()
    health.assertWritable()
    admission.waitForRoom()
    health.assertWritable()
    const tables = health.busy(write)
    this.#maintain(() => {
      if (!head.memtable.isEmpty) head.freeze()
      scheduler.flush({ ...tables, logNumber: head.logNumber })
      scheduler.settleFlushes()
    })
    this.afterJob()
  }

  /** Collects all that is due; returns how many segments were collected. Throws what fails. */
  collect(): number {
    let collected = 0
    this.#maintain(() => {
      collected = this.#parts.collector.settle()
    })
    return collected
  }

  #maintain(work: () => void): void {
    const { health, commits, calls } = this.#parts
    health.assertAtRest()
    commits.settle()
    health.assertWritable()
    health.attempt(work)
    this.#parts.changed()
    // Callers compare the folder with the ledger, so no removal may be left.
    health.attempt(() => calls.settle())
    health.throwFailure()
  }

  #settleMemtable(): void {
    const { head, scheduler } = this.#parts
    if (!head.memtable.isEmpty) head.freeze()
    scheduler.settle()
  }

  #settleTree(): void {
    const { head, scheduler } = this.#parts
    if (!head.memtable.isEmpty) head.freeze()
    scheduler.rest()
  }
}
