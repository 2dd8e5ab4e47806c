/**
 * Owns the execution of flushes and compactions: from a resolved spec to a version edit. A job
 * writes tables and nothing else; publishing its edit is the database's business, so a job that
 * fails leaves the tree as it was.
 */

import type { InternalCursor } from '../base/internal-cursor.ts'
import { MergingCursor } from '../iterators/merging-cursor.ts'
import { RunCursor } from '../iterators/run-cursor.ts'
import { type RunId, runOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'
import type { NewRun, TablePlacement, VersionEdit } from '../version/version-edit.ts'
import { type DroppedEntries, writeSurvivors } from './merge-rules.ts'
import { OlderOverlap } from './older-overlap.ts'
import type { ResolvedInput, ResolvedSpec } from './resolved-spec.ts'
import type { FilterPolicy } from './strategy.ts'
import {
  type CreateTable,
  type Destination,
  TableOutputs,
  type WrittenTable,
} from './table-outputs.ts'

export interface JobContext {
  readonly version: Version
  /** Sequence numbers of live snapshots, ascending. */
  readonly snapshots: readonly number[]
  readonly nowMs: number
  readonly createTable: CreateTable
  /** A cursor that reads a whole table on the compaction's account. */
  readonly openTable: (table: TableMeta, level: number) => InternalCursor
  readonly allocateRunId: () => RunId
}

export interface FlushSource {
  readonly cursor: InternalCursor
  readonly firstWriteAtMs: number
  readonly firstTombstoneAtMs: number | null
}

export interface JobResult {
  readonly edit: VersionEdit
  readonly dropped: DroppedEntries
}

const NOTHING_DROPPED: DroppedEntries = { shadowed: 0, tombstones: 0 }

/** Writes a memtable as the newest run of level 0; no run when nothing survives. */
export function runFlush(
  context: JobContext,
  source: FlushSource,
  filter: FilterPolicy,
): JobResult {
  const destination: Destination = {
    level: 0,
    fromKey: null,
    targetTableBytes: null,
    cutKeys: [],
    bitsPerKey: filter.bitsPerKey,
    older: new OlderOverlap(context.version, -1, new Set()),
  }
  const outputs = new TableOutputs([destination], 'flush', context.createTable, {
    createdAtMs: context.nowMs,
    oldestWriteAtMs: source.firstWriteAtMs,
    oldestTombstoneAtMs: source.firstTombstoneAtMs,
  })
  const { written, dropped } = writeAll(source.cursor, context.snapshots, outputs)
  if (written.length === 0) return { edit: { newRuns: [], removed: [], added: [] }, dropped }
  const run = context.allocateRunId()
  return {
    edit: {
      newRuns: [{ level: 0, run, after: null }],
      removed: [],
      added: written.map(({ table }) => ({ level: 0, run, table })),
    },
    dropped,
  }
}

/** Executes a validated spec against the version it was resolved in. */
export function runCompaction(context: JobContext, resolved: ResolvedSpec): JobResult {
  const { spec } = resolved
  const removed = resolved.inputs.flatMap(({ level, run, tables }) =>
    tables.map((table) => ({ level, run: run.id, table })),
  )
  switch (spec.kind) {
    case 'drop':
      return { edit: { newRuns: [], removed, added: [] }, dropped: NOTHING_DROPPED }
    case 'move': {
      const tables = removed.map(({ table }) => ({ destination: 0, table }))
      return { edit: { ...placed(context, resolved, tables), removed }, dropped: NOTHING_DROPPED }
    }
    case 'merge': {
      const { written, dropped } = mergeTables(context, resolved)
      return { edit: { ...placed(context, resolved, written), removed }, dropped }
    }
  }
}

function mergeTables(context: JobContext, resolved: ResolvedSpec) {
  const { version, openTable } = context
  const destinations = resolved.outputs.map((output) => ({
    ...output,
    bitsPerKey: output.filter?.bitsPerKey ?? 0,
    older: new OlderOverlap(version, output.position, resolved.inputIds),
  }))
  const tables = resolved.inputs.flatMap((input) => input.tables)
  const outputs = new TableOutputs(destinations, 'compaction', context.createTable, {
    createdAtMs: context.nowMs,
    oldestWriteAtMs: Math.min(...tables.map((table) => table.oldestWriteAtMs)),
    oldestTombstoneAtMs: oldestTombstone(tables),
  })
  const cursors = resolved.inputs
    .toSorted((a, b) => a.position - b.position)
    .map((input) => sliceCursor(input, openTable))
  return writeAll(new MergingCursor(cursors), context.snapshots, outputs)
}

function sliceCursor(
  { run, level, tables }: ResolvedInput,
  openTable: JobContext['openTable'],
): InternalCursor {
  return new RunCursor(runOf(run.id, tables), (table) => openTable(table, level))
}

function oldestTombstone(tables: readonly TableMeta[]): number | null {
  const times = tables.flatMap((table) => table.oldestTombstoneAtMs ?? [])
  return times.length === 0 ? null : Math.min(...times)
}

function writeAll(
  cursor: InternalCursor,
  snapshots: readonly number[],
  outputs: TableOutputs,
): { readonly written: readonly WrittenTable[]; readonly dropped: DroppedEntries } {
  try {
    const dropped = writeSurvivors(cursor, snapshots, outputs)
    return { written: outputs.finish(), dropped }
  } finally {
    outputs.abandon()
  }
}

/** Where written or moved tables go; outputs that name the same new place share one new run. */
function placed(
  context: JobContext,
  { outputs }: ResolvedSpec,
  tables: readonly WrittenTable[],
): { readonly newRuns: readonly NewRun[]; readonly added: readonly TablePlacement[] } {
  const newRuns: NewRun[] = []
  const added = tables.map(({ destination, table }) => {
    const { level, run, after } = outputs[destination]!
    if (run !== null) return { level, run: run.id, table }
    let place = newRuns.find((known) => known.level === level && known.after === after)
    if (place === undefined) {
      place = { level, run: context.allocateRunId(), after }
      newRuns.push(place)
    }
    return { level, run: place.run, table }
  })
  return { newRuns, added }
}
