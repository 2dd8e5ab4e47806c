/**
 * Owns time windows: data written in one window of time is never merged with other data. So old
 * data becomes one run per window, is not rewritten again, and can be dropped whole. In the current
 * window runs of similar size are merged (size-tiered). Once it has closed, all its runs merge.
 *
 * Trigger      sorted runs (`min_threshold` similar ones); file staleness (the window has closed,
 *              or all of a run has outlived `default_time_to_live`)
 * Layout       tiering: one run a closed window
 * Granularity  sorted runs
 * Movement     oldest (drops); else not applicable: whole runs move
 *
 * Drops start at the oldest run. They need the database's retention option (`retentionMaxAgeMs` of
 * at most 1000 times `default_time_to_live`). A table's age counts from the merge that wrote it, so
 * a window lives longer than its time to live, by the time it took to become one run.
 *
 * Source: Cassandra's TimeWindowCompactionStrategy and SizeTieredCompactionStrategy, with their
 * option names. Cassandra reconciles by timestamps; here runs are ordered by recency, which makes
 * three differences. Only neighbours are merged, so a small run between larger ones is merged with
 * them, but does not count towards `min_threshold`. A run belongs to the window of its oldest
 * write, because tables do not keep the time of their newest. The current window is that of the
 * clock, not that of the newest write.
 */

import { z } from 'zod'
import type {
  CompactionSpec,
  InputSlice,
  PickReason,
  TreeView,
} from '../engine/compaction/strategy.ts'
import type { Run } from '../engine/version/run.ts'
import { runsOldestFirst } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { bitsPerKey, tableBytes, targetTableBytes } from './primitives/shared-parameters.ts'
import { outputTo } from './primitives/specs.ts'
import { leastRankOf, rankedBy } from './primitives/table-ranks.ts'

const UNIT_MS = { MINUTES: 60_000, HOURS: 3_600_000, DAYS: 86_400_000 } as const

const params = z
  .object({
    compaction_window_unit: z
      .enum(['MINUTES', 'HOURS', 'DAYS'])
      .default('DAYS')
      .describe('What compaction_window_size counts. Cassandra: DAYS.'),
    compaction_window_size: z
      .number()
      .positive()
      .default(1)
      .describe('Units in a window; a fraction suits short experiments. Cassandra: 1, whole.'),
    min_threshold: z
      .int()
      .min(2)
      .default(4)
      .describe('Similar runs in the current window that are merged. Cassandra: 4.'),
    max_threshold: z
      .int()
      .min(2)
      .default(32)
      .describe('The most runs in one merge. Cassandra: 32.'),
    bucket_low: z
      .number()
      .positive()
      .max(1)
      .default(0.5)
      .describe('Similar runs are larger than this share of the others’ mean. Cassandra: 0.5.'),
    bucket_high: z
      .number()
      .gt(1)
      .default(1.5)
      .describe('Similar runs are smaller than this many times their mean. Cassandra: 1.5.'),
    min_sstable_size: z
      .int()
      .min(0)
      .default(0)
      .describe('Runs of fewer bytes are all similar; 0: the memtable size. Cassandra: 50 MB.'),
    default_time_to_live: z
      .number()
      .min(0)
      .default(0)
      .describe('Seconds after its writing that a run is dropped; 0: never. Cassandra: 0.'),
    bitsPerKey,
    targetTableBytes,
  })
  .check(({ value, issues }) => {
    if (value.max_threshold >= value.min_threshold) return
    const message = `must be at least min_threshold = ${value.min_threshold}`
    const input = value.max_threshold
    issues.push({ code: 'custom', path: ['max_threshold'], input, message })
  })

type Params = z.output<typeof params>

/** Neighbouring runs of one window, newest first. */
interface Window {
  readonly number: number
  readonly runs: readonly PlacedRun[]
}

interface PlacedRun {
  readonly level: number
  readonly run: Run
}

export const timeWindow = defineStrategy({
  name: 'time-window',
  description: 'Merges within windows of time, drops whole ones that expired (Cassandra TWCS)',
  params,
  primitives: {
    trigger: ['sorted runs', 'file staleness'],
    layout: 'tiering',
    granularity: ['sorted runs'],
    movement: ['oldest', 'not applicable (entire runs)'],
  },
  drops: true,

  pick(view, values) {
    if (view.inProgress.length > 0) return null
    const expired = pickExpired(view, values)
    if (expired !== null) return expired
    const current = Math.floor(view.nowMs / windowMs(values))
    for (const window of windowsOf(view, values)) {
      const spec =
        window.number >= current
          ? pickSimilar(view, values, window)
          : pickClosed(view, values, window, current)
      if (spec !== null) return spec
    }
    return null
  },

  nextDueAt(view, values) {
    const times: number[] = []
    const [newest] = windowsOf(view, values)
    if (newest !== undefined && newest.runs.length > 1) {
      times.push((newest.number + 1) * windowMs(values))
    }
    const oldest = runsOldestFirst(view.version).next().value
    if (values.default_time_to_live > 0 && oldest !== undefined) {
      times.push(timesOf(oldest.run).createdMs + values.default_time_to_live * 1000 + 1)
    }
    return times.length === 0 ? null : Math.max(view.nowMs + 1, Math.min(...times))
  },
})

function windowMs(values: Params): number {
  return values.compaction_window_size * UNIT_MS[values.compaction_window_unit]
}

/** Newest first. A run's window is never older than that of an older run, which keeps recency. */
function windowsOf({ version }: TreeView, values: Params): readonly Window[] {
  const windows: { number: number; runs: PlacedRun[] }[] = []
  for (const placed of runsOldestFirst(version)) {
    const number = Math.floor(timesOf(placed.run).oldestWriteMs / windowMs(values))
    const newest = windows[0]
    if (newest !== undefined && newest.number >= number) newest.runs.unshift(placed)
    else windows.unshift({ number, runs: [placed] })
  }
  return windows
}

/** Drops runs from the oldest on, as long as every table of a run has outlived its time. */
function pickExpired(view: TreeView, values: Params): CompactionSpec | null {
  const ttl = values.default_time_to_live
  if (ttl === 0) return null
  const expired: PlacedRun[] = []
  for (const placed of runsOldestFirst(view.version)) {
    if (view.nowMs - timesOf(placed.run).createdMs <= ttl * 1000) break
    expired.push(placed)
  }
  if (expired.length === 0) return null
  return {
    kind: 'drop',
    inputs: slicesOf(expired.reverse()),
    nextState: view.state,
    reason: {
      trigger: 'file staleness',
      formula: 'age > default_time_to_live',
      values: { runs: expired.length, default_time_to_live: ttl },
    },
  }
}

function pickClosed(
  view: TreeView,
  values: Params,
  { number, runs }: Window,
  current: number,
): CompactionSpec | null {
  if (runs.length < 2) return null
  return merge(view, values, runs.slice(0, values.max_threshold), {
    trigger: 'file staleness',
    formula: 'window < current window',
    values: { window: number, current, runs: runs.length },
  })
}

/** The newest neighbours among which `min_threshold` are of similar size. */
function pickSimilar(view: TreeView, values: Params, { runs }: Window): CompactionSpec | null {
  for (let from = 0; from < runs.length; from++) {
    const { to, similar } = bucketFrom(view, values, runs, from)
    if (similar < values.min_threshold) continue
    return merge(view, values, runs.slice(from, to), {
      trigger: 'sorted runs',
      formula: 'similar runs ≥ min_threshold',
      values: { similar, min_threshold: values.min_threshold, runs: to - from },
    })
  }
  return null
}

/** Ends before the first run too large for the mean; smaller runs are included but not counted. */
function bucketFrom(
  view: TreeView,
  { bucket_low, bucket_high, min_sstable_size, max_threshold }: Params,
  runs: readonly PlacedRun[],
  from: number,
): { readonly to: number; readonly similar: number } {
  const least = min_sstable_size === 0 ? view.memtableBytes : min_sstable_size
  let mean = runs[from]!.run.totals.bytes
  let similar = 1
  let to = from + 1
  for (; to < runs.length && to - from < max_threshold; to++) {
    const { bytes } = runs[to]!.run.totals
    const bothSmall = bytes < least && mean < least
    if (bytes >= mean * bucket_high && !bothSmall) break
    if (bytes <= mean * bucket_low && !bothSmall) continue
    mean = (mean * similar + bytes) / (similar + 1)
    similar++
  }
  return { to, similar }
}

/** Merges into the oldest of the runs, which keeps its place even if a flush lands meanwhile. */
function merge(
  view: TreeView,
  values: Params,
  runs: readonly PlacedRun[],
  reason: PickReason,
): CompactionSpec {
  const { level, run } = runs.at(-1)!
  return {
    kind: 'merge',
    inputs: slicesOf(runs),
    outputs: [outputTo({ level, run: run.id }, tableBytes(view, values), values.bitsPerKey)],
    nextState: view.state,
    reason,
  }
}

function slicesOf(runs: readonly PlacedRun[]): readonly InputSlice[] {
  return runs.map(({ level, run }) => ({ level, run: run.id, tables: 'all' }))
}

interface Times {
  readonly oldestWriteMs: number
  /** When its newest table was written. */
  readonly createdMs: number
}

const byOldestWrite = rankedBy(({ oldestWriteAtMs }) => oldestWriteAtMs)
const byYouth = rankedBy(({ createdAtMs }) => -createdAtMs)
/** Remembered for each run; a run object never changes. */
const times = new WeakMap<Run, Times>()

function timesOf(run: Run): Times {
  let known = times.get(run)
  if (known === undefined) {
    known = {
      oldestWriteMs: leastRankOf(byOldestWrite(run)),
      createdMs: -leastRankOf(byYouth(run)),
    }
    times.set(run, known)
  }
  return known
}
