/**
 * Owns the merges of guards. A merge into the next level is cut at the guards there, and each part
 * is put on top of the tables that lie there. A merge within a level puts each guard's tables where
 * the oldest of them was. One job may take several guards of a level; it is cut between them.
 *
 * A merge within a guard leaves its oldest tables out if these have more than three quarters of its
 * bytes (PebblesDB, `PickCompactionForGuards`: more than 1.5 times half of them). PebblesDB leaves
 * such a table out wherever it lies; here only the oldest, because newer ones must stay above it.
 */

import type {
  CompactionSpec,
  InputSlice,
  MergeOutput,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { hull } from '../../engine/version/key-range.ts'
import type { Level } from '../../engine/version/level.ts'
import { indexOfTable } from '../../engine/version/run.ts'
import { rawBytesOfTables, type TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import type { Cursors } from '../primitives/round-robin.ts'
import { outputTo, wholeRuns } from '../primitives/specs.ts'
import type { Cell, Cells } from './cells.ts'
import { type Part, partsOf } from './guard-cuts.ts'
import { cellsOf, type Fragment, fragmentsOf } from './guards.ts'
import { type FragmentedValues, guardBytes } from './parameters.ts'

/** By level, the guard chosen last; it breaks ties. */
export type State = { readonly cursors: Cursors }
export type View = TreeView<State>
export type Spec = CompactionSpec<State>

/** Every cell has at least half a table of its level. */
export function cellsIn(view: View, values: FragmentedValues, index: number): Cells {
  return cellsOf(levelAt(view.version, index), guardBytes(view, values, index) / 2)
}

/** Merges guards of a level into the next one, or within themselves. */
export interface GuardMerge {
  readonly level: number
  /** Ascending. */
  readonly cells: readonly Cell[]
  readonly nextState: State
  readonly reason: PickReason
}

/** Merges the guards into the next level. */
export function mergeDown(view: View, values: FragmentedValues, merge: GuardMerge): Spec {
  const level = levelAt(view.version, merge.level)
  const groups = merge.cells.map((cell) => fragmentsOf(level, cell))
  const inputs = slicesOf(view, merge.level, groups)
  const { nextState, reason } = merge
  return mergeInto(view, values, { level: merge.level, groups, inputs, nextState, reason })
}

/** Merges all runs of level 0 into level 1. */
export function mergeLevel0(view: View, values: FragmentedValues, reason: PickReason): Spec {
  const level = levelAt(view.version, 0)
  const groups = [fragmentsOf(level, hull(level.runs.flatMap((run) => run.chunks))!)]
  const inputs = wholeRuns(0, level.runs)
  return mergeInto(view, values, { level: 0, groups, inputs, nextState: view.state, reason })
}

/** Fragments of one guard each, or of all level 0; newest first in a group, groups ascend. */
type Groups = readonly (readonly Fragment[])[]

interface Descent extends Omit<GuardMerge, 'cells'> {
  /** Each has all tables of the level in its range. */
  readonly groups: Groups
  readonly inputs: readonly InputSlice[]
}

function mergeInto(view: View, values: FragmentedValues, descent: Descent): Spec {
  const { groups, inputs, nextState, reason } = descent
  const index = descent.level + 1
  const level = levelAt(view.version, index)
  const cells = cellsIn(view, values, index)
  const deeper = cellsIn(view, values, index + 1)
  const bytesMin = guardBytes(view, values, index + 1)
  const ranges = groups.map((group) => hull(tablesOf(group))!)
  const partsByGroup = ranges.map((range) => partsOf(range, cells, deeper, bytesMin))
  const count = partsByGroup.reduce((sum, parts) => sum + parts.length, 0)
  const bytes = pieceBytes(guardBytes(view, values, index), groups.flatMap(tablesOf), count)
  const plain = Array.from({ length: level.runs.length + 1 }, (_, height) =>
    outputTo(placeAt(level, index, height), bytes, values.bitsPerKey),
  )
  const outputs = partsByGroup.flatMap((parts, at) =>
    outputsOfGroup(parts, ranges[at]!.smallest, level, plain),
  )
  outputs[0] = { ...outputs[0]!, fromKey: null }
  return { kind: 'merge', inputs, outputs, nextState, reason }
}

/**
 * The outputs of a group that starts at `smallest`; `plain` has one for each height. Neighbours
 * that go to the same run are one output, cut between them. No output reaches from one group to the
 * next: a run may hold other tables between them.
 */
function outputsOfGroup(
  parts: readonly Part[],
  smallest: Uint8Array,
  level: Level,
  plain: readonly MergeOutput[],
): readonly MergeOutput[] {
  const outputs: (MergeOutput & { cutKeys: Uint8Array[] })[] = []
  let height = -1
  for (const { from, on } of parts) {
    const runsBelow = on === null ? 0 : heightOf(level, on)
    if (runsBelow === height) {
      outputs.at(-1)!.cutKeys.push(from)
      continue
    }
    height = runsBelow
    const fromKey = outputs.length === 0 ? smallest : from
    outputs.push({ ...plain[height]!, fromKey, cutKeys: [] })
  }
  return outputs
}

/** Share of a guard's bytes beyond which its oldest tables are left out. */
const LEFT_OUT_SHARE = 0.75

/** Merges each guard within itself, into the oldest of its runs that take part. */
export function mergeWithin(view: View, values: FragmentedValues, merge: GuardMerge): Spec {
  const { level: index, nextState, reason } = merge
  const level = levelAt(view.version, index)
  const groups = merge.cells.map((cell) => mergedWithin(fragmentsOf(level, cell), values))
  const outputs = groups.map((group, at) => {
    const place = { level: index, run: group.at(-1)!.run.id }
    const bytes = pieceBytes(guardBytes(view, values, index), tablesOf(group), 1)
    const fromKey = at === 0 ? null : merge.cells[at]!.smallest
    return { ...outputTo(place, bytes, values.bitsPerKey), fromKey }
  })
  return { kind: 'merge', inputs: slicesOf(view, index, groups), outputs, nextState, reason }
}

/** The fragments of a guard, newest first, without the oldest if that is too large. */
function mergedWithin(
  fragments: readonly Fragment[],
  { max_sstables_per_guard }: FragmentedValues,
): readonly Fragment[] {
  if (fragments.length < 3 || max_sstables_per_guard === 1) return fragments
  const bytes = rawBytesOfTables(tablesOf(fragments))
  const oldest = rawBytesOfTables(fragments.at(-1)!.tables)
  return oldest > LEFT_OUT_SHARE * bytes ? fragments.slice(0, -1) : fragments
}

/** Number of runs up to the newest that has tables in the cell; a new table lies above them. */
function heightOf({ runs }: Level, cell: Cell): number {
  return runs.length - runs.findIndex(({ id }) => id === cell.top)
}

/** The run with `height` older runs; a new newest run if the level has no such run. */
function placeAt({ runs }: Level, level: number, height: number): OutputPlace {
  const run = runs[runs.length - 1 - height]
  return run === undefined ? { level, after: null } : { level, run: run.id }
}

/** Equal pieces near `target`. If the estimate is a little low, the last piece takes more. */
function pieceBytes(target: number, tables: readonly TableMeta[], parts: number): number {
  const bytes = rawBytesOfTables(tables) / parts
  const pieces = Math.round(bytes / target)
  return Math.ceil(pieces < 2 ? 2 * target : bytes / (pieces - 0.25))
}

function tablesOf(fragments: readonly Fragment[]): readonly TableMeta[] {
  return fragments.flatMap(({ tables }) => tables)
}

/** Slices of all tables in the groups, newest run first; tables side by side are one slice. */
function slicesOf(view: View, index: number, groups: Groups): readonly InputSlice[] {
  const fragments = groups.flat()
  return levelAt(view.version, index).runs.flatMap((run) => {
    const slices: TableMeta[][] = []
    let next = -1
    for (const { run: own, tables } of fragments) {
      if (own !== run) continue
      const from = indexOfTable(run, tables[0]!)
      if (from === next) slices.at(-1)!.push(...tables)
      else slices.push([...tables])
      next = from + tables.length
    }
    return slices.map((tables) => ({ level: index, run: run.id, tables }))
  })
}
