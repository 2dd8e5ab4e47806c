/**
 * Owns the data of a run that a timeline shows, as plain data inside the page: its tables, each
 * once, and its edits in order. A table keeps its index when it moves; a merge makes new tables.
 */

import type { PickReason } from '../../engine/index.ts'

export interface TimelineDocument {
  /**
   * Every smallest and largest key of the tables of all runs, ascending, as text: the axis of keys.
   */
  readonly keys: readonly string[]
  /** One run, or two that are shown side by side. */
  readonly runs: readonly TimelineRun[]
}

export interface TimelineRun {
  readonly id: string
  readonly strategy: string
  readonly workload: string
  /** Settings that the title leaves out: 'T = 4', '100,000 records'. */
  readonly settings: readonly string[]
  readonly params: Readonly<Record<string, PickReason['values'][string]>>
  /** As typed in a shell. */
  readonly command: string
  /** Gates that the run failed, each with its line of explanation. */
  readonly failedGates: readonly { readonly name: string; readonly why: string }[]
  readonly tables: TimelineTables
  readonly edits: readonly TimelineEdit[]
}

/** Columns, one item for each table. */
export interface TimelineTables {
  /** The table's id in the engine. */
  readonly id: readonly number[]
  /** Indices into the keys. */
  readonly smallest: readonly number[]
  readonly largest: readonly number[]
  readonly bytes: readonly number[]
  readonly entries: readonly number[]
  readonly tombstones: readonly number[]
}

export interface TimelineEdit {
  readonly kind: 'flush' | 'merge' | 'move' | 'drop'
  readonly phase: string
  readonly atOperation: number
  /** User bytes put so far; interpolated linearly between two samples of the run's series. */
  readonly userBytes: number
  /**
   * Number of edits that were done when the job started. Missing in runs whose jobs run inside the
   * operations.
   */
  readonly startedAfter?: number
  readonly newRuns: readonly NewRunOf[]
  /** Indices of tables. */
  readonly removed: readonly number[]
  readonly added: readonly Placed[]
  /** Null for a flush. */
  readonly reason: PickReason | null
}

/** The new run becomes the next older one than run `after`; null: the newest of its level. */
export interface NewRunOf {
  readonly level: number
  readonly run: number
  readonly after: number | null
}

export interface Placed {
  /** Index of the table. */
  readonly table: number
  readonly level: number
  readonly run: number
}
