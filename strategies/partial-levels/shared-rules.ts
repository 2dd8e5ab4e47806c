/**
 * Owns the rules that leveling-partial, 1-leveling, dynamic-leveled and delete-aware share, and
 * `composed` where it compacts by tables. Their tree is that of LevelDB and RocksDB: level 0
 * collects flushed runs, every deeper level is one run, and a compaction takes one table or a few,
 * with the tables they overlap.
 *
 * When level 0 has `l0Trigger` runs, all of them merge with the tables they overlap in the base
 * level. When a deeper level reaches its target, the movement chooses a table, which merges with
 * the tables it overlaps one level deeper. The fullest level goes first. Tables that overlap
 * nothing are moved, not rewritten, so sequential loads cost one write. A merge ends its tables
 * where the tables one level deeper begin and end (`primitives/soft-cuts.ts`).
 *
 *   static    level i may hold base · T^i raw bytes; the base level is level 1
 *   dynamic   targets follow the size of the last level: each level above it may hold 1/T of the
 *             next. The base level is the deepest whose target is at most base · T; levels between
 *             level 0 and the base level stay empty. The levels above the last hold at most
 *             1/(T − 1) of it, so obsolete versions take no more than that (RocksDB,
 *             level_compaction_dynamic_level_bytes; Dong et al., CIDR '17)
 *
 * A running compaction reserves the levels it reads and writes; jobs on other levels may run at the
 * same time. Sources: LevelDB `VersionSet::PickCompaction`, RocksDB `LevelCompactionBuilder` and
 * `VersionStorageInfo::CalculateBaseBytes`.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  LevelScore,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import { overlapping, rangeOf, sliceTables } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { scoresAround, whenIdle } from '../define-strategy.ts'
import { chooseTable, type MovementLimits, type MovementName } from '../primitives/movement.ts'
import { advance, type Cursors, indexAfter } from '../primitives/round-robin.ts'
import { type SoftCutRule, tableBytes } from '../primitives/shared-parameters.ts'
import { alignedOutput } from '../primitives/soft-cuts.ts'
import {
  inputBytes,
  levelsTouched,
  mergeIntoOldest,
  outputTo,
  wholeRuns,
} from '../primitives/specs.ts'
import { findMark, type MarkRule } from '../primitives/triggers.ts'

/** How far each level's compactions have come through the key space. */
export type PartialState = { readonly cursors: Cursors }

export const NO_CURSORS: PartialState = { cursors: [] }

export interface PartialShape extends MovementLimits {
  readonly T: number
  readonly l0Trigger: number
  /** Raw bytes the targets start from; 0: the memtable size. */
  readonly baseBytes: number
  readonly sizing: 'static' | 'dynamic'
  /** Dynamic sizing: number of levels, with level 0. Most data lies in the last. */
  readonly levels: number
  /** In order of priority: the first movement that does not pass chooses the table. */
  readonly movement: readonly MovementName[]
  /** Number of neighbouring tables that are compacted together. */
  readonly tablesPerJob: number
  readonly bitsPerKey: number
  readonly targetTableBytes: number
  /** Where the tables of a merge may end early. A table rewritten in place is cut by size alone. */
  readonly softCuts: SoftCutRule
}

type View = TreeView<PartialState>
type Spec = CompactionSpec<PartialState>

/** Returns the compaction that is due, if any. Running jobs read or write the `busy` levels. */
export type PartialTrigger = (
  view: View,
  shape: PartialShape,
  busy: ReadonlySet<number>,
) => Spec | null

/** The members of a strategy of this family, given the shape that its parameters describe. */
export function partialMembers<Values>(
  shapeOf: (values: Values, view: View) => PartialShape,
  triggersOf: (values: Values) => readonly PartialTrigger[] = () => [pickFullest],
) {
  return {
    initialState: NO_CURSORS,
    pick: (view: View, values: Values) =>
      pickPartialLevels(view, shapeOf(values, view), triggersOf(values)),
    score: (view: View, values: Values) =>
      scorePartialLevels(view, shapeOf(values, view), triggersOf(values)),
    debtBytes: (view: View, values: Values) =>
      debtOfPartialLevels(view, shapeOf(values, view), triggersOf(values)),
    stallLimits: (view: View, values: Values) => stallsOfPartialLevels(shapeOf(values, view)),
  }
}

/** Asks the triggers in order, and returns the first compaction that is due. */
export function pickPartialLevels(
  view: View,
  shape: PartialShape,
  triggers: readonly PartialTrigger[] = [pickFullest],
): Spec | null {
  const busy = busyLevels(view)
  let spec = pickRepair(view, shape, busy)
  for (const trigger of triggers) spec ??= trigger(view, shape, busy)
  return spec
}

/** Compacts the fullest level: by bytes, and in level 0 by the number of runs. */
export function pickFullest(
  view: View,
  shape: PartialShape,
  busy: ReadonlySet<number>,
): Spec | null {
  const targets = targetsOf(view, shape)
  const isFree = (level: number) => !busy.has(level) && !busy.has(nextLevel(targets, level))
  const due = view.version.levels
    .map((_, level) => ({ level, fullness: fullnessOf(view, shape, targets, level) }))
    .filter(({ level, fullness }) => fullness >= 1 && isFree(level))
    .sort((a, b) => b.fullness - a.fullness)[0]?.level
  if (due === undefined) return null
  if (due > 0) return pickTable(view, shape, targets, due)
  return compactLevel0(view, shape, {
    trigger: 'sorted runs',
    formula: 'runs(0) ≥ l0Trigger',
    values: { runs: levelAt(view.version, 0).runs.length, l0Trigger: shape.l0Trigger },
  })
}

/** Fullness of every level. Some level scores 1 or more exactly when a compaction is due. */
export function scorePartialLevels(
  view: View,
  shape: PartialShape,
  triggers?: readonly PartialTrigger[],
): readonly LevelScore[] {
  const targets = targetsOf(view, shape)
  const scores = view.version.levels.map((_, level) => ({
    level,
    score: fullnessOf(view, shape, targets, level),
  }))
  if (scores.some(({ score }) => score >= 1)) return scores
  const due = pickPartialLevels(whenIdle(view), shape, triggers)
  return scoresAround(view, due, (level) => scores[level]!.score)
}

/** RocksDB's estimate: bytes above a target are rewritten with their share of the next level. */
export function debtOfPartialLevels(
  view: View,
  shape: PartialShape,
  triggers?: readonly PartialTrigger[],
): number {
  const targets = targetsOf(view, shape)
  const level0 = levelAt(view.version, 0)
  const flushed = level0.runs.length >= shape.l0Trigger ? level0.totals.rawBytes : 0
  let debt = flushed === 0 ? 0 : flushed + levelAt(view.version, targets.base).totals.rawBytes
  let arriving = 0
  for (let level = 1; level < view.version.levels.length || arriving > 0; level++) {
    if (level === targets.base) arriving += flushed
    const bytes = levelAt(view.version, level).totals.rawBytes + arriving
    const excess = bytes - targets.bytes(level)
    // Whole tables leave, so any excess costs at least one table.
    arriving = excess < 0 ? 0 : Math.max(excess, Math.min(bytes, tableBytes(view, shape)))
    debt += arriving * (1 + levelAt(view.version, level + 1).totals.rawBytes / Math.max(bytes, 1))
  }
  if (debt > 0) return Math.round(debt)
  const due = pickPartialLevels(whenIdle(view), shape, triggers)
  return due?.kind === 'merge' ? inputBytes(view.version, due.inputs) : 0
}

/** LevelDB's limits, 8 and 12 for a trigger of 4. */
function stallsOfPartialLevels({ l0Trigger }: PartialShape) {
  return { slowdownRuns: 2 * Math.max(l0Trigger, 4), stopRuns: 3 * Math.max(l0Trigger, 4) }
}

/** Merges all of level 0 with the base level's tables in its range. */
function compactLevel0(view: View, shape: PartialShape, reason: PickReason): Spec {
  const { runs } = levelAt(view.version, 0)
  const next = targetsOf(view, shape).base
  const met = overlapWith(view, next, hull(runs.flatMap((run) => rangeOf(run) ?? []))!)
  const tables = runs.flatMap((run) => sliceTables(run, 0, run.totals.tables))
  const inputs = wholeRuns(0, runs)
  return descend(view, shape, next, { inputs, tables, met, nextState: view.state, reason })
}

/** Sends a marked table one level deeper, or rewrites it in place in the deepest level. */
export function markTrigger(rule: MarkRule): PartialTrigger {
  return (view, shape, busy) => {
    const targets = targetsOf(view, shape)
    const mark = findMark(view, rule, {
      isFree: (level) =>
        !busy.has(level) && (isDeepest(view, level) || !busy.has(nextLevel(targets, level))),
      rewrites: (level) => isDeepest(view, level),
      startIn: (level, run) => indexAfter(run, view.state.cursors[level] ?? null),
    })
    if (mark === null) return null
    const { level, index, table, reason } = mark
    if (level === 0) return compactLevel0(view, shape, reason)
    if (isDeepest(view, level)) return rewriteTable(view, shape, level, table, reason)
    return compactTables(view, shape, level, index, reason)
  }
}

/** Never true of level 0, whose runs can always go deeper. */
export function isDeepest(view: TreeView, level: number): boolean {
  return level > 0 && level === view.version.levels.length - 1
}

/** Compacts table `index` of a level below 0 and its neighbours into the next level. */
function compactTables(
  view: View,
  shape: PartialShape,
  level: number,
  index: number,
  reason: PickReason,
): Spec {
  const run = levelAt(view.version, level).runs[0]!
  const tables = sliceTables(run, index, index + shape.tablesPerJob)
  const last = tables.at(-1)!
  const met = overlapWith(view, level + 1, { smallest: tables[0]!.smallest, largest: last.largest })
  return descend(view, shape, level + 1, {
    inputs: [{ level, run: run.id, tables }],
    tables,
    met,
    nextState: { cursors: advance(view.state.cursors, level, last) },
    reason: { ...reason, values: { ...reason.values, table: tables[0]!.id } },
  })
}

/** Rewrites a table in place, which leaves out tombstones that hide nothing older. */
function rewriteTable(
  view: View,
  shape: PartialShape,
  level: number,
  table: TableMeta,
  reason: PickReason,
): Spec {
  const run = levelAt(view.version, level).runs[0]!.id
  const place = { level, run }
  return {
    kind: 'merge',
    inputs: [{ level, run, tables: [table] }],
    outputs: [outputTo(place, tableBytes(view, shape), shape.bitsPerKey)],
    nextState: view.state,
    reason: { ...reason, values: { ...reason.values, table: table.id } },
  }
}

interface Targets {
  /** The level that level 0 merges into. */
  readonly base: number
  /** Raw bytes from which a level below 0 is due. */
  readonly bytes: (level: number) => number
}

function targetsOf(view: View, shape: PartialShape): Targets {
  const base = shape.baseBytes === 0 ? view.memtableBytes : shape.baseBytes
  if (shape.sizing === 'static') return { base: 1, bytes: (level) => base * shape.T ** level }
  const { levels } = view.version
  const last = Math.max(shape.levels - 1, levels.length - 1)
  const below0 = levels.slice(1)
  const occupied = below0.findIndex(({ runs }) => runs.length > 0)
  const firstOccupied = occupied === -1 ? last : occupied + 1
  let level = last
  let bytes = Math.max(0, ...below0.map(({ totals }) => totals.rawBytes))
  while (level > firstOccupied || (level > 1 && bytes > base * shape.T)) {
    level--
    bytes /= shape.T
  }
  const baseLevel = level
  const atBase = Math.max(bytes, base)
  return {
    base: baseLevel,
    bytes: (index) => (index >= last ? Infinity : atBase * shape.T ** (index - baseLevel)),
  }
}

function nextLevel({ base }: Targets, level: number): number {
  return level === 0 ? base : level + 1
}

function fullnessOf(view: View, shape: PartialShape, targets: Targets, level: number): number {
  const { runs, totals } = levelAt(view.version, level)
  return level === 0 ? runs.length / shape.l0Trigger : totals.rawBytes / targets.bytes(level)
}

function busyLevels(view: View): ReadonlySet<number> {
  return new Set(view.inProgress.flatMap((spec) => levelsTouched(spec)))
}

/** Compacts the table that the movement chooses, of a level that has reached its target. */
function pickTable(view: View, shape: PartialShape, targets: Targets, level: number): Spec {
  const { runs, totals } = levelAt(view.version, level)
  const run = runs[0]!
  const cursor = view.state.cursors[level] ?? null
  const start = indexAfter(run, cursor)
  const { densityThreshold, ttlMs } = shape
  const candidates = { view, level, run, start, cursor, densityThreshold, ttlMs }
  return compactTables(view, shape, level, chooseTable(shape.movement, candidates), {
    trigger: 'level saturation',
    formula: shape.sizing === 'static' ? 'bytes ≥ base·T^level' : 'bytes ≥ next target / T',
    values: { level, bytes: totals.rawBytes, target: Math.round(targets.bytes(level)) },
  })
}

interface Descent {
  readonly inputs: readonly InputSlice[]
  /** Those of the inputs. */
  readonly tables: readonly TableMeta[]
  /** Tables of the level below that the inputs overlap. */
  readonly met: readonly TableMeta[]
  readonly nextState: PartialState
  readonly reason: PickReason
}

/** A merge into the run of `level`; a move if no two tables overlap. */
function descend(view: View, shape: PartialShape, level: number, descent: Descent): Spec {
  const { inputs, tables, met, nextState, reason } = descent
  const [run] = levelAt(view.version, level).runs
  const place: OutputPlace = run === undefined ? { level, after: null } : { level, run: run.id }
  if (met.length === 0 && areDisjoint(tables)) {
    return { kind: 'move', inputs, place, nextState, reason }
  }
  const metSlices = met.length === 0 ? [] : [{ level, run: run!.id, tables: met }]
  return {
    kind: 'merge',
    inputs: [...inputs, ...metSlices],
    outputs: [alignedOutput(view, place, hull([...tables, ...met])!, shape)],
    nextState,
    reason,
  }
}

/** First of all, merges several runs in a level below 0, which another strategy left, into one. */
function pickRepair(view: View, shape: PartialShape, busy: ReadonlySet<number>): Spec | null {
  const level = view.version.levels.findIndex(
    ({ runs }, index) => index > 0 && runs.length > 1 && !busy.has(index),
  )
  if (level === -1) return null
  const { runs } = levelAt(view.version, level)
  const reason = {
    trigger: 'sorted runs',
    formula: 'runs > 1',
    values: { level, runs: runs.length },
  }
  return mergeIntoOldest(view, level, [], runs, shape, reason)
}

function overlapWith(view: View, level: number, range: KeyRange): TableMeta[] {
  const run = levelAt(view.version, level).runs[0]
  if (run === undefined) return []
  const { from, to } = overlapping(run, range)
  return sliceTables(run, from, to)
}

function areDisjoint(tables: readonly TableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.smallest, b.smallest))
  return sorted.every((table, at) => at === 0 || !overlaps(sorted[at - 1]!, table))
}
