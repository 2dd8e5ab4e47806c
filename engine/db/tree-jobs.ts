/**
 * Owns the flushes and compactions of an open database: it plans them, gives their orders to the
 * executor, and installs their outcomes in the tree (`ScheduledTree`). It counts and reports each
 * after its install.
 *
 * Invariant: what a job may do is decided when it is planned, and checked again when its install
 * begins, if the tree has changed in between. Installs are a queue: each ends before the next
 * begins, so an edit is made for the tree that it changes.
 */

import type { Clock } from '../base/clock.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { Json } from '../base/json.ts'
import type { DroppedEntries } from '../compaction/merge-rules.ts'
import { compactionEdit, flushEdit } from '../compaction/placement.ts'
import type { ResolvedSpec } from '../compaction/resolved-spec.ts'
import type { CompactionSpec, CompactionStrategy, TreeView } from '../compaction/strategy.ts'
import { validateSpec } from '../compaction/validate-spec.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { MemTable } from '../memtable/memtable.ts'
import { resultOf } from '../scheduling/inline-executor.ts'
import {
  flushOrder,
  type JobEnded,
  type JobExecutor,
  type JobOutcome,
  mergeOrder,
  type OrderContext,
} from '../scheduling/job-order.ts'
import { type PinnedSpec, pinSpec, specNow } from '../scheduling/pinned-spec.ts'
import { conflictOf } from '../scheduling/reservations.ts'
import { writesFiles } from '../scheduling/run-job.ts'
import type { InstallEnded, JobTimes, ScheduledTree, Scheduler } from '../scheduling/scheduler.ts'
import { WorkAccount } from '../scheduling/work-account.ts'
import type { RunId } from '../version/run.ts'
import type { SealedSegment } from '../version/segment-meta.ts'
import { rawBytes, rawBytesOfTables } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'
import type { VersionEdit } from '../version/version-edit.ts'
import { type DatabaseEvent, type IngestEvent, type JobEvent, slicesOf } from './events.ts'
import type { DatabaseCounters } from './metrics.ts'
import type { EngineOptions } from './options.ts'
import type { SlowCalls } from './slow-calls.ts'
import type { SnapshotList } from './snapshots.ts'
import { sealing, type Tree } from './tree.ts'
import type { ValueLog } from './values/value-log.ts'

/** A memtable that takes no more writes, and what becomes true when it is flushed. */
export interface MemTableFlush {
  readonly memtable: MemTable
  /** Frozen before it and not flushed yet, when this one is ordered. */
  readonly olderMemtables: () => readonly MemTable[]
  /** Logs below this number are not needed afterwards. */
  readonly logNumber: number
  /** The newest sequence number in it, or in the tree if it is empty. */
  readonly lastSeq: SeqNum
  /** The complete segments that it points into. */
  readonly sealed: readonly SealedSegment[]
  /** Called when its tables are in the tree. */
  readonly onFlushed: () => void
}

/** Tables that are written already, and become the newest run like those of a flush. */
export interface TableIngest {
  readonly outcome: JobOutcome
  /** The sequence number of all their entries: the first after all commits. */
  readonly seq: SeqNum
  /** Logs below this number are not needed: all that they hold is in older tables. */
  readonly logNumber: number
  /** Bytes of the files that were read. */
  readonly bytesRead: number
  /** Called when its tables are in the tree. */
  readonly onInstalled: () => void
}

/** A compaction that may run. */
export interface CompactionPlan {
  readonly spec: CompactionSpec
  readonly pinned: PinnedSpec
  /** As resolved in `version`, in which it was planned. */
  readonly resolved: ResolvedSpec
  readonly version: Version
}

/** What becomes the newest run of level 0, in the order of the queue. */
type Arrival = MemTableFlush | TableIngest

/** The scheduler of a database. */
export type DatabaseScheduler = Scheduler<Arrival, CompactionPlan, JobOutcome>

export interface TreeJobsParts {
  readonly tree: Tree
  readonly manifest: Manifest
  /** Guarded: the form of its answers is checked. */
  readonly strategy: CompactionStrategy
  readonly executor: JobExecutor
  readonly options: EngineOptions
  readonly clock: Clock
  readonly snapshots: SnapshotList
  readonly counters: DatabaseCounters
  readonly values: ValueLog
  readonly calls: SlowCalls
  /** The newest committed sequence number. */
  readonly lastSeq: () => SeqNum
  readonly onEvent: (event: DatabaseEvent) => void
}

const NOTHING_DROPPED: DroppedEntries = { shadowed: 0, tombstones: 0 }
const NOTHING_WRITTEN: JobOutcome = {
  written: [],
  sealed: [],
  dropped: NOTHING_DROPPED,
  movedBytes: 0,
}

/** An install that waits for its turn. */
interface QueuedInstall {
  /** Makes the edit for the tree of this moment. */
  readonly edit: () => VersionEdit
  /** The rest of the edit, which events leave out. */
  readonly unreported: Partial<VersionEdit>
  /** Whether the names of its new files are durable. */
  readonly areNamed: boolean
  /** Called when the edit has become part of the tree. */
  readonly note: (edit: VersionEdit) => void
  readonly installed: InstallEnded
}

export class TreeJobs implements ScheduledTree<Arrival, CompactionPlan, JobOutcome> {
  /** Of the flushes and merges whose installs have begun. */
  readonly work = new WorkAccount()
  readonly #parts: TreeJobsParts
  readonly #installs: QueuedInstall[] = []
  #isInstalling = false

  constructor(parts: TreeJobsParts) {
    this.#parts = parts
  }

  get version(): Version {
    return this.#parts.tree.version
  }

  /** What the strategy sees. `guarded-strategy.ts` copies it first. */
  view(state: Json, inProgress: readonly CompactionSpec[]): TreeView {
    const { options, snapshots, clock, tree, lastSeq } = this.#parts
    return {
      version: tree.version,
      memtableBytes: options.memtableBytes,
      state,
      inProgress,
      oldestSnapshotSeq: snapshots.oldest(lastSeq()),
      nowMs: clock.nowMs(),
      tableStats: (id) => ({ reads: tree.handles.reads(id) }),
    }
  }

  plan(spec: CompactionSpec, running: readonly CompactionPlan[]): CompactionPlan | null {
    const { version } = this
    const resolved = this.#validated(spec)
    const pinned = pinSpec(version, resolved)
    const others = running.map((plan) => plan.pinned)
    if (conflictOf(version, pinned, others) !== null) return null
    return { spec, pinned, resolved, version }
  }

  specOf({ pinned }: CompactionPlan): CompactionSpec {
    return specNow(this.version, pinned)
  }

  startFlush(arrival: Arrival, view: TreeView, id: number, ended: JobEnded): void {
    if ('outcome' in arrival) {
      ended(arrival.outcome)
      return
    }
    const { memtable, olderMemtables } = arrival
    const { strategy, executor, clock } = this.#parts
    const filter = strategy.flushFilter(view)
    this.work.start(clock.nowMs())
    executor.start(flushOrder(this.#context(id), memtable, olderMemtables(), filter), ended)
  }

  startCompaction({ spec, resolved }: CompactionPlan, id: number, ended: JobEnded): void {
    this.work.start(this.#parts.clock.nowMs())
    if (spec.kind !== 'merge') {
      ended(NOTHING_WRITTEN)
      return
    }
    const { executor, values, tree } = this.#parts
    const moves = values.moves()
    // Segments whose values the merge reads must stay, even if collection spends them meanwhile.
    const unpin = moves === null ? () => {} : tree.pins.pinAll(tree.generation)
    executor.start(mergeOrder(this.#context(id), resolved, moves), (result) => {
      // To unpin may remove files, and that may fail.
      const unpinned = resultOf(unpin)
      ended(unpinned instanceof Error && !(result instanceof Error) ? unpinned : result)
    })
  }

  installFlush(
    arrival: Arrival,
    outcome: JobOutcome,
    times: JobTimes,
    installed: InstallEnded,
  ): void {
    if ('outcome' in arrival) {
      this.#installIngest(arrival, installed)
      return
    }
    const { memtable, logNumber, lastSeq, sealed, onFlushed } = arrival
    const { counters, options } = this.#parts
    const { written, dropped } = outcome
    const tables = written.map(({ table }) => table)
    this.#countWork(written, times)
    this.#install({
      edit: () => flushEdit(tables, this.#runIds()),
      unreported: { logNumber, lastSeq, ...sealing(sealed) },
      areNamed: writesFiles(outcome),
      note: (edit) => {
        counters.flushes++
        counters.rawBytesFlushed += rawBytesOfTables(tables)
        this.#report('flush', edit, dropped, {
          trigger: 'memtable',
          formula: 'rawBytes ≥ memtableBytes',
          values: { rawBytes: memtable.rawBytes, memtableBytes: options.memtableBytes },
        })
        onFlushed()
      },
      installed,
    })
  }

  #installIngest(
    { outcome, seq, logNumber, bytesRead, onInstalled }: TableIngest,
    installed: InstallEnded,
  ): void {
    const { written, sealed, dropped } = outcome
    const tables = written.map(({ table }) => table)
    this.#install({
      edit: () => flushEdit(tables, this.#runIds()),
      unreported: { logNumber, lastSeq: seq, ...sealing(sealed) },
      areNamed: writesFiles(outcome),
      note: (edit) => {
        onInstalled()
        const reason = {
          trigger: 'ingest',
          formula: 'tables > 0',
          values: { tables: tables.length, seq },
        }
        this.#report('ingest', edit, dropped, reason, bytesRead)
      },
      installed,
    })
  }

  installCompaction(
    { spec, pinned, resolved, version }: CompactionPlan,
    outcome: JobOutcome,
    stateNow: () => Json | undefined,
    times: JobTimes,
    installed: InstallEnded,
  ): void {
    const { strategy, counters, values } = this.#parts
    const { written, sealed, dropped, movedBytes } = outcome
    this.#countWork(written, times)
    values.collection.relocatedBytes += movedBytes
    this.#install({
      edit: () => {
        const isAsPlanned = version === this.version
        const now = isAsPlanned ? resolved : this.#validated(specNow(this.version, pinned))
        const state = stateNow()
        return {
          ...compactionEdit(now, written, this.#runIds()),
          ...sealing(sealed),
          ...(state === undefined ? {} : { strategy: { name: strategy.name, state } }),
        }
      },
      unreported: {},
      areNamed: writesFiles(outcome),
      note: (edit) => {
        if (spec.kind === 'merge') {
          counters.merges++
          for (const { level, table } of edit.added) counters.countMerged(level, rawBytes(table))
        } else if (spec.kind === 'move') counters.moves++
        else counters.drops++
        this.#report(spec.kind, edit, dropped, spec.reason)
      },
      installed,
    })
  }

  #install(install: QueuedInstall): void {
    this.#installs.push(install)
    this.#installNext()
  }

  /** Begins the first install that waits, unless one is under way. None follows a failure. */
  #installNext(): void {
    const next = this.#isInstalling ? undefined : this.#installs.shift()
    if (next === undefined) return
    const { tree, calls } = this.#parts
    const { unreported, areNamed, note, installed } = next
    this.#isInstalling = true
    const edit = resultOf(next.edit)
    if (edit instanceof Error) {
      installed(edit)
      return
    }
    calls.run(tree.install({ ...edit, ...unreported }, areNamed), (failure) => {
      const noted = failure instanceof Error ? failure : resultOf(() => note(edit))
      if (noted instanceof Error) {
        installed(noted)
        return
      }
      this.#isInstalling = false
      installed(edit)
      this.#installNext()
    })
  }

  #countWork(written: JobOutcome['written'], { startedAtMs }: JobTimes): void {
    const bytes = rawBytesOfTables(written.map(({ table }) => table))
    this.work.end(bytes, startedAtMs, this.#parts.clock.nowMs())
  }

  #validated(spec: CompactionSpec): ResolvedSpec {
    const { options, clock } = this.#parts
    return validateSpec(
      {
        version: this.version,
        inProgress: [],
        retention: { maxAgeMs: options.retentionMaxAgeMs, maxBytes: options.retentionMaxBytes },
        nowMs: clock.nowMs(),
      },
      spec,
    )
  }

  #context(id: number): OrderContext {
    const { snapshots, clock } = this.#parts
    return { id, version: this.version, snapshots: snapshots.seqs(), nowMs: clock.nowMs() }
  }

  /** Numbers for new runs. Only an install takes them: a failed job must leave no gap. */
  #runIds(): () => RunId {
    let { nextRunId } = this.#parts.manifest.state
    return () => nextRunId++
  }

  #report(
    kind: (JobEvent | IngestEvent)['kind'],
    edit: VersionEdit,
    dropped: DroppedEntries,
    reason: JobEvent['reason'],
    bytesRead = kind === 'merge' ? bytesOf(edit.removed) : 0,
  ): void {
    const writes = kind === 'flush' || kind === 'ingest' || kind === 'merge'
    this.#parts.onEvent({
      kind,
      atMs: this.#parts.clock.nowMs(),
      inputs: slicesOf(edit.removed),
      outputs: slicesOf(edit.added),
      bytesRead,
      bytesWritten: writes ? bytesOf(edit.added) : 0,
      shadowedDropped: dropped.shadowed,
      tombstonesDropped: dropped.tombstones,
      reason,
      edit,
    })
  }
}

function bytesOf(placements: VersionEdit['added']): number {
  return placements.reduce((bytes, { table }) => bytes + table.bytes, 0)
}
