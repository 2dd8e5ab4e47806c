/**
 * Owns what a job is: an order says everything that a flush or a merge needs, and an outcome says
 * what it wrote. Both are data that can be sent to another thread; nothing in them calls back.
 *
 * Invariant: an order depends only on the tree, the snapshots and the time at which it was made. So
 * its outcome is right whatever is committed or installed while the job runs: later writes and
 * snapshots are newer than all that the job reads, and reservations keep other jobs away from its
 * tables and its place (`reservations.ts`).
 */

import { keyBytesOf } from '../base/internal-cursor.ts'
import type { SeqNum } from '../base/internal-key.ts'
import { ALL_KEYS, type DroppedEntries, type SourceKeys } from '../compaction/merge-rules.ts'
import { olderRanges, united } from '../compaction/older-ranges.ts'
import { type Ancestry, ancestryOf, type WrittenTable } from '../compaction/placement.ts'
import type { ResolvedOutput, ResolvedSpec } from '../compaction/resolved-spec.ts'
import type { FilterPolicy } from '../compaction/strategy.ts'
import type { Destination } from '../compaction/table-outputs.ts'
import type { ValueMoves } from '../compaction/value-relocation.ts'
import type { MemTable, SharedMemTable } from '../memtable/memtable.ts'
import type { SlowCall } from '../storage/slow-call.ts'
import { hull, type KeyRange } from '../version/key-range.ts'
import type { SealedSegment } from '../version/segment-meta.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'

/** Tables of one run, in key order. */
export interface JobRun {
  readonly level: number
  readonly tables: readonly TableMeta[]
}

/** Everything that a flush or a merge needs. It can be sent to another thread. */
export interface JobOrder {
  /** Ascends in the order in which orders are made. */
  readonly id: number
  readonly cause: 'flush' | 'compaction'
  /** Sequence numbers of live snapshots, ascending. */
  readonly snapshots: readonly SeqNum[]
  readonly ancestry: Ancestry
  /** A memtable, or runs, newest first. */
  readonly source: { readonly memtable: SharedMemTable } | { readonly runs: readonly JobRun[] }
  /** Only these keys of the source are read. */
  readonly keys: SourceKeys
  readonly destinations: readonly Destination[]
  /** Null: no values are moved. */
  readonly values: ValueMoves | null
}

/** What a job has written. It becomes part of the tree when it is installed. */
export interface JobOutcome {
  /** In key order, durable, and so are their names. */
  readonly written: readonly WrittenTable[]
  /** New segments that hold moved values, durable, and so are their names. */
  readonly sealed: readonly SealedSegment[]
  readonly dropped: DroppedEntries
  /** Record bytes of moved values. */
  readonly movedBytes: number
}

/** Called exactly once for each job, with its outcome or the reason for its failure. */
export type JobEnded<Outcome = JobOutcome> = (result: Outcome | Error) => void

/** Called exactly once for each slow call. */
export type CallEnded = (failure: Error | null) => void

/** Runs jobs: at once, in other threads, or in logical time. */
export interface JobExecutor<Order = JobOrder, Outcome = JobOutcome> {
  /**
   * Runs the job and calls `ended`, before this returns or later. An order that an executor cannot
   * run ends with an error too; `start` itself does not throw.
   */
  start(order: Order, ended: JobEnded<Outcome>): void
  /**
   * Makes a slow call on the database's storage beside other work, and calls `ended` with its
   * failure or null. Calls are made one after another, in the order in which they were asked for.
   * Missing where nothing runs beside the database's thread: then the database makes them itself.
   */
  makeCall?(call: SlowCall, ended: CallEnded): void
  /** Blocks until a running job has ended, or a call was made, and its `ended` was called. */
  wait(): void
  /**
   * Calls `ended` of jobs that have ended and of calls that were made, without blocking. A loop of
   * writes that never lets the event loop turn would not hear of them otherwise. Missing where
   * `ended` is never late.
   */
  poll?(): void
  /** Gives up what still runs: its `ended` is not called. Idempotent. */
  close(): void
}

/** What an order takes from the database at the moment when it is made. */
export interface OrderContext {
  readonly id: number
  readonly version: Version
  readonly snapshots: readonly SeqNum[]
  readonly nowMs: number
}

/**
 * The order to write a memtable as tables of level 0. `olderMemtables` are not flushed yet: a
 * deletion must not be dropped while one of them may hold its key.
 */
export function flushOrder(
  { id, version, snapshots, nowMs }: OrderContext,
  memtable: MemTable,
  olderMemtables: readonly MemTable[],
  { bitsPerKey }: FilterPolicy,
): JobOrder {
  return {
    id,
    cause: 'flush',
    snapshots,
    ancestry: {
      createdAtMs: nowMs,
      oldestWriteAtMs: memtable.firstWriteAtMs ?? nowMs,
      oldestTombstoneAtMs: memtable.firstTombstoneAtMs,
    },
    source: { memtable: memtable.share() },
    keys: ALL_KEYS,
    destinations: [
      {
        level: 0,
        fromKey: null,
        targetTableBytes: null,
        cutKeys: [],
        softCuts: null,
        bitsPerKey,
        olderRanges: olderThanMemtable(version, memtable, olderMemtables),
      },
    ],
    values: null,
  }
}

function olderThanMemtable(
  version: Version,
  memtable: MemTable,
  olderMemtables: readonly MemTable[],
): readonly KeyRange[] {
  // Without tombstones nothing asks what older tables hold.
  if (memtable.tombstones === 0) return []
  const inTables = olderRanges(version, -1, new Set(), rangeOf(memtable))
  return united([...inTables, ...olderMemtables.filter(({ isEmpty }) => !isEmpty).map(rangeOf)])
}

/** The order to carry out a merge that was resolved against the context's version. */
export function mergeOrder(
  { id, version, snapshots, nowMs }: OrderContext,
  { inputs, inputIds, outputs }: ResolvedSpec,
  values: ValueMoves | null,
): JobOrder {
  const newestFirst = inputs.toSorted((a, b) => a.position - b.position)
  const tables = inputs.flatMap((input) => input.tables)
  const range = tables.some((table) => table.tombstones > 0) ? hull(tables) : null
  return {
    id,
    cause: 'compaction',
    snapshots,
    ancestry: ancestryOf({ inputs }, nowMs),
    source: { runs: newestFirst.map(({ level, tables }) => ({ level, tables })) },
    keys: ALL_KEYS,
    destinations: outputs.map((output) => ({
      level: output.level,
      fromKey: output.fromKey,
      targetTableBytes: output.targetTableBytes,
      cutKeys: output.cutKeys,
      softCuts: output.softCuts,
      bitsPerKey: output.filter?.bitsPerKey ?? 0,
      olderRanges: range === null ? [] : olderThan(version, output, inputIds, range),
    })),
    values,
  }
}

/** Ranges older than the output, within the part of `range` that goes to it. */
function olderThan(
  version: Version,
  { position, fromKey, toKey }: ResolvedOutput,
  inputIds: ReadonlySet<TableId>,
  { smallest, largest }: KeyRange,
): readonly KeyRange[] {
  const within = { smallest: fromKey ?? smallest, largest: toKey ?? largest }
  return olderRanges(version, position, inputIds, within)
}

/** The range of the memtable's keys and deleted ranges; it must not be empty. Owned. */
function rangeOf(memtable: MemTable): KeyRange {
  const ranges: KeyRange[] = []
  const cursor = memtable.cursor()
  cursor.seekToFirst()
  if (cursor.valid) {
    const smallest = keyBytesOf(cursor)
    cursor.seekToLast()
    ranges.push({ smallest, largest: keyBytesOf(cursor) })
  }
  for (const { from, to } of memtable.rangeDeletions?.fragments ?? []) {
    ranges.push({ smallest: from, largest: to, isOpen: true })
  }
  return hull(ranges)!
}
