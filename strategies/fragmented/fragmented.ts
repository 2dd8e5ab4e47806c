/**
 * Owns the fragmented LSM-tree: guards divide every level below 0. A guard is a key that no table
 * of the level crosses. The output of a merge is cut at the guards of the next level and put beside
 * the tables there, which are not rewritten. So the tables between two guards overlap one another,
 * and a guard with more than `max_sstables_per_guard` of them is due. As in tiering, a write costs
 * about one copy a level; but a compaction takes the guards that are due, not a whole level.
 *
 * The level that compacts is the first from level 1 on with a guard that is due, unless the next
 * level has a fuller one. Level 0 goes first, unless a guard of level 1 holds one table too many.
 * All of its due guards merge into the next level. In the last level they merge within themselves,
 * and so they do in the level above if that has less than a 26th of its bytes.
 *
 * Beside running jobs guards are due whose keys no job works on in their level or the next. Of the
 * stretches between the keys of jobs, the one with the most such guards goes. PebblesDB locks both
 * levels as a whole (`PickCompactionLevel`).
 *
 * Trigger      sorted runs: tables on top of one another within a guard (level 0: its runs); reads
 *              (`seekReads`); level saturation (levels = 0): more than `max_sstables_per_guard` ·
 *              base · T^level
 * Layout       tiering, within guards
 * Granularity  several tables: those of all guards that are due, or of one (`guardsPerJob`)
 * Movement     most sorted runs; ties by round-robin where not every guard that is due will go
 *
 * Source: Raju et al., PebblesDB (SOSP '17), and its program (utsaslab/pebblesdb, 2019:
 * `VersionSet::Finalize`, `PickCompactionLevel`, `PickCompactionForGuards`). Where they differ the
 * program counts. Four things differ from it, because the tree here is a list of levels and runs:
 *
 * - Tables of different guards share runs. A guard's n-th table joins the oldest run that, like all
 *   newer runs, has nothing in the guard's range. A level so has as many runs as its fullest guard
 *   has tables. If some tables lie in a newer run than they need, they sink.
 * - PebblesDB samples guards from inserted keys and stores them. A strategy here sees tables, not
 *   keys: a guard is where a cell of overlapping tables begins (`guards.ts`), so the version itself
 *   shows it. Cells split where a merge ends one table for its size (in equal pieces) and begins
 *   the next. A cell that was emptied is recognised by the complete cells that the next level has
 *   there. Without such cells it is only a gap between two keys, and its neighbour grows over it.
 *   No table ever crosses a new guard, so none has to be rewritten for it.
 * - PebblesDB counts the files of a guard, also those that lie side by side, and bounds its bytes.
 *   Here side by side is another cell, so both follow from the size of cells (`guardBytes`).
 * - Seeks cannot be told from lookups (`seekReads`).
 *
 * With `levels` = 0 the tree has as many levels as the data fills: a guard of the deepest level
 * merges within itself until the level holds its share (baseBytes · T^level), and then goes one
 * level deeper; a level with more than its guards' worth sends the next of the fullest on.
 *
 * Tables move without a rewrite only when they sink: sequential loads are cut at guards like
 * others.
 */

import { overlaps } from '../../engine/version/key-range.ts'
import { tableAt, tablesOf } from '../../engine/version/run.ts'
import { rawBytesOfTables } from '../../engine/version/table-meta.ts'
import { levelAt, runsNewestFirst } from '../../engine/version/version.ts'
import { defineStrategy, stallsAbove } from '../define-strategy.ts'
import { busyOf, freeRuns, ifFree } from '../primitives/busy.ts'
import { advanceTo, fromHex } from '../primitives/round-robin.ts'
import type { Cell } from './cells.ts'
import {
  cellsIn,
  mergeDown,
  mergeLevel0,
  mergeWithin,
  type Spec,
  type State,
  type View,
} from './guard-merges.ts'
import { fragmentsOf } from './guards.ts'
import { type FragmentedValues, fragmentedParameters, lastLevel, layerBytes } from './parameters.ts'

export const fragmented = defineStrategy({
  name: 'fragmented',
  description: 'Guards divide each level; what falls between two is not rewritten (PebblesDB)',
  params: fragmentedParameters,
  primitives: {
    trigger: ['sorted runs', 'read amplification', 'level saturation'],
    layout: 'tiering',
    granularity: ['several tables'],
    movement: ['most sorted runs', 'round-robin'],
  },
  initialState: { cursors: [] } as State,

  pick(view, values) {
    return (
      pickFullest(view, values) ??
      ifFree(view, pickSink(view, values)) ??
      pickSaturated(view, values) ??
      ifFree(view, pickAfterReads(view, values))
    )
  },

  // PebblesDB has LevelDB's limits; at rest level 0 has fewer runs than its trigger.
  stallLimits: (_view, { l0Trigger }) => stallsAbove(0, Math.max(l0Trigger, 4)),
})

/** Compacts the guards of a level that have too many tables, or level 0. */
function pickFullest(view: View, values: FragmentedValues): Spec | null {
  const scores = view.version.levels.map((_, level) => scoreOf(view, values, level))
  const score = (level: number) => scores[level] ?? 0
  if (score(0) >= 1 && score(1) <= 1) {
    const spec = ifFree(view, pickLevel0(view, values))
    if (spec !== null) return spec
  }
  for (const [level, own] of scores.entries()) {
    if (level === 0 || own < 1) continue
    const isNextWorkedOn = busyOf(view).tablesIn(level + 1).length > 0
    if (own < score(level + 1) && !isNextWorkedOn) continue
    const spec = pickGuards(view, values, level)
    if (spec !== null) return spec
  }
  return null
}

/** 1 or more: a guard of the level is due. */
function scoreOf(view: View, values: FragmentedValues, level: number): number {
  const { runs } = levelAt(view.version, level)
  if (level === 0) return freeRuns(view, runs).length / values.l0Trigger
  const most = values.max_sstables_per_guard
  // A guard cannot have more tables than its level has runs.
  const depth = runs.length <= most ? runs.length : cellsIn(view, values, level).depth
  return depth / (most + 1)
}

function pickLevel0(view: View, values: FragmentedValues): Spec {
  return mergeLevel0(view, values, {
    trigger: 'sorted runs',
    formula: 'runs(0) ≥ l0Trigger',
    values: { runs: levelAt(view.version, 0).runs.length, l0Trigger: values.l0Trigger },
  })
}

function pickGuards(view: View, values: FragmentedValues, level: number): Spec | null {
  const most = values.max_sstables_per_guard
  const cells = cellsIn(view, values, level)
  const free = largestFreeStretch(view, level, cells.deeperThan(most))
  if (free.length === 0) return null
  const due = values.guardsPerJob === 'all' ? free : [deepestOf(free)]
  const merge = {
    level,
    cells: due,
    nextState: view.state,
    reason: {
      trigger: 'sorted runs',
      formula: 'tables > max_sstables_per_guard',
      values: { level, guards: due.length, tables: cells.depth, max_sstables_per_guard: most },
    },
  }
  const spec = isMergedWithin(view, values, level)
    ? mergeWithin(view, values, merge)
    : mergeDown(view, values, merge)
  return ifFree(view, spec)
}

/** The first of the deepest cells, of which there must be one. */
function deepestOf(cells: readonly Cell[]): Cell {
  return cells.reduce((deepest, cell) => (cell.depth > deepest.depth ? cell : deepest))
}

/**
 * The ascending cells without those whose keys running jobs reserve in the level or the next. Of
 * the stretches between these keys the one with the most cells counts, and the first of equal ones,
 * because a job reserves all keys between its guards.
 */
function largestFreeStretch(view: View, level: number, cells: readonly Cell[]): readonly Cell[] {
  const reserved = busyOf(view).rangesIn(level, level + 1)
  if (reserved.length === 0) return cells
  let largest: readonly Cell[] = []
  let stretch: Cell[] = []
  for (const cell of cells) {
    const first = stretch[0] ?? cell
    const reach = { smallest: first.smallest, largest: cell.largest }
    if (reserved.some((range) => overlaps(range, reach))) stretch = []
    if (!reserved.some((range) => overlaps(range, cell))) stretch.push(cell)
    if (stretch.length > largest.length) largest = [...stretch]
  }
  return largest
}

/** A level above the last with more than so many times its bytes merges within its guards. */
const RATIO_MAX = 25

function isMergedWithin(view: View, values: FragmentedValues, level: number): boolean {
  const { rawBytes } = levelAt(view.version, level).totals
  if (values.levels === 0) {
    const isDeepest = level === view.version.levels.length - 1
    return isDeepest && rawBytes < layerBytes(view, values, level)
  }
  const last = lastLevel(view, values)
  return level === last || (level === last - 1 && ratioBelow(view, level) > RATIO_MAX)
}

/** Bytes of the next level by those of this one, as a whole number. */
function ratioBelow({ version }: View, level: number): number {
  return Math.floor(levelAt(version, level + 1).totals.bytes / levelAt(version, level).totals.bytes)
}

/** A level with more runs than any guard has tables: some lie in a newer run than they need to. */
function pickSink(view: View, values: FragmentedValues): Spec | null {
  for (const [index, level] of view.version.levels.entries()) {
    const { runs } = level
    if (index === 0 || runs.length <= values.max_sstables_per_guard) continue
    const cell = cellsIn(view, values, index).at(tableAt(runs[0]!, 0).smallest)!
    const fragments = [...fragmentsOf(level, cell)].reverse()
    const below = fragments.findIndex(({ height }, at) => height > at)
    // Running jobs keep a guard with too many tables from its merge.
    if (below === -1) continue
    const { run, tables } = fragments[below]!
    return {
      kind: 'move',
      inputs: [{ level: index, run: run.id, tables }],
      place: { level: index, run: runs.at(-1 - below)!.id },
      nextState: view.state,
      reason: {
        trigger: 'sorted runs',
        formula: 'runs > max_sstables_per_guard',
        values: { level: index, runs: runs.length, tables: fragments.length },
      },
    }
  }
  return null
}

/** Compacts the fullest guard of a level with too many bytes; of equals the next in turn. */
function pickSaturated(view: View, values: FragmentedValues): Spec | null {
  if (values.levels > 0) return null
  for (const [index, level] of view.version.levels.entries()) {
    const bytes = level.totals.rawBytes - rawBytesOfTables(busyOf(view).tablesIn(index))
    const limit = layerBytes(view, values, index) * values.max_sstables_per_guard
    if (index === 0 || bytes <= limit) continue
    const cursor = view.state.cursors[index] ?? null
    const cells = cellsIn(view, values, index)
    const first = cells.deepest(cursor === null ? null : fromHex(cursor))
    for (let cell = first; ; ) {
      const merge = mergeDown(view, values, {
        level: index,
        cells: [cell],
        nextState: { cursors: advanceTo(view.state.cursors, index, cell.smallest) },
        reason: {
          trigger: 'level saturation',
          formula: 'bytes > max_sstables_per_guard · base·T^level',
          values: { level: index, bytes, limit },
        },
      })
      const spec = ifFree(view, merge)
      if (spec !== null) return spec
      cell = cells.deepest(cell.smallest)
      if (cell === first) break
    }
  }
  return null
}

/**
 * After many reads the deepest level above the last goes down, guards that are not due included,
 * then the level above it. One with less than a 26th of the bytes of the next stays, and so do
 * those above it.
 */
function pickAfterReads(view: View, values: FragmentedValues): Spec | null {
  if (values.seekReads === 0 || values.levels === 0) return null
  const reads = readsOfNewestRun(view)
  if (reads <= values.seekReads) return null
  const last = lastLevel(view, values)
  const level = view.version.levels.findLastIndex(
    ({ runs }, index) => index < last && runs.length > 0,
  )
  if (level === -1 || ratioBelow(view, level) > RATIO_MAX) return null
  const reason = {
    trigger: 'read amplification',
    formula: 'reads > seekReads',
    values: { level, reads, seekReads: values.seekReads },
  }
  if (level === 0) return mergeLevel0(view, values, reason)
  const cells = cellsIn(view, values, level).deeperThan(0)
  return mergeDown(view, values, { level, cells, nextState: view.state, reason })
}

/** Counted since the run was written, so they estimate the reads since the last flush. */
function readsOfNewestRun({ version, tableStats }: View): number {
  const [newest] = runsNewestFirst(version)
  if (newest === undefined) return 0
  let reads = 0
  for (const { id } of tablesOf(newest.run)) reads += tableStats(id).reads
  return reads
}
