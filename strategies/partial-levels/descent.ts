/**
 * Owns what goes down together: the tables or runs that were chosen, the tables they overlap in the
 * level below, and what joins them at no cost.
 *
 * Inputs grow. The inputs of the level below reach beyond the chosen tables; tables of the upper
 * level in that range join if they add none of the level below. They would have to be merged with
 * the same tables later. Tables that overlap nothing are moved, not rewritten, so sequential loads
 * cost one write; a few neighbours that overlap nothing either move along. A table that overlaps
 * much of the level after that is rewritten all the same, cut at its borders: whole, it would make
 * a very large merge necessary there. A merge ends its tables where the tables one level deeper
 * begin and end (`primitives/soft-cuts.ts`).
 *
 * Sources: LevelDB `VersionSet::SetupOtherInputs` and `Compaction::IsTrivialMove`; RocksDB
 * `CompactionPicker::SetupOtherInputs`, `LevelCompactionBuilder::TryExtendNonL0TrivialMove` and
 * `Compaction::IsTrivialMove`.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { InputSlice, OutputPlace, PickReason } from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import { overlapping, type Run, rangeOf, sliceTables, tableAt } from '../../engine/version/run.ts'
import { rawBytes, rawBytesOfTables, type TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { busyOf } from '../primitives/busy.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { alignedOutput } from '../primitives/soft-cuts.ts'
import { wholeRuns } from '../primitives/specs.ts'
import { lowerLevels } from './multilevel.ts'
import type {
  PartialShape,
  PartialState,
  PartialSpec as Spec,
  PartialView as View,
} from './shape.ts'

/** Tables [from, to) of a run. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What goes down, after it has grown; the tables of `inputs` come from one level. */
interface Descent {
  readonly inputs: readonly InputSlice[]
  readonly tables: readonly TableMeta[]
  /** Tables of the level below that the inputs overlap. */
  readonly met: readonly TableMeta[]
  readonly nextState: PartialState
  readonly reason: PickReason
}

/** Most tables that move along with one that overlaps nothing, itself included. */
const MOVED_TABLES_MAX = 4

/** The tables of a level below 0 that go down when those of `chosen` do. */
export function grownSpan(
  view: View,
  shape: PartialShape,
  level: number,
  chosen: Span,
  only: 'right' | 'both' = 'both',
): Span {
  const run = levelAt(view.version, level).runs[0]!
  const next = levelAt(view.version, level + 1).runs[0]
  const range = rangeOfSpan(run, chosen)
  const met = next === undefined ? NOTHING : overlapping(next, range)
  if (next === undefined || isEmpty(met)) return movedSpan(view, shape, run, next, chosen, only)
  const reach = hull([range, rangeOfSpan(next, met)])!
  const interval = only === 'right' ? { ...reach, smallest: range.smallest } : reach
  const metBytes = bytesOfSpan(next, met)
  const fits = (span: Span) =>
    span.to - span.from > chosen.to - chosen.from &&
    metBytes + bytesOfSpan(run, span) < inputBytesMax(view, shape)
  const touching = overlapping(run, interval)
  if (fits(touching) && sizeOf(overlapping(next, rangeOfSpan(run, touching))) === sizeOf(met)) {
    return touching
  }
  if (!shape.rules.growsWithin) return chosen
  // RocksDB looks to both sides here, also in its round-robin.
  const inside = spanWithin(run, overlapping(run, reach), reach)
  return fits(inside) ? inside : chosen
}

/** A lone table that overlaps nothing, and the neighbours that overlap nothing either. */
function movedSpan(
  view: View,
  shape: PartialShape,
  run: Run,
  next: Run | undefined,
  chosen: Span,
  only: 'right' | 'both',
): Span {
  const { movesAlong } = shape.rules
  if (movesAlong === 'none' || sizeOf(chosen) > 1) return chosen
  const mostBytes = MOST_BYTES_IN_TABLES * tableBytes(view, shape)
  const busy = busyOf(view)
  let { from, to } = chosen
  let bytes = bytesOfSpan(run, chosen)
  const mayJoin = (span: Span, joining: number) => {
    if (busy.reads(tableAt(run, joining).id)) return false
    if (next !== undefined && !isEmpty(overlapping(next, rangeOfSpan(run, span)))) return false
    if (bytes + rawBytes(tableAt(run, joining)) > mostBytes) return false
    bytes += rawBytes(tableAt(run, joining))
    return true
  }
  while (
    to < run.totals.tables &&
    to - from < MOVED_TABLES_MAX &&
    mayJoin({ from: chosen.from, to: to + 1 }, to)
  ) {
    to++
  }
  if (movesAlong === 'right' || only === 'right') return { from, to }
  while (
    from > 0 &&
    to - from < MOVED_TABLES_MAX &&
    mayJoin({ from: from - 1, to: chosen.to }, from - 1)
  ) {
    from--
  }
  return { from, to }
}

/**
 * RocksDB's round-robin: tables from `index` on, in key order, until the level is below its target
 * or the inputs reach their limit.
 */
export function spanToTarget(
  view: View,
  shape: PartialShape,
  level: number,
  index: number,
  excess: number,
): Span {
  const run = levelAt(view.version, level).runs[0]!
  const next = levelAt(view.version, level + 1).runs[0]
  let span: Span = { from: index, to: index + 1 }
  let met = next === undefined ? NOTHING : overlapping(next, tableAt(run, index))
  const grown = grownSpan(view, shape, level, span, 'right')
  if (isEmpty(met) && sizeOf(grown) > 1) return grown
  let bytes = bytesOfSpan(run, span)
  let metBytes = next === undefined ? 0 : bytesOfSpan(next, met)
  if (bytes >= excess) return grown
  const mostBytes = MOST_BYTES_IN_TABLES * tableBytes(view, shape)
  while (span.to < run.totals.tables && bytes <= excess) {
    const table = tableAt(run, span.to)
    bytes += rawBytes(table)
    if (next !== undefined) {
      const to = Math.max(met.to, overlapping(next, table).to)
      metBytes += bytesOfSpan(next, { from: met.to, to })
      met = { from: met.from, to }
    }
    if (bytes + metBytes > mostBytes) break
    span = { from: index, to: span.to + 1 }
  }
  return grownSpan(view, shape, level, span, 'right')
}

/** The merge or move of tables [from, to) of a level below 0 into the next level. */
export function descendSpan(
  view: View,
  shape: PartialShape,
  level: number,
  span: Span,
  how: Pick<Descent, 'nextState' | 'reason'>,
): Spec {
  const run = levelAt(view.version, level).runs[0]!
  const tables = sliceTables(run, span.from, span.to)
  const met = overlapWith(view, level + 1, rangeOfSpan(run, span))
  const inputs = [{ level, run: run.id, tables }]
  return descend(view, shape, level + 1, { ...how, inputs, tables, met })
}

/** The merge or move of runs of level 0 into the base level. */
export function descendRuns(
  view: View,
  shape: PartialShape,
  base: number,
  runs: readonly Run[],
  how: Pick<Descent, 'nextState' | 'reason'>,
): Spec {
  const tables = runs.flatMap((run) => sliceTables(run, 0, run.totals.tables))
  const met = overlapWith(view, base, hullOfRuns(runs))
  return descend(view, shape, base, { ...how, inputs: wholeRuns(0, runs), tables, met })
}

/** Into `level`, or into the level after it together with what is met (`multilevel.ts`). */
function descend(view: View, shape: PartialShape, level: number, descent: Descent): Spec {
  const { inputs, tables, met, reason } = descent
  const from = inputs[0]!.level
  const mostBytes = MOST_BYTES_IN_TABLES * tableBytes(view, shape)
  const lower = lowerLevels(view, { from, into: level, tables, met }, mostBytes, shape)
  if (lower === null) return arrive(view, shape, level, descent)
  return arrive(view, shape, level + 1, {
    ...descent,
    inputs: [...inputs, ...slicesOf(view, level, lower.met)],
    tables: [...tables, ...lower.met],
    met: lower.deeper,
    reason: { ...reason, values: { ...reason.values, into: level + 1 } },
  })
}

/** A merge into the run of `level`; a move if no two tables overlap. */
function arrive(view: View, shape: PartialShape, level: number, descent: Descent): Spec {
  const { inputs, tables, met, nextState, reason } = descent
  const [run] = levelAt(view.version, level).runs
  const place: OutputPlace = run === undefined ? { level, after: null } : { level, run: run.id }
  if (met.length === 0 && areDisjoint(tables) && mayMove(view, shape, level, tables)) {
    return { kind: 'move', inputs, place, nextState, reason }
  }
  return {
    kind: 'merge',
    inputs: [...inputs, ...slicesOf(view, level, met)],
    outputs: [alignedOutput(view, place, hull([...tables, ...met])!, shape)],
    nextState,
    reason,
  }
}

/** The slice of the level's run; none without tables. */
function slicesOf(view: View, level: number, tables: readonly TableMeta[]): readonly InputSlice[] {
  if (tables.length === 0) return []
  return [{ level, run: levelAt(view.version, level).runs[0]!.id, tables }]
}

/** Whether each table overlaps little enough of the level after `level`. */
function mayMove(
  view: View,
  shape: PartialShape,
  level: number,
  tables: readonly TableMeta[],
): boolean {
  const grandparents = levelAt(view.version, level + 1).runs[0]
  if (grandparents === undefined) return true
  const { moveTablesMax, moveCountsItself } = shape.rules
  const mostBytes = moveTablesMax * tableBytes(view, shape)
  return tables.every((table) => {
    const own = moveCountsItself ? rawBytes(table) : 0
    return own + bytesOfSpan(grandparents, overlapping(grandparents, table)) <= mostBytes
  })
}

/** Raw bytes of all inputs below which they may grow. */
export function inputBytesMax(view: View, shape: PartialShape): number {
  return shape.rules.inputTablesMax * tableBytes(view, shape)
}

export function hullOfRuns(runs: readonly Run[]): KeyRange {
  return hull(runs.flatMap((run) => rangeOf(run) ?? []))!
}

export function overlapWith(view: View, level: number, range: KeyRange): readonly TableMeta[] {
  const run = levelAt(view.version, level).runs[0]
  if (run === undefined) return []
  const { from, to } = overlapping(run, range)
  return sliceTables(run, from, to)
}

function areDisjoint(tables: readonly TableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.smallest, b.smallest))
  return sorted.every((table, at) => at === 0 || !overlaps(sorted[at - 1]!, table))
}

/** RocksDB's `max_compaction_bytes`, in target tables. */
export const MOST_BYTES_IN_TABLES = 25

const NOTHING: Span = { from: 0, to: 0 }

function sizeOf({ from, to }: Span): number {
  return to - from
}

function isEmpty(span: Span): boolean {
  return sizeOf(span) === 0
}

function rangeOfSpan(run: Run, { from, to }: Span): KeyRange {
  return { smallest: tableAt(run, from).smallest, largest: tableAt(run, to - 1).largest }
}

function bytesOfSpan(run: Run, { from, to }: Span): number {
  return rawBytesOfTables(sliceTables(run, from, to))
}

/** The tables of the span that do not reach beyond the range, to which they belong otherwise. */
function spanWithin(run: Run, { from, to }: Span, { smallest, largest }: KeyRange): Span {
  const starts = compareBytes(tableAt(run, from).smallest, smallest) >= 0
  const ends = compareBytes(tableAt(run, to - 1).largest, largest) <= 0
  return { from: starts ? from : from + 1, to: ends ? to : to - 1 }
}
