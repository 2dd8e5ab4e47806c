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
 * Beside running jobs. Bytes and runs that jobs read do not count towards scores. A table is taken
 * if no job reads it and none works on its keys in its level or the next; if the chosen table is
 * not free, the next best one is taken. With RocksDB's round-robin the level waits instead. One job
 * at a time goes from level 0 to the base level. While it runs, the newest runs of level 0 may
 * merge within it, and the base level waits if level 0 is due. LevelDB runs one job at a time; with
 * more of them its rules choose as RocksDB's do.
 *
 * Sources: LevelDB `VersionSet::PickCompaction`, RocksDB `LevelCompactionBuilder`
 * (`PickFileToCompact`, `SetupInitialFiles`) and `VersionStorageInfo` (`CalculateBaseBytes`,
 * `ComputeCompactionScore`).
 */

import type { LevelScore, PickReason, TreeView } from '../../engine/compaction/strategy.ts'
import { indexOfTable, overlapping, type Run, tableAt } from '../../engine/version/run.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { debtBeside, scoresAround, whenIdle } from '../define-strategy.ts'
import { busyOf, ifFree } from '../primitives/busy.ts'
import { chooseTable } from '../primitives/movement.ts'
import { advance, indexAfter } from '../primitives/round-robin.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { mergeIntoOldest, outputTo } from '../primitives/specs.ts'
import { findMark, type Mark, type MarkRule } from '../primitives/triggers.ts'
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
  type Targets,
  targetsOf,
} from './targets.ts'

export { NO_CURSORS, type PartialShape } from './shape.ts'

/** Returns a compaction that is due and may start, if any. */
export type PartialTrigger = (view: View, shape: PartialShape) => Spec | null

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
  let spec = pickRepair(view, shape) ?? pickFlushedRun(view, shape)
  for (const trigger of triggers) spec ??= trigger(view, shape)
  return spec
}

/** Compacts the level that is due and has the greatest priority. */
export function pickFullest(view: View, shape: PartialShape): Spec | null {
  const targets = targetsOf(view, shape)
  let level0Waits = false
  const due = fullnessOfLevels(view, shape, targets)
    .filter(({ score }) => score >= 1)
    .sort((a, b) => b.priority - a.priority)
  for (const { level } of due) {
    // Otherwise jobs of the base level could keep level 0 waiting for ever.
    if (level0Waits && level === targets.base) continue
    const spec =
      level === 0 ? pickDueLevel0(view, shape, targets) : pickTable(view, shape, targets, level)
    if (spec !== null) return spec
    level0Waits ||= level === 0
  }
  return null
}

/** Tables of level 0 overlap, so only one job at a time takes runs down. */
function pickDueLevel0(view: View, shape: PartialShape, { base }: Targets): Spec | null {
  if (busyOf(view).tablesIn(0).length > 0) return pickBlockedLevel0(view, shape)
  if (!isOneRun(view, 0, base)) return pickBlockedLevel0(view, shape)
  const down = pickLevel0(view, shape, base, level0Reason(view, shape))
  return ifFree(view, down) ?? pickBlockedLevel0(view, shape)
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

/**
 * Fullness of every level, without what running jobs read. If no job runs, some level scores 1 or
 * more exactly when a compaction is due.
 */
export function scorePartialLevels(
  view: View,
  shape: PartialShape,
  triggers?: readonly PartialTrigger[],
): readonly LevelScore[] {
  const scores = fullnessOfLevels(view, shape, targetsOf(view, shape)).map(({ level, score }) => {
    return { level, score }
  })
  if (scores.some(({ score }) => score >= 1)) return scores
  const due = pickPartialLevels(view, shape, triggers)
  return scoresAround(view, due, (level) => scores[level]!.score)
}

/**
 * RocksDB's estimate: bytes above a target are rewritten with their share of the next level. Tables
 * that running jobs read are counted like others until their results are installed, once.
 */
export function debtOfPartialLevels(
  view: View,
  shape: PartialShape,
  triggers?: readonly PartialTrigger[],
): number {
  const targets = targetsOf(view, shape)
  const level0 = levelAt(view.version, 0)
  const fullness = fullnessOfLevels(whenIdle(view), shape, targets)
  const isDue = level0.runs.length > 0 && fullness[0]!.score >= 1
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
  return debtBeside(view, pickPartialLevels(view, shape, triggers))
}

/** The source's limits for a trigger of 4, in proportion above. At rest there are fewer runs. */
export function stallsOfPartialLevels({ l0Trigger, rules }: PartialShape) {
  const scale = Math.max(l0Trigger, 4) / 4
  const { slowdownRuns, stopRuns } = rules.stalls
  return { slowdownRuns: scale * slowdownRuns, stopRuns: scale * stopRuns }
}

/** Sends a marked table one level deeper, or rewrites it in place in the deepest level. */
export function markTrigger(rule: MarkRule): PartialTrigger {
  return (view, shape) => {
    const busy = busyOf(view)
    const taken = new Set<TableId>()
    for (;;) {
      const mark = findMark(view, rule, {
        isFree: ({ id }) => !busy.reads(id) && !taken.has(id),
        rewrites: (level) => isDeepest(view, level),
        startIn: (level, run) => indexAfter(run, view.state.cursors[level] ?? null),
      })
      if (mark === null) return null
      const spec = compactMarked(view, shape, mark)
      if (spec !== null) return spec
      taken.add(mark.table.id)
    }
  }
}

function compactMarked(view: View, shape: PartialShape, mark: Mark): Spec | null {
  const { level, index, table, reason } = mark
  if (level === 0) {
    const { base } = targetsOf(view, shape)
    if (!isOneRun(view, 0, base)) return null
    return ifFree(view, compactRun(view, shape, base, runWith(view, table), reason))
  }
  if (isDeepest(view, level)) return ifFree(view, rewriteTable(view, shape, level, table, reason))
  if (!isOneRun(view, level, level + 1)) return null
  return compactTables(view, shape, level, index, reason)
}

/** The run of level 0 that holds the table. */
function runWith(view: View, table: TableMeta): Run {
  return levelAt(view.version, 0).runs.find((run) => indexOfTable(run, table) >= 0)!
}

/** Never true of level 0, whose runs can always go deeper. */
export function isDeepest(view: TreeView, level: number): boolean {
  return level > 0 && level === view.version.levels.length - 1
}

/**
 * Compacts table `index` of a level below 0 and its neighbours into the next level. If jobs are in
 * the way of the neighbours, the table goes without them; null if they are in its own way.
 */
function compactTables(
  view: View,
  shape: PartialShape,
  level: number,
  index: number,
  reason: PickReason,
): Spec | null {
  const run = levelAt(view.version, level).runs[0]!
  const chosen = { from: index, to: Math.min(index + shape.tablesPerJob, run.totals.tables) }
  const grown = grownSpan(view, shape, level, chosen)
  const spec = ifFree(view, descendFrom(view, shape, level, grown, index, reason))
  if (spec !== null || busyOf(view).isIdle) return spec
  return ifFree(
    view,
    descendFrom(view, shape, level, { from: index, to: index + 1 }, index, reason),
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

/**
 * Compacts the table that the movement chooses, of a level that has reached its target. Null if
 * running jobs are in the way of every table.
 */
function pickTable(view: View, shape: PartialShape, targets: Targets, level: number): Spec | null {
  const { runs, totals } = levelAt(view.version, level)
  if (!isOneRun(view, level, level + 1)) return null
  const run = runs[0]!
  const cursor = view.state.cursors[level] ?? null
  const { densityThreshold, ttlMs } = shape
  const taken = reservedTables(view, level, run)
  const reason = saturation(shape, targets, level, totals.rawBytes)
  for (;;) {
    const index = chooseTable(shape.movement, {
      view,
      level,
      run,
      start: indexAfter(run, cursor),
      cursor,
      densityThreshold,
      ttlMs,
      bytesPerTombstone: bytesPerTombstone(view, shape),
      taken,
    })
    if (index === null) return null
    if (shape.movement[0] === 'rr-to-target') {
      if (taken.has(index)) return null
      const excess = totals.rawBytes - targets.bytes(level)
      const span = spanToTarget(view, shape, level, index, excess)
      return ifFree(view, descendFrom(view, shape, level, span, index, reason))
    }
    const spec = compactTables(view, shape, level, index, reason)
    if (spec !== null) return spec
    taken.add(index)
  }
}

/**
 * Whether a job from one level into the other leaves that a single run. Not so while the levels
 * wait for a repair, or while a job opens the run of an empty level.
 */
function isOneRun(view: View, from: number, to: number): boolean {
  const count = (level: number) => levelAt(view.version, level).runs.length
  if ((from > 0 && count(from) > 1) || count(to) > 1) return false
  return count(to) === 1 || !busyOf(view).writesTo(to)
}

/** Indices of the run's tables whose keys running jobs reserve in the level or the next. Owned. */
function reservedTables(view: View, level: number, run: Run): Set<number> {
  const reserved = new Set<number>()
  for (const range of busyOf(view).rangesIn(level, level + 1)) {
    const { from, to } = overlapping(run, range)
    for (let index = from; index < to; index++) reserved.add(index)
  }
  return reserved
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
function pickRepair(view: View, shape: PartialShape): Spec | null {
  for (const [level, { runs }] of view.version.levels.entries()) {
    if (level === 0 || runs.length < 2) continue
    const values = { level, runs: runs.length }
    const reason = { trigger: 'sorted runs', formula: 'runs > 1', values }
    const spec = ifFree(view, mergeIntoOldest(view, level, [], runs, shape, reason))
    if (spec !== null) return spec
  }
  return null
}
