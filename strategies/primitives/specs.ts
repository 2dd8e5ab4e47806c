/**
 * Owns helpers to write and read picks: slices of whole runs, plain merge outputs, merges into a
 * level's oldest run, and the levels, tables and bytes that a spec touches.
 */

import type { Json } from '../../engine/base/json.ts'
import type {
  CompactionSpec,
  InputSlice,
  MergeOutput,
  MergeSpec,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { indexOfTable, type Run, tableAt, tablesOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt, type Version } from '../../engine/version/version.ts'
import { tableBytes } from './shared-parameters.ts'

/** Slices that take all tables of `runs`, which are runs of one level. */
export function wholeRuns(level: number, runs: readonly Run[]): readonly InputSlice[] {
  return runs.map((run) => ({ level, run: run.id, tables: 'all' }))
}

/** The only output of a merge: everything goes to `place`, cut by size alone. */
export function outputTo(
  place: OutputPlace,
  targetTableBytes: number | null,
  bitsPerKey: number,
): MergeOutput {
  return { place, fromKey: null, targetTableBytes, cutKeys: [], filter: { bitsPerKey } }
}

/**
 * The place of the oldest of a level's `runs`; a new newest run of the level where there are none.
 */
export function placeOfOldest(level: number, runs: readonly Run[]): OutputPlace {
  const oldest = runs.at(-1)
  return oldest === undefined ? { level, after: null } : { level, run: oldest.id }
}

/**
 * Merges the inputs and the level's `joined` runs into the oldest of these. The spec names a run
 * and not 'the newest place', so the order stays right when a flush lands while the job runs.
 */
export function mergeIntoOldest<State extends Json>(
  view: TreeView<State>,
  level: number,
  inputs: readonly InputSlice[],
  joined: readonly Run[],
  params: { readonly targetTableBytes: number; readonly bitsPerKey: number },
  reason: PickReason,
): MergeSpec<State> {
  const place = placeOfOldest(level, joined)
  return {
    kind: 'merge',
    inputs: [...inputs, ...wholeRuns(level, joined)],
    outputs: [outputTo(place, tableBytes(view, params), params.bitsPerKey)],
    nextState: view.state,
    reason,
  }
}

/** The tables a slice names, in key order; none if its run no longer exists. */
export function tablesIn(version: Version, slice: InputSlice): readonly TableMeta[] {
  const run = runNamed(version, slice)
  if (run === undefined) return []
  if (slice.tables === 'all') return [...tablesOf(run)]
  return slice.tables
    .map((ref) => indexOfTable(run, ref))
    .filter((index) => index >= 0)
    .map((index) => tableAt(run, index))
}

/** Bytes of the table files that the slices name. */
export function inputBytes(version: Version, inputs: readonly InputSlice[]): number {
  return inputs.reduce((sum, slice) => {
    if (slice.tables === 'all') return sum + (runNamed(version, slice)?.totals.bytes ?? 0)
    return tablesIn(version, slice).reduce((bytes, table) => bytes + table.bytes, sum)
  }, 0)
}

function runNamed(version: Version, slice: InputSlice): Run | undefined {
  return levelAt(version, slice.level).runs.find(({ id }) => id === slice.run)
}

/** Places that the spec writes to; none for a drop. */
export function placesOf(spec: CompactionSpec): readonly OutputPlace[] {
  if (spec.kind === 'merge') return spec.outputs.map((output) => output.place)
  return spec.kind === 'move' ? [spec.place] : []
}

/** Levels that a spec reads or writes; a level may occur several times. */
export function levelsTouched(spec: CompactionSpec): readonly number[] {
  return [...spec.inputs, ...placesOf(spec)].map(({ level }) => level)
}
