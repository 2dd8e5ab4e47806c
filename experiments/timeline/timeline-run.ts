/**
 * Owns what a timeline knows of a run, as plain data that travels inside the page: its tables, each
 * once, and its edits in order. A table keeps its index through moves; a merge makes new ones.
 */

import type { PickReason } from '../../engine/index.ts'

export interface TimelineDocument {
  /** Every smallest and largest key of any run's tables, ascending, as text: the axis of keys. */
  readonly keys: readonly string[]
  /** One, or two to be seen side by side. */
  readonly runs: readonly TimelineRun[]
}

export interface TimelineRun {
  readonly id: string
  readonly strategy: string
  readonly workload: string
  /** 'T = 4', '100,000 records': what a title leaves out. */
  readonly settings: readonly string[]
  readonly params: Readonly<Record<string, PickReason['values'][string]>>
  /** As typed in a shell. */
  readonly command: string
  /** Gates the run failed, each with its line of why. */
  readonly failedGates: readonly { readonly name: string; readonly why: string }[]
  readonly tables: TimelineTables
  readonly edits: readonly TimelineEdit[]
}

/** Columns, one item a table. */
export interface TimelineTables {
  /** As the engine numbers it. */
  readonly id: readonly number[]
  /** Indices of keys. */
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
  /** Put so far; between two samples of the run's series it is taken to grow evenly. */
  readonly userBytes: number
  readonly newRuns: readonly NewRunOf[]
  /** Indices of tables. */
  readonly removed: readonly number[]
  readonly added: readonly Placed[]
  /** Null for a flush. */
  readonly reason: PickReason | null
}

/** Next older than run `after`; null: the newest of its level. */
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
