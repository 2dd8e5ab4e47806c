/** Owns the event log's vocabulary: what the engine tells of its own doings, as plain data. */

import type { PickReason } from '../compaction/strategy.ts'
import type { RunId } from '../version/run.ts'
import type { TableId } from '../version/table-meta.ts'

export interface EventSlice {
  readonly level: number
  readonly run: RunId
  readonly tables: readonly TableId[]
  readonly bytes: number
  readonly rawBytes: number
}

export interface JobEvent {
  readonly kind: 'flush' | 'merge' | 'move' | 'drop'
  readonly atMs: number
  readonly inputs: readonly EventSlice[]
  readonly outputs: readonly EventSlice[]
  /** Table-file bytes; a move reads and writes none. */
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly shadowedDropped: number
  readonly tombstonesDropped: number
  readonly reason: PickReason
}

export interface RecoveryEvent {
  readonly kind: 'recovery'
  readonly atMs: number
  readonly logs: number
  readonly batches: number
  readonly entries: number
  readonly bytesDropped: number
  /** Why replay stopped early, or null. */
  readonly damage: string | null
}

export interface StrategyChangeEvent {
  readonly kind: 'strategy-change'
  readonly atMs: number
  readonly from: string
  readonly to: string
}

export type DatabaseEvent = JobEvent | RecoveryEvent | StrategyChangeEvent
