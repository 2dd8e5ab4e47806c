/**
 * Owns the rules of universal compaction that pick single tables: those with many tombstones, and
 * those that are read much. Such a table merges into the next older run (`next-run.ts`), whatever
 * the sizes. Tables of the oldest run have nowhere to go; they are never picked.
 *
 * RocksDB marks a table for its tombstones while it writes it (CompactOnDeletionCollector with a
 * `deletion_ratio`). Here the counts of the table decide, which is the same. Of several marked
 * tables RocksDB takes one at random; here a hash of the tree chooses, so that the pick stays pure.
 * Where level 0 is the only level, its newest run with many tombstones merges with all older ones.
 *
 * The rule for reads came in 2026 (pull request 14426). RocksDB samples the reads that a merge
 * would have spared; the seam counts all reads. Counters are 0 after a reopen and in new tables, so
 * reads never keep a tree from rest.
 *
 * Source: RocksDB `UniversalCompactionBuilder::PickDeleteTriggeredCompaction` and
 * `PickReadTriggeredCompaction`, `VersionStorageInfo::ComputeFilesMarkedForCompaction`.
 */

import { deriveSeed } from '../../engine/base/random.ts'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { type Run, tableAt, tablesOf } from '../../engine/version/run.ts'
import { byDensity } from '../primitives/movement.ts'
import { pickTable, runsThatCanGo } from './next-run.ts'
import type { UniversalValues } from './parameters.ts'
import { lastLevel, mergeStretch, type SortedRun } from './sorted-runs.ts'

/** Compacts a table whose share of tombstones is `deletion_ratio` or more. */
export function pickDeletions(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const ratio = values.deletion_ratio
  if (ratio === 0) return null
  if (lastLevel(view.version, values) === 0) return pickDenseRun(view, values, runs)
  const marked = runsThatCanGo(view, values, runs).flatMap((at) =>
    denseTables(runs[at]!.run, ratio).map((index) => ({ at, index })),
  )
  if (marked.length === 0) return null
  const { tables, rawBytes } = view.version.totals
  const hash = deriveSeed(0, `${tables}/${rawBytes}/${view.oldestSnapshotSeq}`)
  const { at, index } = marked[hash % marked.length]!
  const { tombstones, entries } = tableAt(runs[at]!.run, index)
  return pickTable(view, values, runs, at, index, reasonOf(tombstones / entries, ratio))
}

/** With one level: from the newest dense run on to the oldest, which is never dense itself. */
function pickDenseRun(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const share = ({ totals }: Run) => totals.tombstones / totals.entries
  const ratio = values.deletion_ratio
  const from = runs.slice(0, -1).findIndex(({ run, busy }) => !busy && share(run) >= ratio)
  if (from === -1) return null
  const blocked = runs.findIndex(({ busy }, at) => at > from && busy)
  const to = blocked === -1 ? runs.length : blocked
  if (to - from < 2) return null
  return mergeStretch(view, values, runs, from, to, reasonOf(share(runs[from]!.run), ratio))
}

function reasonOf(share: number, ratio: number) {
  return {
    trigger: 'tombstone density',
    formula: 'tombstones / entries ≥ deletion_ratio',
    values: { share, deletion_ratio: ratio },
  }
}

/** Indices of the run's tables whose share of tombstones is `ratio` or more. */
function denseTables(run: Run, ratio: number): readonly number[] {
  const indices: number[] = []
  const { chunks, leasts } = byDensity(run)
  for (const [chunk, ranks] of chunks.entries()) {
    if (-leasts[chunk]! < ratio) continue
    for (const [at, rank] of ranks.entries()) {
      if (-rank >= ratio) indices.push(run.firstIndexes[chunk]! + at)
    }
  }
  return indices
}

/** Compacts the table with the most reads per byte, if these are more than the threshold. */
export function pickReads(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const threshold = values.read_triggered_compaction_threshold
  if (threshold === 0) return null
  let most = threshold
  let hottest: { at: number; index: number } | null = null
  for (const at of runsThatCanGo(view, values, runs)) {
    let index = 0
    for (const { id, bytes } of tablesOf(runs[at]!.run)) {
      const readsPerByte = view.tableStats(id).reads / bytes
      if (readsPerByte > most) {
        most = readsPerByte
        hottest = { at, index }
      }
      index++
    }
  }
  if (hottest === null) return null
  return pickTable(view, values, runs, hottest.at, hottest.index, {
    trigger: 'read amplification',
    formula: 'reads / bytes > read_triggered_compaction_threshold',
    values: { readsPerByte: most, read_triggered_compaction_threshold: threshold },
  })
}
