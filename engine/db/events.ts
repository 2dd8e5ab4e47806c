/** Owns the event log's vocabulary: what the engine tells of its own doings, as plain data. */

import type { PickReason } from '../compaction/strategy.ts'
import type { RunId } from '../version/run.ts'
import { rawBytes, type TableId } from '../version/table-meta.ts'
import type { TablePlacement, VersionEdit } from '../version/version-edit.ts'

/** Tables of one run that a job read or wrote: numbers, and sums in bytes. */
export interface EventSlice {
  readonly level: number
  readonly run: RunId
  readonly tables: readonly TableId[]
  readonly bytes: number
  readonly rawBytes: number
}

/** A flush or a compaction that was installed. */
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
  /** What was installed, without the manifest's counters: replayed, the edits give every version. */
  readonly edit: VersionEdit
}

/** Writes that are missing though no crash can explain it. */
export interface LostWrites {
  /** The first sequence number that is not brought back. */
  readonly seqFrom: number
  /** The newest sequence number known to have been written; null where it is unknown. */
  readonly seqTo: number | null
  /** Names under which an open keeps the files that may hold them; nothing reads or removes these. */
  readonly files: readonly string[]
}

/** What an open replays from the logs, and what it cannot. */
export interface ReplayReport {
  readonly logs: number
  readonly batches: number
  readonly entries: number
  /** Bytes of logs that are not brought back. */
  readonly bytesDropped: number
  /** The first fault found, or null. */
  readonly damage: string | null
  /** Null after a clean close or a crash: a crash takes only the last writes that were not synced. */
  readonly lost: LostWrites | null
}

export interface RecoveryEvent extends ReplayReport {
  readonly kind: 'recovery'
  readonly atMs: number
}

export interface StrategyChangeEvent {
  readonly kind: 'strategy-change'
  readonly atMs: number
  readonly from: string
  readonly to: string
}

/** A segment of the value log was cleaned: its live values were appended anew. */
export interface CollectEvent {
  readonly kind: 'collect'
  readonly atMs: number
  readonly segment: number
  readonly records: number
  readonly recordsMoved: number
  readonly bytesRead: number
  /** Record bytes appended anew. */
  readonly bytesMoved: number
  readonly reason: PickReason
}

/** All that `onEvent` is called with, told apart by `kind`. */
export type DatabaseEvent = CollectEvent | JobEvent | RecoveryEvent | StrategyChangeEvent

/** Placements grouped by run, in their order. */
export function slicesOf(placements: readonly TablePlacement[]): readonly EventSlice[] {
  const byRun = Map.groupBy(placements, ({ level, run }) => `${level}/${run}`)
  return Array.from(byRun.values(), (group) => ({
    level: group[0]!.level,
    run: group[0]!.run,
    tables: group.map(({ table }) => table.id),
    bytes: group.reduce((sum, { table }) => sum + table.bytes, 0),
    rawBytes: group.reduce((sum, { table }) => sum + rawBytes(table), 0),
  }))
}
