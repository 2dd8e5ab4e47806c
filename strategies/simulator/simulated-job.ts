/**
 * Owns what a job of a simulation is: what the tables consist of, what its work may use, and the
 * order that an executor gets. Types only.
 */

import type { WrittenTable } from '../../engine/compaction/placement.ts'
import type { ResolvedSpec } from '../../engine/compaction/resolved-spec.ts'
import type { TableId } from '../../engine/version/table-meta.ts'
import type { Version } from '../../engine/version/version.ts'
import type { RunMerge } from './even-merge.ts'
import type { EvenRun } from './even-run.ts'

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

/** A job that an executor runs: what it reads and writes, and its work. */
export interface SimulatedOrder {
  /** Ascends in the order in which jobs were queued. */
  readonly id: number
  readonly cause: 'flush' | 'compaction'
  /** One of the tables that it reads; null for a flush. */
  readonly table: TableId | null
  /** The newest level that it reads; −1 for a flush. */
  readonly fromLevel: number
  /** The oldest level that it writes to. */
  readonly toLevel: number
  /** Stored bytes of the tables, or raw bytes of the memtable, that it reads. */
  readonly inputBytes: number
  readonly run: () => SimulatedOutcome
}

/** The tables that a job has written, in key order. */
export type SimulatedOutcome = readonly WrittenTable[]
