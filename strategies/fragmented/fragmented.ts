/**
 * Owns the fragmented LSM-tree: guards divide every level below 0. A guard is a key that no table
 * of the level crosses. The output of a merge is cut at the guards of the next level and put beside
 * the tables there, which are not rewritten. So the tables between two guards overlap one another,
 * and a guard with more than `max_sstables_per_guard` of them is due. As in tiering, a write costs
 * about one copy a level; but a compaction takes one guard's range, not a whole level.
 *
 * Trigger      sorted runs: tables on top of one another within a guard (level 0: its runs); level
 *              saturation: more than `max_sstables_per_guard` · base · T^level
 * Layout       tiering, within guards
 * Granularity  several tables: those of one guard
 * Movement     most sorted runs; ties by round-robin where not every guard that is due will go
 *
 * Source: Raju et al., PebblesDB (SOSP '17). Three things differ, because the tree here is a list
 * of levels and runs:
 *
 * - Tables of different guards share runs. A guard's n-th table joins the oldest run that, like all
 *   newer runs, has nothing in the guard's range. A level so has as many runs as its fullest guard
 *   has tables. If some tables lie in a newer run than they need, they sink.
 * - PebblesDB samples guards from inserted keys and stores them. A strategy here sees tables, not
 *   keys: a guard is where a cell of overlapping tables begins (`guards.ts`), so the version itself
 *   shows it. Cells split where a merge ends one table for its size (`targetTableBytes`, in equal
 *   pieces) and begins the next. A cell that was emptied is recognised by the complete cells that
 *   the next level has there. Without such cells it is only a gap between two keys, and its
 *   neighbour grows over it.
 * - PebblesDB has a fixed last level. Here a guard of the deepest level merges within itself until
 *   the level holds its share (baseBytes · T^level), and then goes one level deeper.
 *
 * Tables move without a rewrite only when they sink: sequential loads are cut at guards like
 * others.
 */

import { z } from 'zod'
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
import { tableAt } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { defineStrategy } from '../define-strategy.ts'
import { advanceTo, type Cursors, fromHex } from '../primitives/round-robin.ts'
import {
  baseBytes,
  bitsPerKey,
  l0Trigger,
  sizeRatio,
  tableBytes,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'
import { outputTo, tablesIn, wholeRuns } from '../primitives/specs.ts'
import type { Cell, Cells } from './cells.ts'
import { partsOf } from './guard-cuts.ts'
import { cellsOf, fragmentsOf } from './guards.ts'

/** By level, the guard chosen last; it breaks ties. */
type State = { readonly cursors: Cursors }
type View = TreeView<State>
type Spec = CompactionSpec<State>

const params = z.object({
  T: sizeRatio('PebblesDB, on HyperLevelDB: 10'),
  max_sstables_per_guard: z
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
  initialState: { cursors: [] } as State,

  pick(view, values) {
    if (view.inProgress.length > 0) return null
    return (
      pickLevel0(view, values) ??
      pickFullGuard(view, values) ??
      pickSink(view, values) ??
      pickSaturated(view, values)
    )
  },
})

function pickLevel0(view: View, values: Params): Spec | null {
  const { runs } = levelAt(view.version, 0)
  if (runs.length < values.l0Trigger) return null
  const reason = {
    trigger: 'sorted runs',
    formula: 'runs(0) ≥ l0Trigger',
    values: { runs: runs.length, l0Trigger: values.l0Trigger },
  }
  return mergeInto(view, values, wholeRuns(0, runs), 1, view.state, reason)
}

/** Compacts the guard with the most tables, in the first level where a guard has too many. */
function pickFullGuard(view: View, values: Params): Spec | null {
  const most = values.max_sstables_per_guard
  for (const [index, level] of view.version.levels.entries()) {
    // A guard cannot have more tables than its level has runs.
    if (index === 0 || level.runs.length <= most) continue
    const cell = cellsIn(view, values, level).deepest(null)
    if (cell.depth <= most) continue
    const reason = {
      trigger: 'sorted runs',
      formula: 'tables > max_sstables_per_guard',
      values: { level: index, tables: cell.depth, max_sstables_per_guard: most },
    }
    const inputs = slicesOf(index, level, cell)
    const isDeepest = index === view.version.levels.length - 1
    return isDeepest && level.totals.rawBytes < layerBytes(view, values, index)
      ? mergeWithin(view, values, index, inputs, reason)
      : mergeInto(view, values, inputs, index + 1, view.state, reason)
  }
  return null
}

/** A level with more runs than any guard has tables: some lie in a newer run than they need to. */
function pickSink(view: View, values: Params): Spec | null {
  for (const [index, level] of view.version.levels.entries()) {
    const { runs } = level
    if (index === 0 || runs.length <= values.max_sstables_per_guard) continue
    const cell = cellsIn(view, values, level).at(tableAt(runs[0]!, 0).smallest)!
    const fragments = [...fragmentsOf(level, cell)].reverse()
    const below = fragments.findIndex(({ height }, at) => height > at)
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
function pickSaturated(view: View, values: Params): Spec | null {
  for (const [index, level] of view.version.levels.entries()) {
    const bytes = level.totals.rawBytes
    const limit = layerBytes(view, values, index) * values.max_sstables_per_guard
    if (index === 0 || bytes <= limit) continue
    const cursor = view.state.cursors[index] ?? null
    const cell = cellsIn(view, values, level).deepest(cursor === null ? null : fromHex(cursor))
    const cursors = advanceTo(view.state.cursors, index, cell.smallest)
    const reason = {
      trigger: 'level saturation',
      formula: 'bytes > max_sstables_per_guard · base·T^level',
      values: { level: index, bytes, limit },
    }
    const inputs = slicesOf(index, level, cell)
    return mergeInto(view, values, inputs, index + 1, { cursors }, reason)
  }
  return null
}

/** Raw bytes of a level in which every guard has one table. */
function layerBytes(view: View, { T, baseBytes }: Params, level: number): number {
  return (baseBytes === 0 ? view.memtableBytes : baseBytes) * T ** level
}

/** Merges all tables of a cell into the oldest run of the level. */
function mergeWithin(
  view: View,
  values: Params,
  level: number,
  inputs: readonly InputSlice[],
  reason: PickReason,
): Spec {
  const place = { level, run: levelAt(view.version, level).runs.at(-1)!.id }
  const bytes = pieceBytes(view, values, tablesOfAll(view, inputs), 1)
  const output = outputTo(place, bytes, values.bitsPerKey)
  return { kind: 'merge', inputs, outputs: [output], nextState: view.state, reason }
}

/** Merges into level `index`: cuts at its guards, and puts each part on top of the tables there. */
function mergeInto(
  view: View,
  values: Params,
  inputs: readonly InputSlice[],
  index: number,
  nextState: State,
  reason: PickReason,
): Spec {
  const tables = tablesOfAll(view, inputs)
  const level = levelAt(view.version, index)
  const cells = cellsIn(view, values, level)
  const deeper = cellsIn(view, values, levelAt(view.version, index + 1))
  const parts = partsOf(hull(tables)!, cells, deeper, tableBytes(view, values))
  const bytes = pieceBytes(view, values, tables, parts.length)
  const plain = Array.from({ length: level.runs.length + 1 }, (_, height) =>
    outputTo(placeAt(level, index, height), bytes, values.bitsPerKey),
  )
  const outputs: (MergeOutput & { cutKeys: Uint8Array[] })[] = []
  let height = -1
  for (const part of parts) {
    const runsBelow = part.on === null ? 0 : heightOf(level, part.on)
    if (runsBelow === height) {
      outputs.at(-1)!.cutKeys.push(part.from)
      continue
    }
    height = runsBelow
    const fromKey = outputs.length === 0 ? null : part.from
    outputs.push({ ...plain[height]!, fromKey, cutKeys: [] })
  }
  return { kind: 'merge', inputs, outputs, nextState, reason }
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

/** Equal pieces near the table size. If the estimate is a little low, the last piece takes more. */
function pieceBytes(
  view: View,
  values: Params,
  tables: readonly TableMeta[],
  parts: number,
): number {
  const bytes = tables.reduce((sum, table) => sum + rawBytes(table), 0) / parts
  const target = tableBytes(view, values)
  const pieces = Math.round(bytes / target)
  return pieces < 2 ? 2 * target : Math.ceil(bytes / (pieces - 0.25))
}

function tablesOfAll(view: View, inputs: readonly InputSlice[]): readonly TableMeta[] {
  return inputs.flatMap((slice) => tablesIn(view.version, slice))
}

/** Every cell has at least half a table. */
function cellsIn(view: View, values: Params, level: Level): Cells {
  return cellsOf(level, tableBytes(view, values) / 2)
}

function slicesOf(index: number, level: Level, cell: Cell): readonly InputSlice[] {
  return fragmentsOf(level, cell).map(({ run, tables }) => ({ level: index, run: run.id, tables }))
}
