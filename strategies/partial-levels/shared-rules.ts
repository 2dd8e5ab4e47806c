/**
 * Owns the tree of partial leveling, as LevelDB and RocksDB build it: level 0 collects flushed runs,
 * every deeper level is one run, and a compaction takes a table or a few with what they overlap.
 * `leveling-partial`, `1-leveling`, `dynamic-leveled` and `delete-aware` are points of it, and so is
 * `composed` where it works by tables.
 *
 * When level 0 has `l0Trigger` runs all of them merge with the tables they overlap in the base
 * level. When a level from there on reaches its target the movement chooses a table, which merges
 * into the tables it overlaps one level deeper. The fullest level goes first. Tables that overlap
 * nothing are moved, not rewritten, so sequential loads cost one write.
 *
 *   static    level i may hold base · T^i raw bytes; the base level is level 1
 *   dynamic   targets follow the size the last level has: each level above it may hold 1/T of the
 *             next. The base level is the deepest whose target is at most base · T; those above it
 *             stay empty. The levels above the last hold at most 1/(T − 1) of it, so obsolete
 *             versions do too (RocksDB, level_compaction_dynamic_level_bytes; Dong et al., CIDR '17)
 *
 * A running compaction reserves the levels it reads and writes, so jobs on other levels may run
 * beside it. Sources: LevelDB `VersionSet::PickCompaction`, RocksDB `LevelCompactionBuilder` and
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
import { tableBytes } from '../primitives/shared-parameters.ts'
import { inputBytes, levelsTouched, outputTo, wholeRuns } from '../primitives/specs.ts'
import { findMark, type MarkRule } from '../primitives/triggers.ts'

/** How far through the key space each level's compactions have come. */
export type PartialState = { readonly cursors: Cursors }

export const NO_CURSORS: PartialState = { cursors: [] }

export interface PartialShape extends MovementLimits {
  readonly T: number
  readonly l0Trigger: number
  /** Raw bytes the targets start from; 0: the memtable size. */
  readonly baseBytes: number
  readonly sizing: 'static' | 'dynamic'
  /** Dynamic sizing: levels of the tree, level 0 included; the data gathers in the last. */
  readonly levels: number
  /** In order: the first that does not pass chooses the table. */
  readonly movement: readonly MovementName[]
  /** Neighbouring tables that go together. */
  readonly tablesPerJob: number
  readonly bitsPerKey: number
  readonly targetTableBytes: number
}

type View = TreeView<PartialState>
type Spec = CompactionSpec<PartialState>

/** What makes a compaction due, and which; `busy` levels are read or written by running jobs. */
export type PartialTrigger = (
  view: View,
  shape: PartialShape,
  busy: ReadonlySet<number>,
) => Spec | null

/** What a strategy of this tree answers with, from the shape its parameters give. */
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

/** The first of the triggers, in this order, that has something due. */
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

/** Level saturation; in level 0 the number of sorted runs. */
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

/** Fullness of every level; a level is at 1 or above exactly where something is due. */
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

/** RocksDB's estimate: what exceeds a target is rewritten with its share of the next level. */
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
    // Whole tables leave, so the least excess costs one.
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

/** All of level 0 with the tables of the base level in its range. */
function compactLevel0(view: View, shape: PartialShape, reason: PickReason): Spec {
  const { runs } = levelAt(view.version, 0)
  const next = targetsOf(view, shape).base
  const met = overlapWith(view, next, hull(runs.flatMap((run) => rangeOf(run) ?? []))!)
  const tables = runs.flatMap((run) => sliceTables(run, 0, run.totals.tables))
  return into(view, shape, next, wholeRuns(0, runs), tables, met, view.state, reason)
}

/** Sends on what the rule marks: one level deeper, or rewritten where that is not possible. */
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

/** Level 0 can always go deeper. */
export function isDeepest(view: TreeView, level: number): boolean {
  return level > 0 && level === view.version.levels.length - 1
}

/** Table `index` of a level below 0 and its neighbours with the tables they overlap below. */
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
  const met = overlapWith(view, level + 1, {
    smallest: tables[0]!.smallest,
    largest: last.largest,
  })
  const state = { cursors: advance(view.state.cursors, level, last) }
  const values = { ...reason.values, table: tables[0]!.id }
  const input: InputSlice = { level, run: run.id, tables }
  return into(view, shape, level + 1, [input], tables, met, state, { ...reason, values })
}

/** Rewrites a table where it is, which leaves out what nothing older needs any more. */
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
  /** Where level 0 goes. */
  readonly base: number
  /** Raw bytes at which a level below 0 is due. */
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

/** What the movement chooses of a level that has reached its target. */
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

/** A merge into the run of level `next`, or a move where nothing overlaps anything. */
function into(
  view: View,
  shape: PartialShape,
  next: number,
  inputs: readonly InputSlice[],
  tables: readonly TableMeta[],
  met: readonly TableMeta[],
  nextState: PartialState,
  reason: PickReason,
): Spec {
  const run = levelAt(view.version, next).runs[0]
  const place: OutputPlace =
    run === undefined ? { level: next, after: null } : { level: next, run: run.id }
  if (met.length === 0 && areDisjoint(tables)) {
    return { kind: 'move', inputs, place, nextState, reason }
  }
  const metSlices = met.length === 0 ? [] : [{ level: next, run: run!.id, tables: met }]
  return {
    kind: 'merge',
    inputs: [...inputs, ...metSlices],
    outputs: [outputTo(place, tableBytes(view, shape), shape.bitsPerKey)],
    nextState,
    reason,
  }
}

/** Several runs in a level below 0, left by another strategy, become one before anything else. */
function pickRepair(view: View, shape: PartialShape, busy: ReadonlySet<number>): Spec | null {
  const level = view.version.levels.findIndex(
    ({ runs }, index) => index > 0 && runs.length > 1 && !busy.has(index),
  )
  if (level === -1) return null
  const { runs } = levelAt(view.version, level)
  const place = { level, run: runs.at(-1)!.id }
  return {
    kind: 'merge',
    inputs: wholeRuns(level, runs),
    outputs: [outputTo(place, tableBytes(view, shape), shape.bitsPerKey)],
    nextState: view.state,
    reason: { trigger: 'sorted runs', formula: 'runs > 1', values: { level, runs: runs.length } },
  }
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
