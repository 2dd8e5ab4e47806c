/**
 * Owns the execution of flushes and compactions: from a resolved spec to a version edit. A job only
 * writes tables. The database publishes the edit, so a failed job does not change the tree.
 */

import type { InternalCursor } from '../base/internal-cursor.ts'
import { MergingCursor } from '../iterators/merging-cursor.ts'
import { RunCursor } from '../iterators/run-cursor.ts'
import { type RunId, runOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'
import type { VersionEdit } from '../version/version-edit.ts'
import { type DroppedEntries, writeSurvivors } from './merge-rules.ts'
import { OlderOverlap } from './older-overlap.ts'
import { ancestryOf, compactionEdit, flushEdit, type WrittenTable } from './placement.ts'
import type { ResolvedInput, ResolvedSpec } from './resolved-spec.ts'
import type { FilterPolicy } from './strategy.ts'
import { type CreateTable, type Destination, TableOutputs } from './table-outputs.ts'
import type { ValueRelocation } from './value-relocation.ts'

export interface JobContext {
  readonly version: Version
  /** Sequence numbers of live snapshots, ascending. */
  readonly snapshots: readonly number[]
  readonly nowMs: number
  readonly createTable: CreateTable
  /**
   * Returns a function that opens the tables of one run of a level, one after another, on the
   * compaction's account.
   */
  readonly openRun: (level: number) => (table: TableMeta) => InternalCursor
  readonly allocateRunId: () => RunId
  /** How a merge moves values out of old segments; null means that it moves none. */
  readonly relocateValues: () => ValueRelocation | null
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

const NOTHING_WRITTEN = { written: [], dropped: { shadowed: 0, tombstones: 0 } }

/** Writes a memtable as the newest run of level 0. Makes no run if no entry survives. */
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
    softCuts: null,
    bitsPerKey: filter.bitsPerKey,
    older: new OlderOverlap(context.version, -1, new Set()),
  }
  const outputs = new TableOutputs([destination], 'flush', context.createTable, {
    createdAtMs: context.nowMs,
    oldestWriteAtMs: source.firstWriteAtMs,
    oldestTombstoneAtMs: source.firstTombstoneAtMs,
  })
  const { written, dropped } = writeAll(source.cursor, context.snapshots, outputs)
  const tables = written.map(({ table }) => table)
  return { edit: flushEdit(tables, context.allocateRunId), dropped }
}

/** Executes a validated spec against the version in which it was resolved. */
export function runCompaction(context: JobContext, resolved: ResolvedSpec): JobResult {
  const relocation = resolved.spec.kind === 'merge' ? context.relocateValues() : null
  try {
    const { written, dropped } =
      resolved.spec.kind === 'merge' ? mergeTables(context, resolved, relocation) : NOTHING_WRITTEN
    const sealed = relocation?.finish() ?? []
    const edit = compactionEdit(resolved, written, context.allocateRunId)
    return { edit: sealed.length === 0 ? edit : { ...edit, segments: { sealed } }, dropped }
  } finally {
    relocation?.abandon()
  }
}

function mergeTables(
  context: JobContext,
  resolved: ResolvedSpec,
  relocation: ValueRelocation | null,
) {
  const { version, openRun } = context
  const destinations = resolved.outputs.map((output) => ({
    ...output,
    bitsPerKey: output.filter?.bitsPerKey ?? 0,
    older: new OlderOverlap(version, output.position, resolved.inputIds),
  }))
  const ancestry = ancestryOf(resolved, context.nowMs)
  const { createTable } = context
  const outputs = new TableOutputs(destinations, 'compaction', createTable, ancestry, relocation)
  const cursors = resolved.inputs
    .toSorted((a, b) => a.position - b.position)
    .map((input) => sliceCursor(input, openRun))
  return writeAll(new MergingCursor(cursors), context.snapshots, outputs)
}

function sliceCursor(
  { run, level, tables }: ResolvedInput,
  openRun: JobContext['openRun'],
): InternalCursor {
  return new RunCursor(runOf(run.id, tables), openRun(level))
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
