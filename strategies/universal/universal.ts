/**
 * Owns RocksDB's universal compaction: the tree is one list of sorted runs, newest first, and a
 * merge takes neighbours in that list. Runs of level 0 come first, then every deeper level with one
 * run. A merge that includes the oldest run goes to the last level; any other goes to the level
 * just above the next older run. Sizes are those of table files; tombstones add to them
 * (`sorted-runs.ts`).
 *
 * The rules in RocksDB's order. Rules 2 to 4 wait for `level0_file_num_compaction_trigger` runs:
 *
 *   1. periodic      a table is older than `periodic_compaction_seconds`: all runs merge
 *   2. size amp      Σ newer · 100 ≥ `max_size_amplification_percent` · oldest: all runs merge, or
 *                    a part of their keys (`size-amplification.ts`, `incremental.ts`)
 *   3. size ratio    the newest stretch of at least `min_merge_width` runs in which each run is at
 *                    most (100 + `size_ratio`) % of the sum of those before it (stop_style total),
 *                    or of the one before it, and the other way round (stop_style similar)
 *   4. reduce runs   more than `max_read_amp` runs: the newest ones merge, whatever their sizes
 *   5. deletions     a table whose share of tombstones is `deletion_ratio` or more merges into the
 *                    next older run (`marked-tables.ts`)
 *   6. reads         so does the table with the most reads per byte, if it has more than
 *                    `read_triggered_compaction_threshold`
 *
 * Beside running jobs, runs that a job reads end a stretch, and are counted or left out rule by
 * rule as in RocksDB. Single tables (rules 5 and 6) leave out the levels that jobs work in.
 *
 * Trigger      file staleness; space amplification; number of sorted runs; tombstone density; reads
 * Layout       tiering
 * Granularity  sorted runs; a part of their keys (incremental); single table (rules 5 and 6)
 * Movement     least overlap (incremental); random (rule 5); most reads (rule 6); else whole runs
 *
 * Source: RocksDB `db/compaction/compaction_picker_universal.cc` (2026), with its option names.
 * Left out: compression by age. Where versions differ:
 * `size_amp_version`; `max_read_amp` is −1 up to version 9.3; rule 6 came with version 11.
 */

import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import type { Run } from '../../engine/version/run.ts'
import { defineStrategy } from '../define-strategy.ts'
import { ifFree } from '../primitives/busy.ts'
import { leastRankOf, rankedBy } from '../primitives/table-ranks.ts'
import { pickDeletions, pickReads } from './marked-tables.ts'
import { type UniversalValues, universalParameters } from './parameters.ts'
import { pickSizeAmplification } from './size-amplification.ts'
import {
  compensatedBytesOf,
  freeTail,
  mergeStretch,
  type SortedRun,
  sortedRuns,
} from './sorted-runs.ts'

/** RocksDB: level0_slowdown_writes_trigger. */
const SLOWDOWN_RUNS = 20

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
    granularity: ['sorted runs', 'several tables', 'single table'],
    movement: ['not applicable (entire runs)', 'least overlap parent (+1)', 'random', 'most reads'],
  },

  pick(view, values) {
    const runs = sortedRuns(view)
    const enough = runs.length >= values.level0_file_num_compaction_trigger
    return (
      ifFree(view, pickPeriodic(view, values, runs)) ??
      ifFree(view, enough ? pickSizeAmplification(view, values, runs) : null) ??
      ifFree(view, enough ? pickSizeRatio(view, values, runs) : null) ??
      ifFree(view, enough ? pickFewerRuns(view, values, runs) : null) ??
      ifFree(view, pickDeletions(view, values, runs)) ??
      ifFree(view, pickReads(view, values, runs))
    )
  },

  stallLimits(view, values) {
    const restingMax = mostRuns(view, values, sortedRuns(view)) + values.min_merge_width
    const slowdownRuns = Math.max(SLOWDOWN_RUNS, restingMax + 1)
    return {
      slowdownRuns,
      stopRuns: Math.max(values.level0_stop_writes_trigger, slowdownRuns + 1),
    }
  },

  nextDueAt(view, values) {
    if (values.periodic_compaction_seconds === 0) return null
    const created = sortedRuns(view).map(({ run }) => oldestCreation(run))
    if (created.length === 0) return null
    return Math.min(...created) + values.periodic_compaction_seconds * 1000 + 1
  },
})

function pickPeriodic(
  view: TreeView,
  values: UniversalValues,
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

function pickSizeRatio(
  view: TreeView,
  values: UniversalValues,
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
      bytes: compensatedBytesOf(runs.slice(from, to)),
      size_ratio: values.size_ratio,
    },
  })
}

function pickFewerRuns(
  view: TreeView,
  values: UniversalValues,
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

/** The newest free stretch of at most `runsMax` runs in which the sizes allow each next run. */
function findStretch(
  { min_merge_width, max_merge_width, stop_style }: UniversalValues,
  runs: readonly SortedRun[],
  ratio: number,
  runsMax: number,
): { readonly from: number; readonly to: number } | null {
  const most = Math.min(max_merge_width, runsMax)
  const grown = (bytes: number) => (bytes * (100 + ratio)) / 100
  for (let from = 0; from < runs.length; from++) {
    if (runs[from]!.busy) continue
    let size = runs[from]!.compensatedBytes
    let to = from + 1
    for (; to - from < most && to < runs.length; to++) {
      const next = runs[to]!
      if (next.busy || grown(size) < next.bytes) break
      if (stop_style === 'similar' && grown(next.bytes) < size) break
      size = stop_style === 'similar' ? next.compensatedBytes : size + next.compensatedBytes
    }
    if (to - from >= min_merge_width) return { from, to }
  }
  return null
}

function mostRuns(view: TreeView, values: UniversalValues, runs: readonly SortedRun[]): number {
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

const byCreation = rankedBy(({ createdAtMs }) => createdAtMs)

function oldestCreation(run: Run): number {
  return run.createdAtMs ?? leastRankOf(byCreation(run))
}
