/**
 * Owns the tree of a simulation: the engine's version, edits, ids and safety rules, for tables that
 * hold no bytes. A `Substance` says what tables consist of, and so what a merge gives: exact keys
 * (`exact-substance.ts`) or expected numbers of keys (`statistical-substance.ts`).
 *
 * Invariant: ids are given out in the engine's order (one counter for tables and logs), so with
 * equal tables the edits equal the engine's. The exception is a manifest that rolls, which takes a
 * number of its own in the engine.
 */

import { paranoid } from '../../engine/base/assert.ts'
import type { Clock } from '../../engine/base/clock.ts'
import type { Json } from '../../engine/base/json.ts'
import { guardStrategy } from '../../engine/compaction/guarded-strategy.ts'
import { compactionEdit, flushEdit, type WrittenTable } from '../../engine/compaction/placement.ts'
import { ProgressGuard } from '../../engine/compaction/progress-guard.ts'
import type { ResolvedSpec } from '../../engine/compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  FilterPolicy,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type Retention, validateSpec } from '../../engine/compaction/validate-spec.ts'
import {
  checkRun,
  type Run,
  type RunId,
  type Totals,
  tablesOf,
  totalsOf,
} from '../../engine/version/run.ts'
import { rawBytes, type TableId, type TableMeta } from '../../engine/version/table-meta.ts'
import { EMPTY_VERSION, type Version } from '../../engine/version/version.ts'
import {
  applyEdit,
  type TablePlacement,
  type VersionEdit,
} from '../../engine/version/version-edit.ts'
import type { RunMerge } from './even-merge.ts'
import { EvenRun, evenFactsOf, type StoredBytes, storedBytesOf } from './even-run.ts'
import type { FoundTree } from './found-tree.ts'
import { type PlacedRun, type WholeRuns, wholeRunsOf, withRunsReplaced } from './whole-runs.ts'

/** What the execution of a merge may use. */
export interface MergeContext {
  readonly version: Version
  readonly nowMs: number
  /** Returns the first of `count` consecutive ids. */
  readonly allocateTableIds: (count: number) => TableId
}

/** What tables consist of. */
export interface Substance {
  /** The tables of a merge in key order: the surviving entries, cut as the outputs say. */
  merge(resolved: ResolvedSpec, context: MergeContext): readonly WrittenTable[]
  /** Merges whole runs without reading their tables; null if the tables must be read. */
  mergeRuns?(merge: RunMerge): EvenRun | 'nothing' | null
}

/** Tables of one run that an edit removed or added. */
export interface EventPart {
  readonly level: number
  readonly run: RunId
  readonly totals: Totals
  readonly stored: StoredBytes
}

/** An installed flush or compaction. */
export interface SimulatedEvent {
  readonly kind: 'flush' | CompactionSpec['kind']
  readonly removed: readonly EventPart[]
  readonly added: readonly EventPart[]
  /** The edit, table by table. Reading it opens whole runs, which is slow. */
  readonly edit: VersionEdit
  /** Null for a flush. */
  readonly reason: PickReason | null
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
  readonly onEvent?: (event: SimulatedEvent) => void
}

/** Numbers of the manifest and the log that the engine creates when it opens a folder. */
const NUMBERS_BEFORE_FIRST_FLUSH = 2
const NO_RETENTION: Retention = { maxAgeMs: null, maxBytes: null }

export class SimulatedTree {
  version = EMPTY_VERSION
  readonly counts = { flushes: 0, merges: 0, moves: 0, drops: 0 }
  /** Raw bytes of flushed tables; below, those of merged tables by their level. */
  flushedRawBytes = 0
  readonly mergedRawBytesByLevel: number[] = []
  readonly #options: SimulatedTreeOptions
  /** Guarded, as in the engine. */
  readonly #strategy: CompactionStrategy
  readonly #substance: Substance
  readonly #guard = new ProgressGuard()
  readonly #reads = new Map<TableId, number>()
  #state: Json
  #nextNumber = 1 + NUMBERS_BEFORE_FIRST_FLUSH
  #nextRun: RunId = 1

  constructor(options: SimulatedTreeOptions, substance: Substance) {
    this.#options = options
    this.#strategy = guardStrategy(options.strategy, options.sharesTree)
    this.#substance = substance
    this.#state = this.#strategy.initialState
    const { start } = options
    if (start === undefined) return
    this.version = start.version
    this.#nextNumber = start.nextNumber
    this.#nextRun = start.nextRun
  }

  /** The view that the strategy gets. There are no snapshots. */
  view(lastSeq: number): TreeView {
    return {
      version: this.version,
      memtableBytes: this.#options.memtableBytes,
      state: this.#state,
      inProgress: [],
      oldestSnapshotSeq: lastSeq,
      nowMs: this.#options.clock.nowMs(),
      tableStats: (id) => ({ reads: this.#reads.get(id) ?? 0 }),
    }
  }

  get debtBytes(): number {
    return this.#strategy.debtBytes(this.view(0))
  }

  /** Counts a lookup that read a table. */
  countRead(id: TableId): void {
    this.#reads.set(id, (this.#reads.get(id) ?? 0) + 1)
  }

  /**
   * Flushes a memtable, then compacts until nothing is due. `make` returns the tables of level 0
   * under the strategy's filter policy; none if no entry survives.
   */
  flush(
    lastSeq: number,
    make: (filter: FilterPolicy, context: MergeContext) => readonly TableMeta[],
  ): void {
    // The new log's number comes before the table's.
    this.#nextNumber++
    const filter = this.#strategy.flushFilter(this.view(lastSeq))
    const edit = flushEdit(make(filter, this.#context()), () => this.#nextRun++)
    this.#install('flush', edit, null)
    this.counts.flushes++
    for (const { table } of edit.added) this.flushedRawBytes += rawBytes(table)
  }

  /** Compacts until nothing is due; throws `LSM_UNSAFE_COMPACTION` as the engine does. */
  compactUntilRest(lastSeq: number): void {
    this.#guard.begin(this.#options.clock.nowMs())
    for (;;) {
      const spec = this.#strategy.pick(this.view(lastSeq))
      if (spec === null) return
      this.#compact(spec)
    }
  }

  #compact(spec: CompactionSpec): void {
    const done = this.#compactRuns(spec) ?? this.#compactTables(spec)
    const { kind } = spec
    this.#state = spec.nextState
    if (kind === 'merge') {
      this.counts.merges++
      for (const { level, totals } of done.added) {
        while (this.mergedRawBytesByLevel.length <= level) this.mergedRawBytesByLevel.push(0)
        this.mergedRawBytesByLevel[level]! += totals.rawBytes
      }
    } else if (kind === 'move') this.counts.moves++
    else this.counts.drops++
    this.#guard.note(done.noted, this.version, this.#state)
  }

  #compactTables(spec: CompactionSpec): Installed {
    const { clock, retention = NO_RETENTION } = this.#options
    const context = { version: this.version, inProgress: [], retention, nowMs: clock.nowMs() }
    const resolved = validateSpec(context, spec)
    const written = spec.kind === 'merge' ? this.#substance.merge(resolved, this.#context()) : []
    const bare = compactionEdit(resolved, written, () => this.#nextRun++)
    const edit = { ...bare, strategy: this.#strategyAfter(spec) }
    return { added: this.#install(spec.kind, edit, spec.reason), noted: edit }
  }

  /** Null if the tables must be read, because of the spec or of the runs' contents. */
  #compactRuns(spec: CompactionSpec): Installed | null {
    if (this.#substance.mergeRuns === undefined) return null
    const whole = wholeRunsOf(this.version, spec)
    if (whole === null) return null
    const result = this.#resultOf(spec, whole)
    if (result === null) return null
    const run = result === 'nothing' ? null : result
    const { inputs, place } = whole
    const removed = inputs.map(partOf)
    const added = run === null ? [] : [partOf({ level: place.level, run })]
    this.version = withRunsReplaced(this.version, whole, run)
    if (run !== null && paranoid()) checkRun(run)
    const strategy = this.#strategyAfter(spec)
    const { kind, reason } = spec
    this.#options.onEvent?.({
      kind,
      removed,
      added,
      reason,
      get edit() {
        return { ...editOf(whole, run), strategy }
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

  #strategyAfter({ nextState: state }: CompactionSpec) {
    return { name: this.#strategy.name, state }
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

function partOf({ level, run }: PlacedRun): EventPart {
  const stored = run instanceof EvenRun ? run.stored : storedBytesOf(tablesOf(run))
  return { level, run: run.id, totals: run.totals, stored }
}

/** The placements grouped by run, in the order of the edit. */
function partsOf(placements: readonly TablePlacement[]): readonly EventPart[] {
  const parts: EventPart[] = []
  for (let from = 0; from < placements.length; ) {
    const { level, run } = placements[from]!
    let to = from + 1
    while (to < placements.length && placements[to]!.run === run) to++
    const tables = placements.slice(from, to).map(({ table }) => table)
    parts.push({ level, run, totals: totalsOf(tables), stored: storedBytesOf(tables) })
    from = to
  }
  return parts
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
