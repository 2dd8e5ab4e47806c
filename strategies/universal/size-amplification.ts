/**
 * Owns universal compaction's bound on space: when the runs newer than the oldest have
 * `max_size_amplification_percent` % of its bytes or more, they merge with it.
 *
 * `size_amp_version` names the RocksDB whose rule it is. Up to 8.6 all newer runs merge, and none
 * of them may be busy. From 8.7 on the newest runs of level 0 stay out while they make up a tenth
 * of the newer bytes or less, so that a long merge does not hold them; and busy runs only shorten
 * the stretch. At least one run of level 0 still merges. With narrow merge widths fewer stay out;
 * if writers are near `level0_stop_writes_trigger`, more must.
 *
 * With `incremental` a part of the key space merges instead, if that is not much dearer
 * (`incremental.ts`).
 */

import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { pickIncrement } from './incremental.ts'
import type { UniversalValues } from './parameters.ts'
import { compensatedBytesOf, freeTail, mergeStretch, type SortedRun } from './sorted-runs.ts'

export function pickSizeAmplification(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const last = runs.length - 1
  const free = freeTail(runs)
  if (free >= last) return null
  const takesAll = values.size_amp_version === '7.8'
  if (takesAll && runs.slice(0, free).some(({ busy }) => !busy)) return null
  const from = takesAll ? free : free + newestLeftOut(values, runs.slice(free))
  const newer = compensatedBytesOf(runs.slice(from, last))
  const oldest = runs[last]!.bytes
  const percent = values.max_size_amplification_percent
  if (newer * 100 < percent * oldest) return null
  const reason = {
    trigger: 'space amplification',
    formula: 'newer · 100 ≥ max_size_amplification_percent · oldest',
    values: { newer, oldest, max_size_amplification_percent: percent },
  }
  const increment = values.incremental
    ? pickIncrement(view, values, runs.slice(from), newer, reason)
    : null
  return increment ?? mergeStretch(view, values, runs, from, runs.length, reason)
}

/** How many of the newest of these runs, all free, stay out. */
function newestLeftOut(values: UniversalValues, runs: readonly SortedRun[]): number {
  const newer = runs.slice(0, -1)
  const inLevel0 = newer.filter(({ level }) => level === 0).length
  if (inLevel0 === 0) return 0
  const most = inLevel0 - 1
  const runsToStop = Math.max(values.level0_stop_writes_trigger - runs.length, 0)
  const within = (width: number) => Math.min(Math.max(width - runsToStop, 0), most)
  const bytes = compensatedBytesOf(newer)
  const percent = values.max_size_amplification_percent
  const bytesMin = Math.max((percent * runs.at(-1)!.bytes) / 100, Math.floor((bytes * 9) / 10))
  const countMax = within(values.max_merge_width)
  let leftOut = 0
  for (let count = within(values.min_merge_width); count <= countMax; count++) {
    if (compensatedBytesOf(newer.slice(count)) < bytesMin) break
    leftOut = count
  }
  return leftOut
}
