/**
 * Owns the tree as universal compaction sees it: one list of sorted runs, newest first. The runs of
 * level 0 come first, then those of every deeper level. Also the merge of a stretch of neighbours
 * into one run, which takes their place in the list.
 *
 * As in RocksDB, tombstones add to the sizes of runs that may merge (`compensated-sizes.ts`, here
 * in bytes of table files), but not to the size of the run that they are compared with.
 */

import type {
  CompactionSpec,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type Run, tablesOf } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { busyOf } from '../primitives/busy.ts'
import { compensatedRunBytes, tombstoneBytes } from '../primitives/compensated-sizes.ts'
import { outputAt } from './outputs.ts'
import type { UniversalValues } from './parameters.ts'

export interface SortedRun {
  readonly level: number
  readonly run: Run
  /** Of its table files. */
  readonly bytes: number
  /** These bytes and those that its tombstones add. */
  readonly compensatedBytes: number
  /** Whether a running job reads it. */
  readonly busy: boolean
}

export function sortedRuns(view: TreeView): readonly SortedRun[] {
  const { version } = view
  const busy = busyOf(view)
  const { bytes: fileBytes, rawBytes } = version.totals
  const bytesPerTombstone = tombstoneBytes(version) * (fileBytes / Math.max(rawBytes, 1))
  return Array.from(runsNewestFirst(version), ({ level, run }) => {
    const { bytes } = run.totals
    const added = compensatedRunBytes([run], bytesPerTombstone) - run.totals.rawBytes
    return { level, run, bytes, compensatedBytes: bytes + added, busy: busy.readsRun(run.id) }
  })
}

/** The runs from this index on are all free; the number of runs if the oldest is busy. */
export function freeTail(runs: readonly SortedRun[]): number {
  return runs.findLastIndex(({ busy }) => busy) + 1
}

export function compensatedBytesOf(runs: readonly SortedRun[]): number {
  return runs.reduce((sum, { compensatedBytes }) => sum + compensatedBytes, 0)
}

/** The level of the oldest run; another strategy may have left more than `num_levels`. */
export function lastLevel(version: Version, { num_levels }: UniversalValues): number {
  return Math.max(num_levels, version.levels.length) - 1
}

/** Merges runs [from, to) into one, at their place in the list. */
export function mergeStretch(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
  from: number,
  to: number,
  reason: PickReason,
): CompactionSpec {
  const place = placeOf(view.version, values, runs, to)
  const next = runs[to]
  const isAligned = values.incremental && next !== undefined && next.level > 1
  const grandparents = isAligned ? [...tablesOf(next.run)] : []
  return {
    kind: 'merge',
    inputs: runs.slice(from, to).map(({ level, run }) => ({ level, run: run.id, tables: 'all' })),
    outputs: [outputAt(view, values, place, grandparents)],
    nextState: view.state,
    reason,
  }
}

/** Names the oldest merged run if it is in the right level, since a flush may land meanwhile. */
function placeOf(
  version: Version,
  values: UniversalValues,
  runs: readonly SortedRun[],
  to: number,
): OutputPlace {
  const oldest = runs[to - 1]!
  const next = runs[to]
  const level =
    next === undefined ? lastLevel(version, values) : Math.max(next.level - 1, oldest.level)
  return level === oldest.level ? { level, run: oldest.run.id } : { level, after: null }
}
