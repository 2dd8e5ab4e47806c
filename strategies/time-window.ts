/**
 * Owns time windows: data written in one window of time is never merged with other data. So old
 * data becomes one run per window, is not rewritten again, and can be dropped whole. In the current
 * window runs of similar size are merged (size-tiered). Once it has closed, all its runs merge.
 *
 * Trigger      sorted runs (`min_threshold` similar ones); file staleness (the window has closed,
 *              or all of a run has outlived `default_time_to_live` and `gc_grace_seconds`)
 * Layout       tiering: one run a closed window
 * Granularity  sorted runs
 * Movement     oldest (drops); else not applicable: whole runs move
 *
 * A run expires when all of it was written longer ago than `default_time_to_live` and
 * `gc_grace_seconds` together. Expired runs are looked for at multiples of
 * `expired_sstable_check_frequency_seconds` and dropped from the oldest on, so that a drop never
 * uncovers older versions. Drops need the database's retention option (`retentionMaxAgeMs` of at
 * most 1000 times the time to live). A table's age counts from the merge that wrote it, so a window
 * lives longer, by the time it took to become one run.
 *
 * Beside running jobs, runs that no job reads are looked at; those that a job reads part their
 * neighbours, because a merge must not pass them. Cassandra also filters what is compacting.
 *
 * Cassandra's defaults for these times go with its window of a day: a grace of 10 days and a look
 * every 10 minutes. Here they are ten windows and a 144th of a window, so that short windows have
 * times to match.
 *
 * Source: Cassandra's TimeWindowCompactionStrategy and SizeTieredCompactionStrategy, with their
 * option names. Cassandra reconciles by timestamps; here runs are ordered by recency, which makes
 * four differences. Only neighbours are merged, so a small run between larger ones is merged with
 * them, but does not count towards `min_threshold`. A run belongs to the window of its oldest
 * write, because tables do not keep the time of their newest. The current window is that of the
 * clock, not that of the newest write. `unsafe_aggressive_sstable_expiration` also drops runs in
 * the middle, but none above an older run with the same keys: the engine forbids it.
 */

import { z } from 'zod'
import type {
  CompactionSpec,
  InputSlice,
  PickReason,
  TreeView,
} from '../engine/compaction/strategy.ts'
import { overlaps } from '../engine/version/key-range.ts'
import { overlapping, type Run, rangeOf, tablesOf } from '../engine/version/run.ts'
import { runsOldestFirst } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { freeStretches, ifFree } from './primitives/busy.ts'
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
      .describe('Seconds that data lives after its writing; 0: for ever. Cassandra: 0.'),
    gc_grace_seconds: z
      .number()
      .min(-1)
      .default(-1)
      .describe(
        'Seconds that expired data stays before it is dropped; −1: ten windows. Cassandra: ten ' +
          'days.',
      ),
    expired_sstable_check_frequency_seconds: z
      .number()
      .min(-1)
      .default(-1)
      .describe(
        'Seconds between two looks for expired runs; 0: always; −1: a 144th of a window. ' +
          'Cassandra: ten minutes.',
      ),
    unsafe_aggressive_sstable_expiration: z
      .boolean()
      .default(false)
      .describe(
        'Whether an expired run is dropped before older ones whose keys it does not overlap. ' +
          'Cassandra: false; if true, it even drops those that overlap.',
      ),
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
    const expired = pickExpired(view, values)
    if (expired !== null) return expired
    const current = Math.floor(view.nowMs / windowMs(values))
    for (const { number, runs } of windowsOf(view, values)) {
      for (const stretch of freeStretches(view, runs)) {
        const window = { number, runs: stretch }
        const spec =
          number >= current
            ? pickSimilar(view, values, window)
            : pickClosed(view, values, window, current)
        const free = ifFree(view, spec)
        if (free !== null) return free
      }
    }
    return null
  },

  nextDueAt(view, values) {
    const times: number[] = []
    const [newest] = windowsOf(view, values)
    if (newest !== undefined && newest.runs.length > 1) {
      times.push((newest.number + 1) * windowMs(values))
    }
    const expiries = expiriesOf(view, values).map(({ atMs }) => atMs)
    if (expiries.length > 0) times.push(lookFrom(Math.min(...expiries), values))
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

/** A run, and when it may be dropped, in ms of the clock. */
interface Expiry {
  readonly placed: PlacedRun
  readonly atMs: number
}

/** Of all runs, oldest first; none if data lives for ever. */
function expiriesOf({ version }: TreeView, values: Params): readonly Expiry[] {
  const { default_time_to_live, gc_grace_seconds } = values
  if (default_time_to_live === 0) return []
  const graceMs = gc_grace_seconds < 0 ? 10 * windowMs(values) : gc_grace_seconds * 1000
  const livesMs = Math.floor(default_time_to_live * 1000 + graceMs)
  const expiries: Expiry[] = []
  for (const placed of runsOldestFirst(version)) {
    let atMs = timesOf(placed.run).createdMs + livesMs + 1
    for (const older of expiries) {
      if (older.atMs <= atMs) continue
      const mayOvertake = values.unsafe_aggressive_sstable_expiration
      if (!mayOvertake || shareKeys(placed.run, older.placed.run)) atMs = older.atMs
    }
    expiries.push({ placed, atMs })
  }
  return expiries
}

function shareKeys(a: Run, b: Run): boolean {
  if (!overlaps(rangeOf(a)!, rangeOf(b)!)) return false
  for (const table of tablesOf(a)) {
    const { from, to } = overlapping(b, table)
    if (from < to) return true
  }
  return false
}

/** The first look for expired runs at this time or after it, in ms of the clock. */
function lookFrom(ms: number, values: Params): number {
  const seconds = values.expired_sstable_check_frequency_seconds
  const everyMs = Math.round(seconds < 0 ? windowMs(values) / 144 : seconds * 1000)
  return everyMs === 0 ? ms : Math.ceil(ms / everyMs) * everyMs
}

function pickExpired(view: TreeView, values: Params): CompactionSpec | null {
  const oldestFirst = expiriesOf(view, values)
    .filter(({ atMs }) => lookFrom(atMs, values) <= view.nowMs)
    .map(({ placed }) => placed)
  const expired = [...(freeStretches(view, oldestFirst)[0] ?? [])]
  if (expired.length === 0) return null
  return ifFree(view, {
    kind: 'drop',
    inputs: slicesOf(expired.reverse()),
    nextState: view.state,
    reason: {
      trigger: 'file staleness',
      formula: 'age > default_time_to_live + gc_grace_seconds',
      values: { runs: expired.length, default_time_to_live: values.default_time_to_live },
    },
  })
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
