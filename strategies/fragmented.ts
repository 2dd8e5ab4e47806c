/**
 * Owns the fragmented LSM-tree: every level below 0 is divided by guards, keys that no table of the
 * level crosses. What is merged out of a guard's range is cut at the guards of the next level and
 * put beside what lies there, which is not rewritten; so the tables between two guards overlap one
 * another, and a guard with more than `max_sstables_per_guard` of them is due. A write costs about
 * one copy a level, as in tiering, at a granularity of one guard instead of a level.
 *
 * Trigger      sorted runs: tables on top of one another within a guard (level 0: its runs); level
 *              saturation: more than `max_sstables_per_guard` · base · T^level
 * Layout       tiering, within guards
 * Granularity  several tables: those of one guard
 * Movement     most sorted runs; ties by round-robin where not every guard that is due will go
 *
 * Source: Raju et al., PebblesDB (SOSP '17). What the shape of this tree changes:
 *
 * - A level is a list of runs, so tables of different guards share runs: a guard's n-th table
 *   joins the oldest run that has nothing in its range nor any newer run, and a level has as many
 *   runs as its fullest guard has tables. Where splits leave tables higher than that, they sink.
 * - A strategy sees tables, not keys. PebblesDB samples guards from the keys as they are inserted;
 *   here a guard is where a merge ended one table for its size (`targetTableBytes`, in equal
 *   pieces) and began the next within one guard, once no other table of the level crosses it. Guards
 *   of a level hold for all deeper ones, and none is ever forgotten: they are this strategy's state,
 *   which every edit carries whole.
 * - PebblesDB has a fixed last level; here a guard of the deepest level merges within itself until
 *   the level holds its share (baseBytes · T^level), and then goes one deeper.
 *
 * Nothing is ever moved unwritten: sequential loads are cut at guards like any other. A pick walks the
 * tables of every level, and the state grows with the guards: made for thousands of tables.
 */

import { z } from 'zod'
import { compareBytes } from '../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  MergeOutput,
  OutputPlace,
  PickReason,
  TreeView,
} from '../engine/compaction/strategy.ts'
import { hull } from '../engine/version/key-range.ts'
import { rawBytes } from '../engine/version/table-meta.ts'
import { levelAt } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { type Cell, cellsOf, type Guards, learnGuards } from './guards.ts'
import { type Cursors, toHex } from './round-robin.ts'
import {
  baseBytes,
  bitsPerKey,
  l0Trigger,
  sizeRatio,
  tableBytes,
  targetTableBytes,
} from './shared-parameters.ts'
import { outputTo, tablesIn, wholeRuns } from './specs.ts'

/** Guards by level, and how far the choice among equals has come: the last key chosen. */
type State = { readonly guards: Guards; readonly cursors: Cursors }
type View = TreeView<State>
type Spec = CompactionSpec<State>

const params = z.object({
  T: sizeRatio('PebblesDB, on HyperLevelDB: 10'),
  max_sstables_per_guard: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .describe(
      'Tables a guard may rest with, one on top of the other; 1 makes every level one run. ' +
        'PebblesDB names no default; 3 is T − 1, as tiering.',
    ),
  l0Trigger,
  baseBytes,
  bitsPerKey,
  targetTableBytes,
})

type Params = z.output<typeof params>

export const fragmented = defineStrategy({
  name: 'fragmented',
  description: 'Guards divide each level; what falls between two is not rewritten (PebblesDB)',
  params,
  primitives: {
    trigger: ['sorted runs', 'level saturation'],
    layout: 'tiering',
    granularity: ['several tables'],
    movement: ['most sorted runs', 'round-robin'],
  },
  initialState: { guards: [], cursors: [] } as State,

  pick(view, values) {
    if (view.inProgress.length > 0) return null
    const guards = learnGuards(view.version, view.state.guards)
    return (
      pickLevel0(view, values, guards) ??
      pickFullGuard(view, values, guards) ??
      pickSink(view, values, guards) ??
      pickSaturated(view, values, guards)
    )
  },
})

function pickLevel0(view: View, values: Params, guards: Guards): Spec | null {
  const { runs } = levelAt(view.version, 0)
  if (runs.length < values.l0Trigger) return null
  const reason = {
    trigger: 'sorted runs',
    formula: 'runs(0) ≥ l0Trigger',
    values: { runs: runs.length, l0Trigger: values.l0Trigger },
  }
  const nextState = { ...view.state, guards }
  return mergeInto(view, values, guards, wholeRuns(0, runs), 1, nextState, reason)
}

/** The guard with the most tables, of the first level that has one with too many. */
function pickFullGuard(view: View, values: Params, guards: Guards): Spec | null {
  const most = values.max_sstables_per_guard
  for (let level = 1; level < view.version.levels.length; level++) {
    const cells = cellsOf(view.version, level, guards)
    const cell = cells.reduce((a, b) => (b.fragments.length > a.fragments.length ? b : a))
    if (cell.fragments.length <= most) continue
    const reason = {
      trigger: 'sorted runs',
      formula: 'tables > max_sstables_per_guard',
      values: { level, tables: cell.fragments.length, max_sstables_per_guard: most },
    }
    const nextState = { ...view.state, guards }
    const isDeepest = level === view.version.levels.length - 1
    if (
      isDeepest &&
      levelAt(view.version, level).totals.rawBytes < layerBytes(view, values, level)
    ) {
      return mergeWithin(view, values, level, cell, nextState, reason)
    }
    const inputs = slicesOf(level, cell)
    return mergeInto(view, values, guards, inputs, level + 1, nextState, reason)
  }
  return null
}

/** More runs than any guard has tables: some lie higher than they need to, and sink for nothing. */
function pickSink(view: View, values: Params, guards: Guards): Spec | null {
  for (let level = 1; level < view.version.levels.length; level++) {
    const { runs } = levelAt(view.version, level)
    if (runs.length <= values.max_sstables_per_guard) continue
    const cell = cellsOf(view.version, level, guards).find(
      ({ fragments }) => fragments[0]?.run === runs[0],
    )!
    const fragments = [...cell.fragments].reverse()
    const below = fragments.findIndex(({ height }, at) => height > at)
    const { run, tables } = fragments[below]!
    return {
      kind: 'move',
      inputs: [{ level, run: run.id, tables }],
      place: { level, run: runs.at(-1 - below)!.id },
      nextState: { ...view.state, guards },
      reason: {
        trigger: 'sorted runs',
        formula: 'runs > max_sstables_per_guard',
        values: { level, runs: runs.length, tables: fragments.length },
      },
    }
  }
  return null
}

/** A level with more than its guards' worth hands on the fullest guard; of equals, the next one. */
function pickSaturated(view: View, values: Params, guards: Guards): Spec | null {
  for (let level = 1; level < view.version.levels.length; level++) {
    const bytes = levelAt(view.version, level).totals.rawBytes
    const limit = layerBytes(view, values, level) * values.max_sstables_per_guard
    if (bytes <= limit) continue
    const cells = cellsOf(view.version, level, guards)
    const most = Math.max(...cells.map(({ fragments }) => fragments.length))
    const equals = cells.filter(({ fragments }) => fragments.length === most)
    const cursor = view.state.cursors[level] ?? null
    const cell = equals.find(({ from }) => cursor === null || isAfter(from, cursor)) ?? equals[0]!
    const cursors = Array.from(
      { length: Math.max(view.state.cursors.length, level + 1) },
      (_, at) =>
        at === level ? toHex(cell.from ?? new Uint8Array()) : (view.state.cursors[at] ?? null),
    )
    const reason = {
      trigger: 'level saturation',
      formula: 'bytes > max_sstables_per_guard · base·T^level',
      values: { level, bytes, limit },
    }
    const inputs = slicesOf(level, cell)
    return mergeInto(view, values, guards, inputs, level + 1, { guards, cursors }, reason)
  }
  return null
}

function isAfter(from: Uint8Array | null, cursor: string): boolean {
  return from !== null && toHex(from) > cursor
}

/** One table on top of another all over the level. */
function layerBytes(view: View, { T, baseBytes }: Params, level: number): number {
  return (baseBytes === 0 ? view.memtableBytes : baseBytes) * T ** level
}

/** All of a cell becomes one layer at the bottom of its level. */
function mergeWithin(
  view: View,
  values: Params,
  level: number,
  cell: Cell,
  nextState: State,
  reason: PickReason,
): Spec {
  const inputs = slicesOf(level, cell)
  const place = { level, run: levelAt(view.version, level).runs.at(-1)!.id }
  const output = outputTo(place, pieceBytes(view, values, inputs, 1), values.bitsPerKey)
  return { kind: 'merge', inputs, outputs: [output], nextState, reason }
}

/** Cut at the guards of `level`, each part put on top of what lies there. */
function mergeInto(
  view: View,
  values: Params,
  guards: Guards,
  inputs: readonly InputSlice[],
  level: number,
  nextState: State,
  reason: PickReason,
): Spec {
  const cells = cellsMet(view, inputs, cellsOf(view.version, level, guards))
  const bytes = pieceBytes(view, values, inputs, cells.length)
  const outputs: MergeOutput[] = []
  for (const cell of cells) {
    const place = placeOn(view, level, cell)
    const last = outputs.at(-1)
    if (last !== undefined && isSamePlace(last.place, place)) {
      outputs[outputs.length - 1] = { ...last, cutKeys: [...last.cutKeys, cell.from!] }
    } else {
      const fromKey = outputs.length === 0 ? null : cell.from
      outputs.push({ ...outputTo(place, bytes, values.bitsPerKey), fromKey })
    }
  }
  return { kind: 'merge', inputs, outputs, nextState, reason }
}

/** The cells between the least and the greatest key of the inputs. */
function cellsMet(
  view: View,
  inputs: readonly InputSlice[],
  cells: readonly Cell[],
): readonly Cell[] {
  const range = hull(inputs.flatMap((slice) => tablesIn(view.version, slice)))!
  const startsBy =
    (key: Uint8Array) =>
    ({ from }: Cell) =>
      from === null || compareBytes(from, key) <= 0
  return cells.slice(
    cells.findLastIndex(startsBy(range.smallest)),
    cells.findLastIndex(startsBy(range.largest)) + 1,
  )
}

/** The oldest run that has nothing in the cell, nor has any newer one. */
function placeOn(view: View, level: number, { fragments }: Cell): OutputPlace {
  const { runs } = levelAt(view.version, level)
  const height = fragments[0] === undefined ? 0 : fragments[0].height + 1
  const run = runs[runs.length - 1 - height]
  return run === undefined ? { level, after: null } : { level, run: run.id }
}

function isSamePlace(a: OutputPlace, b: OutputPlace): boolean {
  return 'run' in a ? 'run' in b && a.run === b.run : !('run' in b)
}

/** Equal pieces near the table size; what was estimated a little low still fits the last one. */
function pieceBytes(
  view: View,
  values: Params,
  inputs: readonly InputSlice[],
  cells: number,
): number {
  const tables = inputs.flatMap((slice) => tablesIn(view.version, slice))
  const bytes = tables.reduce((sum, table) => sum + rawBytes(table), 0) / cells
  const target = tableBytes(view, values)
  const pieces = Math.round(bytes / target)
  return pieces < 2 ? 2 * target : Math.ceil(bytes / (pieces - 0.25))
}

function slicesOf(level: number, { fragments }: Cell): readonly InputSlice[] {
  return fragments.map(({ run, tables }) => ({ level, run: run.id, tables }))
}
