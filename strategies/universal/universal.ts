/**
 * Owns RocksDB's universal compaction: the tree is one list of sorted runs, newest first, and every
 * merge takes neighbours in that list. Runs of level 0 come first, then every deeper level with one
 * run. A merge that includes the oldest run goes to the last level; any other goes to the level
 * just above the next older run. Sizes are those of table files.
 *
 * The rules in RocksDB's order. Rules 2 to 4 wait for `level0_file_num_compaction_trigger` runs:
 *
 *   1. periodic      a table is older than `periodic_compaction_seconds`: all runs merge
 *   2. size amp      Σ newer · 100 ≥ `max_size_amplification_percent` · oldest: all runs merge
 *   3. size ratio    the newest stretch of at least `min_merge_width` runs in which each run is at
 *                    most (100 + `size_ratio`) % of the sum of those before it (stop_style total),
 *                    or of the one before it, and the other way round (stop_style similar)
 *   4. reduce runs   more than `max_read_amp` runs: the newest ones merge, whatever their sizes
 *   5. deletions     a run whose share of tombstones is `deletion_ratio` or more merges with all
 *                    older ones
 *   6. reads         the run with the most reads per byte merges with the next older one, if it has
 *                    `read_triggered_compaction_threshold` or more
 *
 * Trigger      file staleness; space amplification; number of sorted runs; tombstone density; reads
 * Layout       tiering
 * Granularity  sorted runs
 * Movement     not applicable: whole runs move
 *
 * Source: RocksDB `db/compaction/compaction_picker_universal.cc` (2026), with its option names.
 * Left out: compensation of sizes for tombstones, `incremental`, and compression by age. For rule 5
 * RocksDB marks tables while it writes them (CompactOnDeletionCollector); here a run's totals
 * decide. Rule 6 came in 2026 (pull request 14426; up to version 10 rule 5 is the last). RocksDB
 * marks single tables by sampled reads that a merge would have spared. Here whole runs merge and
 * the seam counts all reads, so a run is judged by the reads of its tables, or of evenly chosen
 * ones if it has many. Counters are 0 after a reopen and in new tables, so rule 6 never keeps a
 * tree from rest.
 */

import type { z } from 'zod'
import type {
  CompactionSpec,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type Run, tableAt } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { defineStrategy } from '../define-strategy.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { outputTo } from '../primitives/specs.ts'
import { leastRankOf, rankedBy } from '../primitives/table-ranks.ts'
import { universalParameters } from './parameters.ts'

type Params = z.output<typeof universalParameters>

interface SortedRun {
  readonly level: number
  readonly run: Run
  readonly bytes: number
  readonly busy: boolean
}

/** RocksDB's UINT_MAX: a ratio that any size meets. */
const ANY_RATIO = 2 ** 32 - 1

export const universal = defineStrategy({
  name: 'universal',
  description: 'One list of runs, neighbours merged by size, number and age (RocksDB universal)',
  params: universalParameters,
  primitives: {
    trigger: [
      'file staleness',
      'space amplification',
      'sorted runs',
      'tombstone density',
      'read amplification',
    ],
    layout: 'tiering',
    granularity: ['sorted runs'],
    movement: ['not applicable (entire runs)'],
  },

  pick(view, values) {
    const runs = sortedRuns(view)
    const enough = runs.length >= values.level0_file_num_compaction_trigger
    return (
      pickPeriodic(view, values, runs) ??
      (enough ? pickSizeAmplification(view, values, runs) : null) ??
      (enough ? pickSizeRatio(view, values, runs) : null) ??
      (enough ? pickFewerRuns(view, values, runs) : null) ??
      pickDeletions(view, values, runs) ??
      pickReads(view, values, runs)
    )
  },

  nextDueAt(view, values) {
    if (values.periodic_compaction_seconds === 0) return null
    const created = sortedRuns(view).map(({ run }) => oldestCreation(run))
    if (created.length === 0) return null
    return Math.min(...created) + values.periodic_compaction_seconds * 1000 + 1
  },
})

function sortedRuns({ version, inProgress }: TreeView): readonly SortedRun[] {
  const busy = new Set(inProgress.flatMap((spec) => spec.inputs.map((input) => input.run)))
  return Array.from(runsNewestFirst(version), ({ level, run }) => ({
    level,
    run,
    bytes: run.totals.bytes,
    busy: busy.has(run.id),
  }))
}

/** The runs from this index on are all free; the number of runs if the oldest is busy. */
function freeTail(runs: readonly SortedRun[]): number {
  return runs.findLastIndex(({ busy }) => busy) + 1
}

function pickPeriodic(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const periodSeconds = values.periodic_compaction_seconds
  if (periodSeconds === 0) return null
  const isDue = ({ run }: SortedRun) => view.nowMs - oldestCreation(run) > periodSeconds * 1000
  const from = freeTail(runs)
  // RocksDB merges all if any table is due, but rewrites the oldest run alone only if it is due.
  if (from === runs.length || !runs.some(isDue)) return null
  if (from === runs.length - 1 && !isDue(runs[from]!)) return null
  const ageMs = view.nowMs - Math.min(...runs.map(({ run }) => oldestCreation(run)))
  return mergeStretch(view, values, runs, from, runs.length, {
    trigger: 'file staleness',
    formula: 'age > periodic_compaction_seconds',
    values: { ageMs, periodic_compaction_seconds: periodSeconds },
  })
}

function pickSizeAmplification(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const last = runs.length - 1
  const from = freeTail(runs)
  if (from >= last) return null
  const newer = bytesOf(runs.slice(from, last))
  const oldest = runs[last]!.bytes
  const percent = values.max_size_amplification_percent
  if (newer * 100 < percent * oldest) return null
  return mergeStretch(view, values, runs, from, runs.length, {
    trigger: 'space amplification',
    formula: 'newer · 100 ≥ max_size_amplification_percent · oldest',
    values: { newer, oldest, max_size_amplification_percent: percent },
  })
}

function pickSizeRatio(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const stretch = findStretch(values, runs, values.size_ratio, Infinity)
  if (stretch === null) return null
  const { from, to } = stretch
  return mergeStretch(view, values, runs, from, to, {
    trigger: 'sorted runs',
    formula: 'size · (100 + size_ratio) / 100 ≥ next',
    values: {
      runs: to - from,
      bytes: bytesOf(runs.slice(from, to)),
      size_ratio: values.size_ratio,
    },
  })
}

function pickFewerRuns(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const free = runs.filter(({ busy }) => !busy).length
  const runsMax = mostRuns(view, values, runs)
  if (free <= runsMax) return null
  const stretch = findStretch(values, runs, ANY_RATIO, free - runsMax + 1)
  if (stretch === null) return null
  return mergeStretch(view, values, runs, stretch.from, stretch.to, {
    trigger: 'sorted runs',
    formula: 'runs > max_read_amp',
    values: { runs: free, max_read_amp: runsMax },
  })
}

/** As RocksDB does with one level: from the marked run on. The oldest run is never marked. */
function pickDeletions(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const ratio = values.deletion_ratio
  if (ratio === 0) return null
  const share = ({ totals }: Run) => totals.tombstones / totals.entries
  const from = runs.slice(0, -1).findIndex(({ run, busy }) => !busy && share(run) >= ratio)
  if (from === -1) return null
  const blocked = runs.findIndex(({ busy }, at) => at > from && busy)
  const to = blocked === -1 ? runs.length : blocked
  if (to - from < 2) return null
  return mergeStretch(view, values, runs, from, to, {
    trigger: 'tombstone density',
    formula: 'tombstones / entries ≥ deletion_ratio',
    values: { share: share(runs[from]!.run), deletion_ratio: ratio },
  })
}

/** Merges the run with the most reads per byte, if they are enough, with the next older one. */
function pickReads(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
): CompactionSpec | null {
  const threshold = values.read_triggered_compaction_threshold
  if (threshold === 0) return null
  let from = -1
  let most = 0
  for (let at = 0; at + 1 < runs.length; at++) {
    if (runs[at]!.busy || runs[at + 1]!.busy) continue
    const readsPerByte = readsPerByteOf(view, runs[at]!.run)
    if (readsPerByte < threshold || readsPerByte <= most) continue
    from = at
    most = readsPerByte
  }
  if (from === -1) return null
  return mergeStretch(view, values, runs, from, from + 2, {
    trigger: 'read amplification',
    formula: 'reads / bytes ≥ read_triggered_compaction_threshold',
    values: { readsPerByte: most, read_triggered_compaction_threshold: threshold },
  })
}

/** Most tables of a run whose reads one pick asks for. */
const READ_TABLES_MAX = 64

function readsPerByteOf(view: TreeView, run: Run): number {
  const step = Math.ceil(run.totals.tables / READ_TABLES_MAX)
  let reads = 0
  let bytes = 0
  for (let at = 0; at < run.totals.tables; at += step) {
    const table = tableAt(run, at)
    reads += view.tableStats(table.id).reads
    bytes += table.bytes
  }
  return reads / bytes
}

/** The newest free stretch of at most `runsMax` runs in which the sizes allow each next run. */
function findStretch(
  { min_merge_width, max_merge_width, stop_style }: Params,
  runs: readonly SortedRun[],
  ratio: number,
  runsMax: number,
): { readonly from: number; readonly to: number } | null {
  const most = Math.min(max_merge_width, runsMax)
  const grown = (bytes: number) => (bytes * (100 + ratio)) / 100
  for (let from = 0; from < runs.length; from++) {
    if (runs[from]!.busy) continue
    let size = runs[from]!.bytes
    let to = from + 1
    for (; to - from < most && to < runs.length; to++) {
      const next = runs[to]!
      if (next.busy || grown(size) < next.bytes) break
      if (stop_style === 'similar' && grown(next.bytes) < size) break
      size = stop_style === 'similar' ? next.bytes : size + next.bytes
    }
    if (to - from >= min_merge_width) return { from, to }
  }
  return null
}

function mostRuns(view: TreeView, values: Params, runs: readonly SortedRun[]): number {
  if (values.max_read_amp > 0) return values.max_read_amp
  if (values.max_read_amp < 0 || values.stop_style === 'similar') {
    return values.level0_file_num_compaction_trigger
  }
  // The number of runs if each were as large as size_ratio allows without a merge.
  const largest = Math.max(0, ...runs.map(({ bytes }) => bytes))
  let count = 1
  let total = 0
  for (let size = view.memtableBytes; size < largest; count++) {
    total += size
    size = ((100 + values.size_ratio) / 100) * total
  }
  return count
}

/** Merges runs [from, to) into one, at their place in the list. */
function mergeStretch(
  view: TreeView,
  values: Params,
  runs: readonly SortedRun[],
  from: number,
  to: number,
  reason: PickReason,
): CompactionSpec {
  const place = placeOf(view.version, values, runs, to)
  return {
    kind: 'merge',
    inputs: runs.slice(from, to).map(({ level, run }) => ({ level, run: run.id, tables: 'all' })),
    outputs: [outputTo(place, tableBytes(view, values), values.bitsPerKey)],
    nextState: view.state,
    reason,
  }
}

/** Names the oldest merged run if it is in the right level, since a flush may land meanwhile. */
function placeOf(
  version: Version,
  { num_levels }: Params,
  runs: readonly SortedRun[],
  to: number,
): OutputPlace {
  const oldest = runs[to - 1]!
  const next = runs[to]
  const lowest = Math.max(num_levels, version.levels.length) - 1
  const level = next === undefined ? lowest : Math.max(next.level - 1, oldest.level)
  return level === oldest.level ? { level, run: oldest.run.id } : { level, after: null }
}

function bytesOf(runs: readonly SortedRun[]): number {
  return runs.reduce((sum, { bytes }) => sum + bytes, 0)
}

const byCreation = rankedBy(({ createdAtMs }) => createdAtMs)

function oldestCreation(run: Run): number {
  return leastRankOf(byCreation(run))
}
