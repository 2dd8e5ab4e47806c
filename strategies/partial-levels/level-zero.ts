/**
 * Owns what happens to a level 0 that is due, in this order:
 *
 *   1. Its oldest runs move down if they overlap neither one another nor the base level.
 *   2. Its runs merge into one run of level 0 while the base level is more than 20 times as large:
 *      so few bytes would rewrite too many.
 *   3. One run merges with the tables it overlaps in the base level, together with every run of
 *      level 0 that it overlaps, directly or through others. Random keys make that all of them.
 *
 * While a running job blocks the way down, the newest runs may merge into one run of level 0. Such
 * merges keep recency, because they take neighbouring runs from the newest on, and the result takes
 * the place of the oldest of them.
 *
 * Sources: LevelDB `VersionSet::PickCompaction`; RocksDB `LevelCompactionBuilder`
 * (`TryPickL0TrivialMove`, `PickSizeBasedIntraL0Compaction`, `PickIntraL0Compaction`) and
 * `PickCostBasedIntraL0Compaction`; Pebble, too, merges within level 0 while its way down is
 * blocked (`pickIntraL0`).
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { PickReason } from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import { overlapping, type Run, rangeOf } from '../../engine/version/run.ts'
import { rawBytesOfTables } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { busyOf, freeRuns, ifFree } from '../primitives/busy.ts'
import { compensatedRunBytes } from '../primitives/compensated-sizes.ts'
import { advanceTo, fromHex } from '../primitives/round-robin.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { outputTo, placeOfOldest, wholeRuns } from '../primitives/specs.ts'
import {
  descendRuns,
  hullOfRuns,
  inputBytesMax,
  MOST_BYTES_IN_TABLES,
  overlapWith,
} from './descent.ts'
import type { PartialShape, PartialSpec as Spec, PartialView as View } from './shape.ts'
import { bytesPerTombstone, firstTargetBytes } from './targets.ts'

/** The base level must have more than this many times T (at least 10) the bytes of level 0. */
const SMALL_FACTOR = 2
const SMALL_RATIO_MIN = 10

/** Fewer runs are not merged within level 0 while it is blocked. */
const BLOCKED_RUNS_MIN = 4

/** Level 0 must have this many runs more than its trigger. */
const BLOCKED_RUNS_EXTRA = 2

/** The compaction of a level 0 that is due, when no running job uses it or the base level. */
export function pickLevel0(view: View, shape: PartialShape, base: number, why: PickReason): Spec {
  const { runs } = levelAt(view.version, 0)
  const movable = shape.rules.movesOldestRuns ? oldestMovable(view, base) : []
  if (movable.length > 0) {
    return descendRuns(view, shape, base, movable, { nextState: view.state, reason: why })
  }
  if (shape.rules.intraL0 === 'small' && isSmall(view, shape, base)) {
    return mergeWithin(view, shape, runs)
  }
  return compactRun(view, shape, base, firstRun(view, shape, base), why)
}

/** The compaction of one run of level 0 and of those it overlaps. */
export function compactRun(
  view: View,
  shape: PartialShape,
  base: number,
  first: Run,
  reason: PickReason,
): Spec {
  const runs = grownRuns(view, shape, base, overlappingRuns(view, rangeOf(first)!))
  const isLevelDb = shape.movement[0] === 'rr'
  const nextState = isLevelDb
    ? { cursors: advanceTo(view.state.cursors, 0, hullOfRuns(runs).largest) }
    : view.state
  return descendRuns(view, shape, base, runs, { nextState, reason })
}

/** A merge within level 0, if level 0 is due and a running job blocks its way down. */
export function pickBlockedLevel0(view: View, shape: PartialShape): Spec | null {
  const { runs } = levelAt(view.version, 0)
  if (shape.rules.intraL0 === 'never') return null
  const busy = busyOf(view)
  if (busy.isIdle) return null
  const newest = runs.slice(
    0,
    firstIndex(runs, ({ id }) => busy.readsRun(id)),
  )
  const free = freeRuns(view, runs)
  const isDue = free.length >= shape.l0Trigger || bytesOfRuns(free) >= firstTargetBytes(view, shape)
  if (!isDue || runs.length < shape.l0Trigger + BLOCKED_RUNS_EXTRA) return null
  const span = cheapestSpan(newest, MOST_BYTES_IN_TABLES * tableBytes(view, shape))
  return span.length < BLOCKED_RUNS_MIN ? null : ifFree(view, mergeWithin(view, shape, span))
}

/** Runs from the newest on, while each makes the bytes written for each run removed fewer. */
function cheapestSpan(newest: readonly Run[], bytesMax: number): readonly Run[] {
  let bytes = newest[0]?.totals.rawBytes ?? 0
  let bytesPerRun = Number.POSITIVE_INFINITY
  let count = Math.min(newest.length, 1)
  for (; count < newest.length; count++) {
    bytes += newest[count]!.totals.rawBytes
    if (bytes / count > bytesPerRun || bytes > bytesMax) break
    bytesPerRun = bytes / count
  }
  return newest.slice(0, count)
}

/** Merges neighbouring runs of level 0 into the oldest of them. Level 0's tables are not cut. */
function mergeWithin(view: View, shape: PartialShape, runs: readonly Run[]): Spec {
  return {
    kind: 'merge',
    inputs: wholeRuns(0, runs),
    outputs: [outputTo(placeOfOldest(0, runs), null, shape.bitsPerKey)],
    nextState: view.state,
    reason: {
      trigger: 'sorted runs',
      formula: 'runs(0) merge within level 0',
      values: { runs: runs.length, bytes: bytesOfRuns(runs) },
    },
  }
}

/** The oldest runs that overlap nothing, unless the base level is empty. */
function oldestMovable(view: View, base: number): readonly Run[] {
  const below = levelAt(view.version, base).runs[0]
  if (below === undefined) return []
  const { runs } = levelAt(view.version, 0)
  let count = 0
  let range: KeyRange | null = null
  for (const run of runs.toReversed()) {
    const own: KeyRange = rangeOf(run)!
    if (range !== null && overlaps(range, own)) break
    const reach: KeyRange = range === null ? own : hullOfRuns(runs.slice(runs.length - count - 1))
    const met = overlapping(below, reach)
    if (met.to > met.from) break
    range = reach
    count++
  }
  return runs.slice(runs.length - count)
}

/** Whether level 0 has so few bytes that merging them into the base level would be a waste. */
function isSmall(view: View, shape: PartialShape, base: number): boolean {
  const { runs } = levelAt(view.version, 0)
  if (runs.length < Math.max(2, shape.l0Trigger)) return false
  const factor = SMALL_FACTOR * Math.max(SMALL_RATIO_MIN, shape.T)
  const bytes = compensatedRunBytes(runs, bytesPerTombstone(view, shape))
  return levelAt(view.version, base).totals.rawBytes > factor * bytes
}

/** The run with which the compaction of level 0 begins; the movement says which. */
function firstRun(view: View, shape: PartialShape, base: number): Run {
  const { runs } = levelAt(view.version, 0)
  switch (shape.movement[0]) {
    case 'rr':
      return runAfter(runs, view.state.cursors[0] ?? null)
    case 'lo1':
      return leastBy(runs, (run) => overlapRatio(view, base, run))
    case 'largest':
      return leastBy(runs, (run) => -compensatedRunBytes([run], bytesPerTombstone(view, shape)))
    default:
      return runs.at(-1)!
  }
}

/** LevelDB: the first run in key order that ends beyond the cursor, else the first of all. */
function runAfter(runs: readonly Run[], cursor: string | null): Run {
  const ascending = [...runs].sort((a, b) => {
    return compareBytes(rangeOf(a)!.smallest, rangeOf(b)!.smallest)
  })
  const key = cursor === null ? null : fromHex(cursor)
  const beyond = ascending.find((run) => {
    return key === null || compareBytes(rangeOf(run)!.largest, key) > 0
  })
  return beyond ?? ascending[0]!
}

function overlapRatio(view: View, base: number, run: Run): number {
  return rawBytesOfTables(overlapWith(view, base, rangeOf(run)!)) / run.totals.rawBytes
}

/** The run with the least rank; of equal ones that with the smallest key. */
function leastBy(runs: readonly Run[], rankOf: (run: Run) => number): Run {
  const ranked = runs.map((run) => ({ run, rank: rankOf(run) }))
  return ranked.reduce((least, other) => {
    if (other.rank !== least.rank) return other.rank < least.rank ? other : least
    const order = compareBytes(rangeOf(other.run)!.smallest, rangeOf(least.run)!.smallest)
    return order < 0 ? other : least
  }).run
}

/** The runs that overlap the range, directly or through other runs; newest first. */
function overlappingRuns(view: View, range: KeyRange): readonly Run[] {
  const { runs } = levelAt(view.version, 0)
  let reach = range
  let found: readonly Run[] = []
  for (;;) {
    const met = runs.filter((run) => overlaps(rangeOf(run)!, reach))
    if (met.length === found.length) return met
    found = met
    reach = hullOfRuns(met)
  }
}

/** Adds runs in the range of the base level's inputs, if they need no more of the base level. */
function grownRuns(
  view: View,
  shape: PartialShape,
  base: number,
  chosen: readonly Run[],
): readonly Run[] {
  const range = hullOfRuns(chosen)
  const met = overlapWith(view, base, range)
  if (met.length === 0) return chosen
  const grown = overlappingRuns(view, hull([range, met[0]!, met.at(-1)!])!)
  const fits = bytesOfRuns(grown) + rawBytesOfTables(met) < inputBytesMax(view, shape)
  const same = overlapWith(view, base, hullOfRuns(grown)).length === met.length
  return grown.length > chosen.length && fits && same ? grown : chosen
}

function bytesOfRuns(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.totals.rawBytes, 0)
}

function firstIndex<T>(items: readonly T[], fits: (item: T) => boolean): number {
  const index = items.findIndex(fits)
  return index === -1 ? items.length : index
}
