/**
 * Owns the events that the engine reports to `onEvent`, as plain data. The same events are
 * published on channels (`channels.ts`).
 */

import type { PickReason } from '../compaction/strategy.ts'
import type { StallEvent } from '../scheduling/stall-log.ts'
import type { RunId } from '../version/run.ts'
import { rawBytes, type TableId } from '../version/table-meta.ts'
import type { TablePlacement, VersionEdit } from '../version/version-edit.ts'

/** Tables of one run, in key order. Sizes are sums over them. */
export interface EventSlice {
  readonly level: number
  readonly run: RunId
  readonly tables: readonly TableId[]
  readonly bytes: number
  readonly rawBytes: number
}

/** A flush or compaction was installed. */
export interface JobEvent {
  readonly kind: 'flush' | 'merge' | 'move' | 'drop'
  readonly atMs: number
  readonly inputs: readonly EventSlice[]
  readonly outputs: readonly EventSlice[]
  /** Bytes of table files; 0 for a move. */
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly shadowedDropped: number
  readonly tombstonesDropped: number
  readonly reason: PickReason
  /**
   * The installed edit, without the manifest's counters. All edits, those of ingests included,
   * applied in order, give every version of the tree.
   */
  readonly edit: VersionEdit
}

/** Tables from outside became the newest run of level 0. `bytesRead` are those of their files. */
export interface IngestEvent extends Omit<JobEvent, 'kind'> {
  readonly kind: 'ingest'
}

/** Writes that are missing though no crash can explain it. */
export interface LostWrites {
  /** The first sequence number that is not brought back. */
  readonly seqFrom: number
  /**
   * The newest sequence number known to have been written; null where it is unknown. With
   * `skip-any-corrupted` the last one that is missing: intact writes before and behind it come
   * back, with lower numbers.
   */
  readonly seqTo: number | null
  /**
   * Names under which an open keeps the files that may hold them; nothing reads or removes these.
   */
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
  /**
   * Null after a clean close or a crash: a crash takes only the last writes that were not synced.
   */
  readonly lost: LostWrites | null
}

/** An open found logs to replay, or damage. */
export interface RecoveryEvent extends ReplayReport {
  readonly kind: 'recovery'
  readonly atMs: number
}

/** The folder was written under another strategy or other parameters before. */
export interface StrategyChangeEvent {
  readonly kind: 'strategy-change'
  readonly atMs: number
  readonly from: string
  readonly to: string
}

/** A segment of the value log was collected: its live values were appended to other segments. */
export interface CollectEvent {
  readonly kind: 'collect'
  readonly atMs: number
  readonly segment: number
  readonly records: number
  readonly recordsMoved: number
  readonly bytesRead: number
  /** Record bytes of the values that were moved. */
  readonly bytesMoved: number
  readonly reason: PickReason
}

/** Calls that are watched. Cursors are not: their moves belong to the caller's loop. */
export type WatchedOperation =
  | ('get' | 'has' | 'getMany' | 'scan')
  | ('put' | 'delete' | 'deleteRange' | 'write' | 'writeSync')
  | ('flush' | 'compact' | 'collectValueLog')
  | `transaction.${WatchedInTransaction}`

/** Calls of a transaction that are watched: its reads and its commits. */
export type WatchedInTransaction = 'get' | 'has' | 'getMany' | 'scan' | 'commit' | 'commitSync'

/**
 * A call took at least `slowOperationMs`. The counts are what the database did from its begin to
 * its end: where other calls or jobs ran meanwhile, they count too.
 */
export interface SlowOperationEvent {
  readonly kind: 'slow-operation'
  /** When it ended. */
  readonly atMs: number
  readonly operation: WatchedOperation
  /** Of a scan only the time inside its calls, without the caller's. */
  readonly tookMs: number
  readonly runsProbed: number
  /** Filters that answered that a table does not hold the key. */
  readonly filterNegatives: number
  /** Blocks and values of the value log, from the block cache and from storage. */
  readonly blocksFromCache: number
  readonly blocksFromStorage: number
  readonly bytesFromStorage: number
  /** Milliseconds for which writers were held. */
  readonly stallMs: number
  /** Flushes and merges that were installed. */
  readonly jobs: number
}

/** Everything that `onEvent` is called with; `kind` says which it is. */
export type DatabaseEvent =
  | CollectEvent
  | IngestEvent
  | JobEvent
  | RecoveryEvent
  | SlowOperationEvent
  | StallEvent
  | StrategyChangeEvent

/** Groups placements by run; their order is kept. */
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
