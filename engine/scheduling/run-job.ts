/**
 * Owns the execution of a job: from an order to written tables. A job only writes new files. What
 * it wrote becomes part of the tree when the scheduler installs it, so a failed job changes
 * nothing, and removes the files that it wrote.
 */

import type { InternalCursor } from '../base/internal-cursor.ts'
import { RangeDeletions } from '../base/range-deletions.ts'
import { writeSurvivors } from '../compaction/merge-rules.ts'
import { SurvivingRanges } from '../compaction/surviving-ranges.ts'
import { type CreateTable, TableOutputs } from '../compaction/table-outputs.ts'
import type { ValueMoves, ValueRelocation } from '../compaction/value-relocation.ts'
import { MergingCursor } from '../iterators/merging-cursor.ts'
import { RunCursor } from '../iterators/run-cursor.ts'
import { MemTable } from '../memtable/memtable.ts'
import type { SlowCall } from '../storage/slow-call.ts'
import { runOf } from '../version/run.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import type { JobOrder, JobOutcome } from './job-order.ts'

/** What a job uses in the thread that runs it. */
export interface JobRoom {
  readonly createTable: CreateTable
  /**
   * Returns a function that opens the tables of one run of a level, one after another, on the
   * compaction's account.
   */
  readonly openRun: (level: number) => (table: TableMeta) => InternalCursor
  /** The range deletions of a table of a level; null if it has none. */
  readonly rangeDeletions: (level: number, table: TableMeta) => RangeDeletions | null
  /** Removes a table that was not finished or not installed. Errors are ignored. */
  readonly removeTable: (id: TableId) => void
  readonly relocation: (moves: ValueMoves) => ValueRelocation
  /** Makes the names of new files durable. */
  readonly syncFolder: () => void
  /** Called when a job has ended: nothing uses its cursors any more. */
  readonly ended: () => void
  /** Makes a call that is no job. */
  readonly makeCall: (call: SlowCall) => void
}

/** Carries out the order. Throws what the storage throws, and `LSM_CORRUPTION`. */
export function runJob(order: JobOrder, room: JobRoom): JobOutcome {
  const outcome = writeFiles(order, room)
  if (writesFiles(outcome)) room.syncFolder()
  return outcome
}

/** Whether a job has written files, and so made their names durable. */
export function writesFiles({ written, sealed }: JobOutcome): boolean {
  return written.length > 0 || sealed.length > 0
}

/** Removes what was written if it fails. */
function writeFiles(order: JobOrder, room: JobRoom): JobOutcome {
  const relocation = order.values === null ? null : room.relocation(order.values)
  const { snapshots, keys } = order
  let outputs: TableOutputs | null = null
  try {
    const deletions = deletionsOf(order, room)
    const ranges = deletions === null ? null : new SurvivingRanges(deletions, snapshots, keys)
    outputs = new TableOutputs(
      order.destinations,
      order.cause,
      room.createTable,
      order.ancestry,
      relocation,
      ranges,
    )
    const entries = writeSurvivors(sourceOf(order, room), snapshots, outputs, keys, deletions)
    const written = outputs.finish()
    const { shadowed } = entries
    const dropped = { shadowed, tombstones: entries.tombstones + (ranges?.dropped ?? 0) }
    const sealed = relocation?.finish() ?? []
    return { written, sealed, dropped, movedBytes: relocation?.movedBytes ?? 0 }
  } catch (error) {
    for (const id of outputs?.abandon() ?? []) room.removeTable(id)
    relocation?.abandon()
    throw error
  } finally {
    room.ended()
  }
}

function sourceOf({ source }: JobOrder, { openRun }: JobRoom): InternalCursor {
  if ('memtable' in source) return MemTable.over(source.memtable).cursor()
  const cursors = source.runs.map(
    ({ level, tables }) => new RunCursor(runOf(0, tables), openRun(level)),
  )
  return new MergingCursor(cursors)
}

/** All range deletions of the job's source; null if there are none. */
function deletionsOf({ source }: JobOrder, room: JobRoom): RangeDeletions | null {
  if ('memtable' in source) return MemTable.over(source.memtable).rangeDeletions
  const deletions = new RangeDeletions()
  for (const { level, tables } of source.runs) {
    for (const table of tables) {
      if (table.rangeDeletions === 0) continue
      const own = room.rangeDeletions(level, table)
      if (own !== null) deletions.addAll(own)
    }
  }
  return deletions.isEmpty ? null : deletions
}
