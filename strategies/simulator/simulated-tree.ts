/**
 * Owns the tree of a simulation: the engine's version, edits, ids and safety rules, for tables that
 * hold no bytes. A `Substance` says what tables consist of, and so what a merge gives: exact keys
 * (`exact-substance.ts`) or expected numbers of keys (`statistical-substance.ts`).
 *
 * The engine's scheduler decides what runs when (`ScheduledTree`). Jobs run at once, or in logical
 * time under an executor.
 *
 * Invariant: ids are given out in the engine's order (one counter for tables and logs), so with
 * equal tables the edits equal the engine's. The exception is a manifest that rolls, which takes a
 * number of its own in the engine.
 */

import { paranoid } from '../../engine/base/assert.ts'
import type { Clock } from '../../engine/base/clock.ts'
import type { Json } from '../../engine/base/json.ts'
import { guardStrategy } from '../../engine/compaction/guarded-strategy.ts'
import { compactionEdit, flushEdit } from '../../engine/compaction/placement.ts'
import type { ResolvedSpec } from '../../engine/compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  FilterPolicy,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type Retention, validateSpec } from '../../engine/compaction/validate-spec.ts'
import { InlineExecutor } from '../../engine/scheduling/inline-executor.ts'
import type { JobEnded, JobExecutor } from '../../engine/scheduling/job-order.ts'
import { type PinnedSpec, pinSpec, specNow } from '../../engine/scheduling/pinned-spec.ts'
import { conflictOf } from '../../engine/scheduling/reservations.ts'
import {
  type InstallEnded,
  type JobTimes,
  type ScheduledTree,
  Scheduler,
} from '../../engine/scheduling/scheduler.ts'
import { checkRun, type Run, type RunId, tablesOf } from '../../engine/version/run.ts'
import { rawBytes, type TableId, type TableMeta } from '../../engine/version/table-meta.ts'
import { totalsOf } from '../../engine/version/totals.ts'
import { EMPTY_VERSION, type Version } from '../../engine/version/version.ts'
import {
  applyEdit,
  type TablePlacement,
  type VersionEdit,
} from '../../engine/version/version-edit.ts'
import { EvenRun, evenFactsOf } from './even-run.ts'
import type { FoundTree } from './found-tree.ts'
import { type EventPart, partOf, partsOf, type SimulatedEvent } from './simulated-event.ts'
import type { MergeContext, SimulatedOrder, SimulatedOutcome, Substance } from './simulated-job.ts'
import { type PlacedRun, type WholeRuns, wholeRunsOf, withRunsReplaced } from './whole-runs.ts'

/** A memtable to be flushed. */
interface SimulatedFlush {
  /** The tables of level 0 under the filter policy; none if no entry survives. */
  readonly make: (filter: FilterPolicy, context: MergeContext) => readonly TableMeta[]
  readonly onFlushed: () => void
}

/** A compaction that may run: of whole runs, whose result is known, or of tables. */
type SimulatedPlan =
  | { readonly spec: CompactionSpec; readonly whole: WholeRuns; readonly run: EvenRun | null }
  | {
      readonly spec: CompactionSpec
      readonly whole: null
      readonly resolved: ResolvedSpec
      /** Null where jobs run at once. */
      readonly pinned: PinnedSpec | null
      /** In which it was resolved. */
      readonly version: Version
    }

export interface SimulatedTreeOptions {
  readonly strategy: CompactionStrategy
  /** Shows the strategy the tree itself, not a copy, which saves a third of the time. */
  readonly sharesTree?: boolean
  /** Raw bytes at which a memtable is flushed: the unit of capacities. */
  readonly memtableBytes: number
  /** The tree to start from; an empty one if missing. */
  readonly start?: FoundTree | undefined
  readonly clock: Clock
  readonly retention?: Retention
  /** Who runs jobs in logical time; they run at once if missing. */
  readonly executor?: JobExecutor<SimulatedOrder, SimulatedOutcome>
  /** At most this many compactions run at a time under an executor. Default 1. */
  readonly compactionsMax?: number
  /** Called when a job of the executor has ended. */
  readonly onEnded?: () => void
  readonly onEvent?: (event: SimulatedEvent) => void
}

/** Numbers of the manifest and the log that the engine creates when it opens a folder. */
const NUMBERS_BEFORE_FIRST_FLUSH = 2
const NO_RETENTION: Retention = { maxAgeMs: null, maxBytes: null }

export class SimulatedTree
  implements ScheduledTree<SimulatedFlush, SimulatedPlan, SimulatedOutcome>
{
  version = EMPTY_VERSION
  readonly counts = { flushes: 0, merges: 0, moves: 0, drops: 0 }
  /** Raw bytes of flushed tables; below, those of merged tables by their level. */
  flushedRawBytes = 0
  readonly mergedRawBytesByLevel: number[] = []
  readonly scheduler: Scheduler<SimulatedFlush, SimulatedPlan, SimulatedOutcome>
  readonly #options: SimulatedTreeOptions
  /** Guarded, as in the engine. */
  readonly #strategy: CompactionStrategy
  readonly #substance: Substance
  readonly #executor: JobExecutor<SimulatedOrder, SimulatedOutcome>
  readonly #reads = new Map<TableId, number>()
  #lastSeq = 0
  #nextNumber = 1 + NUMBERS_BEFORE_FIRST_FLUSH
  #nextRun: RunId = 1

  constructor(options: SimulatedTreeOptions, substance: Substance) {
    const { start, executor = new InlineExecutor(({ run }) => run()), onEnded } = options
    this.#options = options
    this.#strategy = guardStrategy(options.strategy, options.sharesTree)
    this.#substance = substance
    this.#executor = executor
    this.scheduler = new Scheduler({
      tree: this,
      strategy: this.#strategy,
      state: this.#strategy.initialState,
      clock: options.clock,
      compactionsMax: options.compactionsMax ?? 1,
      wait: () => executor.wait(),
      onEnded: onEnded ?? (() => {}),
    })
    if (start === undefined) return
    this.version = start.version
    this.#nextNumber = start.nextNumber
    this.#nextRun = start.nextRun
  }

  /** The view that the strategy gets. There are no snapshots. */
  view(state: Json, inProgress: readonly CompactionSpec[]): TreeView {
    return {
      version: this.version,
      memtableBytes: this.#options.memtableBytes,
      state,
      inProgress,
      oldestSnapshotSeq: this.#lastSeq,
      nowMs: this.#options.clock.nowMs(),
      tableStats: (id) => ({ reads: this.#reads.get(id) ?? 0 }),
    }
  }

  get debtBytes(): number {
    return this.#strategy.debtBytes(this.scheduler.view())
  }

  /** Counts a lookup that read a table. */
  countRead(id: TableId): void {
    this.#reads.set(id, (this.#reads.get(id) ?? 0) + 1)
  }

  /**
   * Queues the flush of a memtable; without an executor it has been done when this returns. `make`
   * returns the tables of level 0 under the strategy's filter policy; none if no entry survives.
   */
  flush(lastSeq: number, make: SimulatedFlush['make'], onFlushed: () => void = () => {}): void {
    this.#lastSeq = lastSeq
    // The new log's number comes before the table's.
    this.#nextNumber++
    this.scheduler.flush({ make, onFlushed })
  }

  /** Compacts until nothing is due; throws `LSM_UNSAFE_COMPACTION` as the engine does. */
  compactUntilRest(lastSeq: number): void {
    this.#lastSeq = lastSeq
    this.scheduler.rest()
  }

  /** Starts the compactions that are due and may start now. */
  compact(lastSeq: number): void {
    this.#lastSeq = lastSeq
    this.scheduler.schedule()
  }

  plan(spec: CompactionSpec, running: readonly SimulatedPlan[]): SimulatedPlan | null {
    const { version } = this
    const isInline = this.#options.executor === undefined
    const whole = isInline ? this.#wholeRuns(spec) : null
    if (whole !== null) return whole
    const resolved = this.#validated(spec)
    const pinned = isInline ? null : pinSpec(version, resolved)
    const others = running.flatMap((plan) => (plan.whole === null ? (plan.pinned ?? []) : []))
    if (pinned !== null && conflictOf(version, pinned, others) !== null) return null
    return { spec, whole: null, resolved, pinned, version }
  }

  specOf(plan: SimulatedPlan): CompactionSpec {
    const isPinned = plan.whole === null && plan.pinned !== null
    return isPinned ? specNow(this.version, plan.pinned) : plan.spec
  }

  startFlush(
    { make }: SimulatedFlush,
    view: TreeView,
    id: number,
    ended: JobEnded<SimulatedOutcome>,
  ): void {
    const filter = this.#strategy.flushFilter(view)
    const context = this.#context()
    this.#executor.start(
      {
        id,
        cause: 'flush',
        table: null,
        fromLevel: -1,
        toLevel: 0,
        inputBytes: this.#options.memtableBytes,
        run: () => make(filter, context).map((table) => ({ destination: 0, table })),
      },
      ended,
    )
  }

  startCompaction(plan: SimulatedPlan, id: number, ended: JobEnded<SimulatedOutcome>): void {
    if (plan.whole !== null || plan.spec.kind !== 'merge') {
      ended([])
      return
    }
    const { resolved } = plan
    const context = this.#context()
    const { inputs, outputs } = resolved
    this.#executor.start(
      {
        id,
        cause: 'compaction',
        table: inputs[0]!.tables[0]!.id,
        fromLevel: Math.min(...inputs.map(({ level }) => level)),
        toLevel: Math.max(...outputs.map(({ level }) => level)),
        inputBytes: inputs.reduce((sum, { tables }) => sum + totalsOf(tables).bytes, 0),
        run: () => this.#substance.merge(resolved, context),
      },
      ended,
    )
  }

  installFlush(
    { onFlushed }: SimulatedFlush,
    written: SimulatedOutcome,
    _times: JobTimes,
    installed: InstallEnded,
  ): void {
    const tables = written.map(({ table }) => table)
    const edit = flushEdit(tables, () => this.#nextRun++)
    this.#install('flush', edit, null)
    this.counts.flushes++
    for (const table of tables) this.flushedRawBytes += rawBytes(table)
    onFlushed()
    installed(edit)
  }

  installCompaction(
    plan: SimulatedPlan,
    written: SimulatedOutcome,
    stateNow: () => Json | undefined,
    _times: JobTimes,
    installed: InstallEnded,
  ): void {
    const state = stateNow()
    const strategy = state === undefined ? {} : { strategy: { name: this.#strategy.name, state } }
    const { kind } = plan.spec
    const { added, noted } =
      plan.whole === null
        ? this.#installTables(plan, written, strategy)
        : this.#installRun(plan, strategy)
    if (kind === 'merge') {
      this.counts.merges++
      for (const { level, totals } of added) {
        while (this.mergedRawBytesByLevel.length <= level) this.mergedRawBytesByLevel.push(0)
        this.mergedRawBytesByLevel[level]! += totals.rawBytes
      }
    } else if (kind === 'move') this.counts.moves++
    else this.counts.drops++
    installed(noted)
  }

  #validated(spec: CompactionSpec): ResolvedSpec {
    const { clock, retention = NO_RETENTION } = this.#options
    const context = { version: this.version, inProgress: [], retention, nowMs: clock.nowMs() }
    return validateSpec(context, spec)
  }

  #installTables(
    plan: Extract<SimulatedPlan, { readonly whole: null }>,
    written: SimulatedOutcome,
    strategy: Pick<VersionEdit, 'strategy'>,
  ): Installed {
    const { spec, version } = plan
    const resolved = version === this.version ? plan.resolved : this.#validated(this.specOf(plan))
    const edit = { ...compactionEdit(resolved, written, () => this.#nextRun++), ...strategy }
    return { added: this.#install(spec.kind, edit, spec.reason), noted: edit }
  }

  /** The plan without the tables of the runs; null if they must be read. */
  #wholeRuns(spec: CompactionSpec): SimulatedPlan | null {
    if (this.#substance.mergeRuns === undefined) return null
    const whole = wholeRunsOf(this.version, spec)
    if (whole === null) return null
    const result = this.#resultOf(spec, whole)
    if (result === null) return null
    return { spec, whole, run: result === 'nothing' ? null : result }
  }

  #installRun(
    { spec, whole, run }: Extract<SimulatedPlan, { readonly whole: WholeRuns }>,
    strategy: Pick<VersionEdit, 'strategy'>,
  ): Installed {
    const { inputs, place } = whole
    const removed = inputs.map(partOf)
    const added = run === null ? [] : [partOf({ level: place.level, run })]
    this.version = withRunsReplaced(this.version, whole, run)
    if (run !== null && paranoid()) checkRun(run)
    const { kind, reason } = spec
    this.#options.onEvent?.({
      kind,
      removed,
      added,
      reason,
      get edit() {
        return { ...editOf(whole, run), ...strategy }
      },
    })
    // One table stands for all tables of a run, which come and go together.
    const noted = {
      newRuns: [],
      removed: inputs.map(standIn),
      added: run === null ? [] : [standIn({ level: place.level, run })],
    }
    return { added, noted }
  }

  #resultOf(spec: CompactionSpec, { inputs, older, place }: WholeRuns) {
    const runId = () => ('run' in place ? place.run : this.#nextRun++)
    if (spec.kind === 'move') {
      const { run } = inputs[0]!
      return run instanceof EvenRun ? run.as(runId()) : null
    }
    if (spec.kind !== 'merge') return null
    const { nowMs, allocateTableIds } = this.#context()
    const runs = inputs.map(({ run }) => run)
    const [output] = spec.outputs
    return this.#substance.mergeRuns!({
      inputs: runs,
      older,
      output: output!,
      nowMs,
      allocateTableIds,
      runId,
    })
  }

  /** Returns the parts that were added. */
  #install(
    kind: SimulatedEvent['kind'],
    edit: VersionEdit,
    reason: PickReason | null,
  ): readonly EventPart[] {
    this.version = applyEdit(this.version, edit)
    if (kind !== 'move') for (const { table } of edit.removed) this.#reads.delete(table.id)
    const added = partsOf(edit.added)
    this.#options.onEvent?.({ kind, removed: partsOf(edit.removed), added, edit, reason })
    return added
  }

  #context(): MergeContext {
    return {
      version: this.version,
      nowMs: this.#options.clock.nowMs(),
      allocateTableIds: (count) => {
        this.#nextNumber += count
        return this.#nextNumber - count
      },
    }
  }
}

/** A compaction that is now part of the version. */
interface Installed {
  readonly added: readonly EventPart[]
  /** The edit that the progress guard sees. */
  readonly noted: VersionEdit
}

function editOf({ inputs, place }: WholeRuns, result: Run | null): VersionEdit {
  const placements = ({ level, run }: PlacedRun) =>
    Array.from(tablesOf(run), (table) => ({ level, run: run.id, table }))
  const isNew = result !== null && 'after' in place
  return {
    newRuns: isNew ? [{ level: place.level, run: result.id, after: place.after }] : [],
    removed: inputs.flatMap(placements),
    added: result === null ? [] : placements({ level: place.level, run: result }),
  }
}

/** One table that stands for the whole run, with its size. */
function standIn({ level, run }: PlacedRun): TablePlacement {
  const facts = evenFactsOf(run)!
  const { bytes, entries } = run.totals
  const table = { ...facts, id: facts.firstId, bytes, entries } as unknown as TableMeta
  return { level, run: run.id, table }
}
