/**
 * Owns how universal compaction cuts its output: by size, and in level 0 not at all, since a run
 * there is one table. With `incremental`, a table of a deeper level also ends at a border of the
 * tables one run deeper (soft cuts), before it and those that it overlaps exceed one and a half
 * tables. So later merges of a part of the keys read little beyond that part.
 *
 * Source: RocksDB `UniversalCompactionBuilder::GetMaxOverlappingBytes`, `MaxFileSizeForLevel`,
 * `CompactionOutputs::ShouldStopBefore`.
 */

import type { MergeOutput, OutputPlace, TreeView } from '../../engine/compaction/strategy.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { softCutsAt } from '../primitives/soft-cuts.ts'
import { outputTo } from '../primitives/specs.ts'
import type { UniversalValues } from './parameters.ts'

/** The output of a merge. `grandparents` are tables one run deeper, in key order. */
export function outputAt(
  view: TreeView,
  values: UniversalValues,
  place: OutputPlace,
  grandparents: readonly TableMeta[],
): MergeOutput {
  if (place.level === 0) return outputTo(place, null, values.bitsPerKey)
  const bytes = tableBytes(view, values)
  const output = outputTo(place, bytes, values.bitsPerKey)
  if (!values.incremental || grandparents.length === 0) return output
  const { keys, overlapBytes } = softCutsAt(grandparents, bytes)
  // No table ends at a border for its size alone, so a full table is the limit.
  const limits = { endsFrom: [bytes], overlapBytesMax: 1.5 * bytes, skippedBytesMin: null }
  return { ...output, softCuts: { keys, overlapBytes, ...limits } }
}

export function maxCompactionBytes(view: TreeView, values: UniversalValues): number {
  return values.max_compaction_bytes === 0
    ? 25 * tableBytes(view, values)
    : values.max_compaction_bytes
}
