/**
 * THE SEAM: the interface of a compaction strategy to the engine, the simulator and the model. Pure
 * types.
 *
 * A strategy sees a `TreeView` (data only: no I/O, clock or randomness) and answers with a
 * `CompactionSpec` or null. Equal views give equal picks. The strategy decides capacities, triggers
 * and layouts. The engine is responsible for safety: it validates every spec (`validate-spec.ts`),
 * decides alone which versions and tombstones may be dropped, and installs results itself.
 */

import type { Json } from '../base/json.ts'
import type { RunId } from '../version/run.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'

/** A compaction strategy: when to merge, what, and where the result goes. Every member is pure. */
export interface CompactionStrategy<State extends Json = Json> {
  readonly name: string
  /** The state before the first edit. */
  readonly initialState: State
  /** The next compaction that is due, or null if none is. Pure. */
  pick(view: TreeView<State>): CompactionSpec<State> | null
  /** Urgency per level, for scheduling and display: ≥ 1 means due. */
  score(view: TreeView<State>): readonly LevelScore[]
  /** Estimate of the bytes that merges still have to write until nothing is due. */
  debtBytes(view: TreeView<State>): number
  /** When writers slow down and stop, for this strategy's tree shape. */
  stallLimits(view: TreeView<State>): StallLimits
  /** Logical time (ms) of the next pick that becomes due only because time passes, or null. */
  nextDueAt(view: TreeView<State>): number | null
  /** The filter of tables that a flush writes. */
  flushFilter(view: TreeView<State>): FilterPolicy
}

/** What a strategy sees: the tree at one moment, as data. It must not be changed. */
export interface TreeView<State extends Json = Json> {
  readonly version: Version
  /**
   * Capacity of a memtable in raw bytes (user keys + values). It is the unit of level capacities.
   */
  readonly memtableBytes: number
  readonly state: State
  /** Specs being executed now. Their inputs may not be picked. */
  readonly inProgress: readonly CompactionSpec[]
  /**
   * The oldest seq at which a live snapshot may read, or the newest committed seq if there is none.
   */
  readonly oldestSnapshotSeq: number
  /** Time of the injected clock, ms. */
  readonly nowMs: number
  /** Volatile counters per table; they are zero after a reopen. */
  tableStats(id: TableId): TableStats
}

/** What is counted per table while the database is open. */
export interface TableStats {
  /** Number of point lookups and seeks that consulted the table. */
  readonly reads: number
}

/** How urgent a compaction out of a level is: 1 or more means due. */
export interface LevelScore {
  readonly level: number
  readonly score: number
}

/** At how many level-0 runs writers slow down and stop. `Infinity`: never. */
export interface StallLimits {
  /** Writers are delayed from this many level-0 runs on … */
  readonly slowdownRuns: number
  /** … and wait from this many on. */
  readonly stopRuns: number
}

/**
 * Refers to a table by id and key, so that it is found without a walk. Every `TableMeta` is one.
 */
export type TableRef = Pick<TableMeta, 'id' | 'smallest'>

/** A contiguous slice of one run's tables, in key order; 'all' means all tables. */
export interface InputSlice {
  readonly level: number
  readonly run: RunId
  readonly tables: readonly TableRef[] | 'all'
}

/**
 * A new run placed after (older than) run `after` of the level (null: the level's newest), or an
 * existing run.
 */
export type OutputPlace =
  | { readonly level: number; readonly after: RunId | null }
  | { readonly level: number; readonly run: RunId }

/** What filter the tables of an output get. */
export interface FilterPolicy {
  /** Bits per distinct user key; 0 means no filter. */
  readonly bitsPerKey: number
}

/** One destination of a merge, and how its tables are cut. */
export interface MergeOutput {
  readonly place: OutputPlace
  /** First user key of this output; null for the first output. Outputs ascend by it. */
  readonly fromKey: Uint8Array | null
  /** A table ends when its raw bytes reach this. Null means one table, whatever its size. */
  readonly targetTableBytes: number | null
  /**
   * Ascending user keys at which a table must end: no table holds keys on both sides of such a key.
   */
  readonly cutKeys: readonly Uint8Array[]
  /** Keys at which a table may end early. Null or missing: there are none. */
  readonly softCuts?: SoftCuts | null
  readonly filter: FilterPolicy
}

/**
 * Keys at which a table may end before it is full. They are the borders of the tables that lie one
 * level deeper: a table that ends at such a border overlaps fewer of them, so the later merge of
 * that table rewrites less (RocksDB PR 10655, `CompactionOutputs::ShouldStopBefore`; Pebble PR
 * 2316).
 *
 * An entry crosses a soft key if the key is at or before the entry's user key and after the user
 * key of the previous entry. The rules below are asked only before an entry that crosses at least
 * one soft key. Keys outside of the output's range are harmless. `primitives/soft-cuts.ts` of the
 * strategies makes soft cuts from tables.
 */
export interface SoftCuts {
  /**
   * Ascending user keys; neighbours may be equal. A deeper table gives two of them: its first key,
   * and the key directly after its last one.
   */
  readonly keys: readonly Uint8Array[]
  /** For each key: the raw bytes of the deeper table that begins there; 0 where one ends. */
  readonly overlapBytes: readonly number[]
  /**
   * A table that has crossed n soft keys ends if its raw bytes reach `endsFrom[n - 1]`. The last
   * value holds for every larger n. Values ascend, so that a table that has found many borders
   * waits longer for the next one.
   */
  readonly endsFrom: readonly number[]
  /**
   * A table ends if its raw bytes, and those of the deeper tables that it would overlap with the
   * next entry, exceed this together. Null: never.
   */
  readonly overlapBytesMax: number | null
  /**
   * A table ends if the next entry skips a whole deeper table and the overlap would grow by more
   * than this. An entry skips a table if it crosses at least three soft keys, or two if it lies
   * between two deeper tables. Null: never.
   */
  readonly skippedBytesMin: number | null
}

/** Why a spec was picked: the trigger's formula, and the values that made it true. */
export interface PickReason {
  readonly trigger: string
  /** For example 'runs ≥ T'. */
  readonly formula: string
  /** For example { level: 1, runs: 4, T: 4 }. */
  readonly values: Readonly<Record<string, number | string>>
}

/** Merges all inputs and writes the entries that survive to the outputs. */
export interface MergeSpec<State extends Json = Json> {
  readonly kind: 'merge'
  readonly inputs: readonly InputSlice[]
  readonly outputs: readonly MergeOutput[]
  readonly nextState: State
  readonly reason: PickReason
}

/** Places whole tables elsewhere in the tree, without rewriting them. */
export interface MoveSpec<State extends Json = Json> {
  readonly kind: 'move'
  readonly inputs: readonly InputSlice[]
  readonly place: OutputPlace
  readonly nextState: State
  readonly reason: PickReason
}

/** Drops tables with their data. Allowed only under the database's retention option. */
export interface DropSpec<State extends Json = Json> {
  readonly kind: 'drop'
  readonly inputs: readonly InputSlice[]
  readonly nextState: State
  readonly reason: PickReason
}

/** What `pick` answers. The engine checks every spec before it touches anything. */
export type CompactionSpec<State extends Json = Json> =
  | MergeSpec<State>
  | MoveSpec<State>
  | DropSpec<State>
