/**
 * Owns the tree as universal compaction sees it: one list of sorted runs, newest first. The runs of
 * level 0 come first, then those of every deeper level. Also the merge of a stretch of neighbours
 * into one run, which takes their place in the list.
 */

import type {
  CompactionSpec,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type Run, tablesOf } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { outputAt } from './outputs.ts'
import type { UniversalValues } from './parameters.ts'

export interface SortedRun {
  readonly level: number
  readonly run: Run
  /** Of its table files. */
  readonly bytes: number
  /** Whether a running job reads it. */
  readonly busy: boolean
}

export function sortedRuns({ version, inProgress }: TreeView): readonly SortedRun[] {
  const busy = new Set(inProgress.flatMap((spec) => spec.inputs.map((input) => input.run)))
  return Array.from(runsNewestFirst(version), ({ level, run }) => ({
    level,
    run,
    bytes: run.totals.bytes,
    busy: busy.has(run.id),
  }))
}

/** The runs from this index on are all free; the number of runs if the oldest is busy. */
export function freeTail(runs: readonly SortedRun[]): number {
  return runs.findLastIndex(({ busy }) => busy) + 1
}

export function bytesOf(runs: readonly SortedRun[]): number {
  return runs.reduce((sum, { bytes }) => sum + bytes, 0)
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
