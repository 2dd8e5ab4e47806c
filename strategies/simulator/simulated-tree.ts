/**
 * Owns the tree of a simulation: the engine's version, edits, ids and safety rules, around tables
 * that hold no bytes. What a table is made of, and so what a merge of tables gives, is a `Substance`:
 * exact keys (`exact-substance.ts`) or expected numbers of them (`statistical-substance.ts`).
 *
 * Invariant: ids are given out in the engine's order (one counter for tables and logs), so with equal
 * tables the edits equal the engine's. Only a manifest that rolls takes a number the simulation does
 * not know of.
 */

import type { Clock } from '../../engine/base/clock.ts'
import type { Json } from '../../engine/base/json.ts'
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
import type { RunId } from '../../engine/version/run.ts'
import { rawBytes, type TableId, type TableMeta } from '../../engine/version/table-meta.ts'
import { EMPTY_VERSION, type Version } from '../../engine/version/version.ts'
import { applyEdit, type VersionEdit } from '../../engine/version/version-edit.ts'

/** What the execution of a merge may ask for. */
export interface MergeContext {
  readonly version: Version
  readonly nowMs: number
  readonly allocateTableId: () => TableId
}

/** Knows what tables are made of. */
export interface Substance {
  /** The tables of a merge in key order: survivors of the inputs, cut as the outputs say. */
  merge(resolved: ResolvedSpec, context: MergeContext): readonly WrittenTable[]
}

/** A flush, or an executed spec, as it was installed. */
export interface SimulatedEvent {
  readonly kind: 'flush' | CompactionSpec['kind']
  readonly edit: VersionEdit
  /** Null for a flush. */
  readonly reason: PickReason | null
}

export interface SimulatedTreeOptions {
  readonly strategy: CompactionStrategy
  /** Raw bytes at which a memtable is flushed: the unit of capacities. */
  readonly memtableBytes: number
  readonly clock: Clock
  readonly retention?: Retention
  readonly onEvent?: (event: SimulatedEvent) => void
}

/** Of manifest and log, which the engine creates when it opens a folder. */
const NUMBERS_BEFORE_FIRST_FLUSH = 2
const NO_RETENTION: Retention = { maxAgeMs: null, maxBytes: null }

export class SimulatedTree {
  version = EMPTY_VERSION
  readonly counts = { flushes: 0, merges: 0, moves: 0, drops: 0 }
  /** Raw bytes of flushed tables, and of merged ones by the level they went to. */
  flushedRawBytes = 0
  readonly mergedRawBytesByLevel: number[] = []
  readonly #options: SimulatedTreeOptions
  readonly #substance: Substance
  readonly #guard = new ProgressGuard()
  readonly #reads = new Map<TableId, number>()
  #state: Json
  #nextNumber = 1 + NUMBERS_BEFORE_FIRST_FLUSH
  #nextRun: RunId = 1

  constructor(options: SimulatedTreeOptions, substance: Substance) {
    this.#options = options
    this.#substance = substance
    this.#state = options.strategy.initialState
  }

  /** What the strategy sees; there are no snapshots. */
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
    return this.#options.strategy.debtBytes(this.view(0))
  }

  /** Counts a lookup that consulted a table. */
  countRead(id: TableId): void {
    this.#reads.set(id, (this.#reads.get(id) ?? 0) + 1)
  }

  /**
   * Installs what a memtable becomes, then compacts to rest. `make` gives the tables of level 0 under
   * the strategy's filter policy, none when nothing survives.
   */
  flush(
    lastSeq: number,
    make: (filter: FilterPolicy, context: MergeContext) => readonly TableMeta[],
  ): void {
    // The new log's number comes before the table's.
    this.#nextNumber++
    const filter = this.#options.strategy.flushFilter(this.view(lastSeq))
    const edit = flushEdit(make(filter, this.#context()), () => this.#nextRun++)
    this.#install({ kind: 'flush', edit, reason: null })
    this.counts.flushes++
    for (const { table } of edit.added) this.flushedRawBytes += rawBytes(table)
  }

  /** Throws `LSM_UNSAFE_COMPACTION` as the engine does. */
  compactUntilRest(lastSeq: number): void {
    this.#guard.begin(this.#options.clock.nowMs())
    for (;;) {
      const spec = this.#options.strategy.pick(this.view(lastSeq))
      if (spec === null) return
      this.#compact(spec)
    }
  }

  #compact(spec: CompactionSpec): void {
    const { clock, retention = NO_RETENTION } = this.#options
    const context = { version: this.version, inProgress: [], retention, nowMs: clock.nowMs() }
    const resolved = validateSpec(context, spec)
    const written = spec.kind === 'merge' ? this.#substance.merge(resolved, this.#context()) : []
    const edit = compactionEdit(resolved, written, () => this.#nextRun++)
    const { nextState: state, kind, reason } = spec
    this.#state = state
    const strategy = { name: this.#options.strategy.name, state }
    this.#install({ kind, edit: { ...edit, strategy }, reason })
    if (spec.kind === 'merge') {
      this.counts.merges++
      for (const { level, table } of edit.added) {
        while (this.mergedRawBytesByLevel.length <= level) this.mergedRawBytesByLevel.push(0)
        this.mergedRawBytesByLevel[level]! += rawBytes(table)
      }
    } else if (spec.kind === 'move') this.counts.moves++
    else this.counts.drops++
    this.#guard.note(edit, this.version, this.#state)
  }

  #install(event: SimulatedEvent): void {
    const { edit, kind } = event
    this.version = applyEdit(this.version, edit)
    if (kind !== 'move') for (const { table } of edit.removed) this.#reads.delete(table.id)
    this.#options.onEvent?.(event)
  }

  #context(): MergeContext {
    return {
      version: this.version,
      nowMs: this.#options.clock.nowMs(),
      allocateTableId: () => this.#nextNumber++,
    }
  }
}
