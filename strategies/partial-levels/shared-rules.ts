/**
 * Owns the rules that leveling-partial, 1-leveling, dynamic-leveled and delete-aware share, and
 * `composed` where it compacts by tables. Their tree is that of LevelDB and RocksDB: level 0
 * collects flushed runs, every deeper level is one run, and a compaction takes one table or a few,
 * with the tables they overlap.
 *
 * When level 0 has `l0Trigger` runs, or as many bytes as the base level may hold, runs of it merge
 * into the base level with the tables they overlap (`level-zero.ts`). When a deeper level reaches
 * its target (`targets.ts`), the movement chooses a table, which merges with the tables it overlaps
 * one level deeper (`descent.ts`). LevelDB and RocksDB differ in details, and so do versions of
 * RocksDB (`source-rules.ts`); only LevelDB puts a flushed run that overlaps nothing deeper at once
 * (`flushed-run.ts`).
 *
 * A running compaction reserves the levels it reads and writes; jobs on other levels may run at the
 * same time. Sources: LevelDB `VersionSet::PickCompaction`, RocksDB `LevelCompactionBuilder` and
 * `VersionStorageInfo::CalculateBaseBytes`.
 */

import type { LevelScore, PickReason, TreeView } from '../../engine/compaction/strategy.ts'
import { indexOfTable, type Run, tableAt } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { scoresAround, whenIdle } from '../define-strategy.ts'
import { chooseTable } from '../primitives/movement.ts'
import { advance, indexAfter } from '../primitives/round-robin.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { inputBytes, levelsTouched, mergeIntoOldest, outputTo } from '../primitives/specs.ts'
import { findMark, type MarkRule } from '../primitives/triggers.ts'
import { descendSpan, grownSpan, type Span, spanToTarget } from './descent.ts'
import { pickFlushedRun } from './flushed-run.ts'
import { compactRun, pickBlockedLevel0, pickLevel0 } from './level-zero.ts'
import {
  NO_CURSORS,
  type PartialShape,
  type PartialSpec as Spec,
  type PartialView as View,
} from './shape.ts'
import {
  bytesPerTombstone,
  firstTargetBytes,
  fullnessOfLevels,
  nextLevel,
  type Targets,
  targetsOf,
} from './targets.ts'

export { NO_CURSORS, type PartialShape } from './shape.ts'

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
  let spec = pickRepair(view, shape, busy) ?? pickFlushedRun(view, shape, busy)
  for (const trigger of triggers) spec ??= trigger(view, shape, busy)
  return spec
}

/** Compacts the level that is due and has the greatest priority. */
export function pickFullest(
  view: View,
  shape: PartialShape,
  busy: ReadonlySet<number>,
): Spec | null {
  const targets = targetsOf(view, shape)
  const isFree = (level: number) => !busy.has(level) && !busy.has(nextLevel(targets, level))
  const due = fullnessOfLevels(view, shape, targets)
    .filter(({ score }) => score >= 1)
    .sort((a, b) => b.priority - a.priority)
  for (const { level } of due) {
    if (isFree(level)) {
      return level === 0
        ? pickLevel0(view, shape, targets.base, level0Reason(view, shape))
        : pickTable(view, shape, targets, level)
    }
    const within = level === 0 ? pickBlockedLevel0(view, shape) : null
    if (within !== null) return within
  }
  return null
}

function level0Reason(view: View, shape: PartialShape): PickReason {
  const { runs, totals } = levelAt(view.version, 0)
  if (runs.length >= shape.l0Trigger) {
    return {
      trigger: 'sorted runs',
      formula: 'runs(0) ≥ l0Trigger',
      values: { runs: runs.length, l0Trigger: shape.l0Trigger },
    }
  }
  return {
    trigger: 'level saturation',
    formula: 'bytes(0) ≥ base·T',
    values: { level: 0, bytes: totals.rawBytes, target: firstTargetBytes(view, shape) },
  }
}

/** Fullness of every level. Some level scores 1 or more exactly when a compaction is due. */
export function scorePartialLevels(
  view: View,
  shape: PartialShape,
  triggers?: readonly PartialTrigger[],
): readonly LevelScore[] {
  const scores = fullnessOfLevels(view, shape, targetsOf(view, shape)).map(({ level, score }) => {
    return { level, score }
  })
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
  const isDue = level0.runs.length > 0 && fullnessOfLevels(view, shape, targets)[0]!.score >= 1
  const flushed = isDue ? level0.totals.rawBytes : 0
  let debt = flushed === 0 ? 0 : flushed + levelAt(view.version, targets.base).totals.rawBytes
  let arriving = 0
  for (let level = 1; level < view.version.levels.length || arriving > 0; level++) {
    if (level === targets.base) arriving += flushed
    const bytes = levelAt(view.version, level).totals.rawBytes + arriving
    const excess = bytes - targets.bytes(level)
    // Whole tables leave, so any excess costs at least one table.
    arriving = excess < 0 ? 0 : Math.max(excess, Math.min(bytes, tableBytes(view, shape)))
    // Into an empty level tables are moved.
    const below = levelAt(view.version, level + 1).totals.rawBytes
    if (below > 0) debt += Math.floor(arriving * (1 + below / Math.max(bytes, 1)))
  }
  if (debt > 0) return debt
  const due = pickPartialLevels(whenIdle(view), shape, triggers)
  return due?.kind === 'merge' ? inputBytes(view.version, due.inputs) : 0
}

/** LevelDB's limits, 8 and 12 for a trigger of 4. */
function stallsOfPartialLevels({ l0Trigger }: PartialShape) {
  return { slowdownRuns: 2 * Math.max(l0Trigger, 4), stopRuns: 3 * Math.max(l0Trigger, 4) }
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
    if (level === 0) return compactRun(view, shape, targets.base, runWith(view, table), reason)
    if (isDeepest(view, level)) return rewriteTable(view, shape, level, table, reason)
    return compactTables(view, shape, level, index, reason)
  }
}

/** The run of level 0 that holds the table. */
function runWith(view: View, table: TableMeta): Run {
  return levelAt(view.version, 0).runs.find((run) => indexOfTable(run, table) >= 0)!
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
  const to = Math.min(index + shape.tablesPerJob, run.totals.tables)
  return descendFrom(
    view,
    shape,
    level,
    grownSpan(view, shape, level, { from: index, to }),
    index,
    reason,
  )
}

/** Sends the span down; the cursor moves to its end. */
function descendFrom(
  view: View,
  shape: PartialShape,
  level: number,
  span: Span,
  index: number,
  reason: PickReason,
): Spec {
  const run = levelAt(view.version, level).runs[0]!
  return descendSpan(view, shape, level, span, {
    nextState: { cursors: advance(view.state.cursors, level, tableAt(run, span.to - 1)) },
    reason: { ...reason, values: { ...reason.values, table: tableAt(run, index).id } },
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

function busyLevels(view: View): ReadonlySet<number> {
  return new Set(view.inProgress.flatMap((spec) => levelsTouched(spec)))
}

/** Compacts the table that the movement chooses, of a level that has reached its target. */
function pickTable(view: View, shape: PartialShape, targets: Targets, level: number): Spec {
  const { runs, totals } = levelAt(view.version, level)
  const run = runs[0]!
  const cursor = view.state.cursors[level] ?? null
  const { densityThreshold, ttlMs } = shape
  const index = chooseTable(shape.movement, {
    view,
    level,
    run,
    start: indexAfter(run, cursor),
    cursor,
    densityThreshold,
    ttlMs,
    bytesPerTombstone: bytesPerTombstone(view, shape),
  })
  const reason = saturation(shape, targets, level, totals.rawBytes)
  if (shape.movement[0] !== 'rr-to-target') return compactTables(view, shape, level, index, reason)
  const excess = totals.rawBytes - targets.bytes(level)
  const span = spanToTarget(view, shape, level, index, excess)
  return descendFrom(view, shape, level, span, index, reason)
}

function saturation(
  shape: PartialShape,
  targets: Targets,
  level: number,
  bytes: number,
): PickReason {
  const trigger = 'level saturation'
  const target = Math.round(targets.bytes(level))
  if (bytes < target && level <= targets.lastSurplus) {
    const formula = 'largest level / T^(last − level) ≤ base'
    return { trigger, formula, values: { level, bytes, lastSurplus: targets.lastSurplus } }
  }
  const formula =
    shape.sizing === 'static' ? 'bytes ≥ base·T^level' : 'bytes ≥ max(next target / T, base·T)'
  return { trigger, formula, values: { level, bytes, target } }
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
