/**
 * Owns merges of one table into the next older run, as leveling makes them: the table, and those
 * that it overlaps in the next run. Its neighbours join if the merge then reads no further table of
 * the next run and stays below twice `max_compaction_bytes`. If the next run has nothing in the
 * range, the tables move.
 *
 * In level 0 every run that overlaps the chosen one joins it, directly or through others. So no run
 * that overlaps an input stays between the inputs and the output.
 *
 * Source: RocksDB `UniversalCompactionBuilder::BuildCompactionToNextLevel`,
 * `CompactionPicker::SetupOtherInputs` and `GetOverlappingL0Files`.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import { overlapping, type Run, rangeOf, sliceTables, tableAt } from '../../engine/version/run.ts'
import { grandparentsOf } from '../primitives/soft-cuts.ts'
import { levelsTouched, tablesIn, wholeRuns } from '../primitives/specs.ts'
import { maxCompactionBytes, outputAt } from './outputs.ts'
import type { UniversalValues } from './parameters.ts'
import { lastLevel, type SortedRun } from './sorted-runs.ts'

/** The tables [from, to) of a run. */
export interface Part {
  readonly from: number
  readonly to: number
}

/** Indices of the runs whose tables can go to an older run; no job works in either level. */
export function runsThatCanGo(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
): readonly number[] {
  const busy = new Set(view.inProgress.flatMap(levelsTouched))
  const indices = runs.map((_, at) => at)
  return indices.filter((at) => {
    const { level } = runs[at]!
    const next = nextRun(runs, at)
    if (next === undefined && level > 0) return false
    return !busy.has(level) && !busy.has(next?.level ?? lastLevel(view.version, values))
  })
}

/** Merges table `index` of run `at`, which can go, into the next older run. */
export function pickTable(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
  at: number,
  index: number,
  reason: PickReason,
): CompactionSpec | null {
  const { level, run } = runs[at]!
  const next = nextRun(runs, at)
  const bytesMax = 2 * maxCompactionBytes(view, values)
  if (level === 0) {
    const level0 = runs.filter((each) => each.level === 0).map((each) => each.run)
    const joined = overlapIn(level0, rangeOf(run)!)
    return next === undefined
      ? pickLastOfLevel0(view, values, level0, joined, reason)
      : intoNext(view, values, runsOfLevel0(level0, joined, next.run, bytesMax), next, reason)
  }
  const part = withNeighbours(run, { from: index, to: index + 1 }, next!.run, bytesMax)
  const inputs = [{ level, run: run.id, tables: sliceTables(run, part.from, part.to) }]
  return intoNext(
    view,
    values,
    { inputs, range: rangeOfPart(run, part), moves: true },
    next!,
    reason,
  )
}

/** For level 0 the first run below it. */
function nextRun(runs: readonly SortedRun[], at: number): SortedRun | undefined {
  return runs[at]!.level === 0 ? runs.find(({ level }) => level > 0) : runs[at + 1]
}

/** What goes to an older run. */
interface Start {
  readonly inputs: readonly InputSlice[]
  readonly range: KeyRange
  /** Whether it moves where it overlaps nothing. */
  readonly moves: boolean
}

function intoNext(
  view: TreeView,
  values: UniversalValues,
  { inputs, range, moves }: Start,
  { level, run }: SortedRun,
  reason: PickReason,
): CompactionSpec {
  const place = { level, run: run.id }
  const met = overlapping(run, range)
  const tables = sliceTables(run, met.from, met.to)
  if (tables.length > 0)
    return merge(view, values, [...inputs, { ...place, tables }], place, reason)
  if (moves) return { kind: 'move', inputs, place, nextState: view.state, reason }
  return merge(view, values, inputs, place, reason)
}

/** Where level 0 is all of the tree: into the last level, or with one level into the oldest run. */
function pickLastOfLevel0(
  view: TreeView,
  values: UniversalValues,
  level0: readonly Run[],
  joined: readonly Run[],
  reason: PickReason,
): CompactionSpec | null {
  const inputs = wholeRuns(0, joined)
  const level = lastLevel(view.version, values)
  if (level === 0) {
    if (joined.length < 2) return null
    return merge(view, values, inputs, { level, run: joined.at(-1)!.id }, reason)
  }
  const place = { level, after: null }
  if (areDisjoint(level0)) return { kind: 'move', inputs, place, nextState: view.state, reason }
  return merge(view, values, inputs, place, reason)
}

function merge(
  view: TreeView,
  values: UniversalValues,
  inputs: readonly InputSlice[],
  place: OutputPlace,
  reason: PickReason,
): CompactionSpec {
  const tables = values.incremental ? inputs.flatMap((slice) => tablesIn(view.version, slice)) : []
  const range = hull(tables)
  const grandparents = range === null ? [] : grandparentsOf(view.version, place.level, range)
  const outputs = [outputAt(view, values, place, grandparents)]
  return { kind: 'merge', inputs, outputs, nextState: view.state, reason }
}

/** Level 0's start: more runs than `joined` if the merge then reads no further table of `next`. */
function runsOfLevel0(
  level0: readonly Run[],
  joined: readonly Run[],
  next: Run,
  bytesMax: number,
): Start {
  const range = hull(joined.map((run) => rangeOf(run)!))!
  const start = { inputs: wholeRuns(0, joined), range, moves: areDisjoint(level0) }
  const met = overlapping(next, range)
  if (met.from === met.to) return start
  const wide = overlapIn(level0, hull([range, rangeOfPart(next, met)])!)
  const wideRange = hull(wide.map((run) => rangeOf(run)!))!
  const bytes = wide.reduce((sum, { totals }) => sum + totals.bytes, bytesIn(next, met))
  if (bytes >= bytesMax || !areEqual(overlapping(next, wideRange), met)) return start
  return { inputs: wholeRuns(0, wide), range: wideRange, moves: false }
}

/** A part of a run and its neighbours, if a merge with `next` then reads no further table of it. */
export function withNeighbours(run: Run, part: Part, next: Run, bytesMax: number): Part {
  const met = overlapping(next, rangeOfPart(run, part))
  if (met.from === met.to) return part
  const both = hull([rangeOfPart(run, part), rangeOfPart(next, met)])!
  const fits = (wider: Part) =>
    wider.to - wider.from > part.to - part.from &&
    bytesIn(run, wider) + bytesIn(next, met) < bytesMax
  const touching = overlapping(run, both)
  const readsNoMore = areEqual(overlapping(next, rangeOfPart(run, touching)), met)
  if (readsNoMore && fits(touching)) return touching
  const inside = tablesInside(run, both)
  return fits(inside) ? inside : part
}

/** The tables that lie in the range with all their keys. */
export function tablesInside(run: Run, range: KeyRange): Part {
  let { from, to } = overlapping(run, range)
  if (from < to && compareBytes(tableAt(run, from).smallest, range.smallest) < 0) from++
  if (from < to && compareBytes(tableAt(run, to - 1).largest, range.largest) > 0) to--
  return { from, to }
}

export function rangeOfPart(run: Run, { from, to }: Part): KeyRange {
  return { smallest: tableAt(run, from).smallest, largest: tableAt(run, to - 1).largest }
}

function bytesIn(run: Run, { from, to }: Part): number {
  return sliceTables(run, from, to).reduce((sum, { bytes }) => sum + bytes, 0)
}

function areEqual(a: Part, b: Part): boolean {
  return a.from === b.from && a.to === b.to
}

/** The runs that overlap the range, directly or through others; in their order. */
function overlapIn(runs: readonly Run[], range: KeyRange): readonly Run[] {
  const inRange = runs.filter((run) => overlaps(rangeOf(run)!, range))
  const wider = hull([range, ...inRange.map((run) => rangeOf(run)!)])!
  const grew =
    compareBytes(wider.smallest, range.smallest) < 0 ||
    compareBytes(wider.largest, range.largest) > 0
  return grew ? overlapIn(runs, wider) : inRange
}

function areDisjoint(runs: readonly Run[]): boolean {
  const ranges = runs
    .map((run) => rangeOf(run)!)
    .sort((a, b) => compareBytes(a.smallest, b.smallest))
  return ranges.every((range, at) => at === 0 || !overlaps(ranges[at - 1]!, range))
}
