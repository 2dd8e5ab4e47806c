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
import type { RunId } from '../../engine/version/run.ts'
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
  const slices = new Slices(merge.level)
  for (const cell of merge.cells) slices.add(fragmentsOf(level, cell))
  const inputs = slices.newestFirst(level)
  const { nextState, reason } = merge
  return mergeInto(view, values, {
    level: merge.level,
    sources: merge.cells,
    inputs,
    nextState,
    reason,
  })
}

/** Merges all runs of level 0 into level 1. */
export function mergeLevel0(view: View, values: FragmentedValues, reason: PickReason): Spec {
  const { runs, totals } = levelAt(view.version, 0)
  const { smallest, largest } = hull(runs.flatMap((run) => run.chunks))!
  const sources = [{ smallest, largest, rawBytes: totals.rawBytes }]
  const inputs = wholeRuns(0, runs)
  return mergeInto(view, values, { level: 0, sources, inputs, nextState: view.state, reason })
}

interface Descent extends Omit<GuardMerge, 'cells'> {
  /** The range of each guard, or of all level 0, and the bytes of its tables; ascending. */
  readonly sources: readonly Pick<Cell, 'smallest' | 'largest' | 'rawBytes'>[]
  readonly inputs: readonly InputSlice[]
}

function mergeInto(view: View, values: FragmentedValues, descent: Descent): Spec {
  const { sources, inputs, nextState, reason } = descent
  const index = descent.level + 1
  const level = levelAt(view.version, index)
  const cells = cellsIn(view, values, index)
  const deeper = cellsIn(view, values, index + 1)
  const bytesMin = guardBytes(view, values, index + 1)
  const partsBySource = sources.map((range) => partsOf(range, cells, deeper, bytesMin))
  const count = partsBySource.reduce((sum, parts) => sum + parts.length, 0)
  const bytesIn = sources.reduce((sum, { rawBytes }) => sum + rawBytes, 0)
  const bytes = pieceBytes(guardBytes(view, values, index), bytesIn / count)
  const plain = Array.from({ length: level.runs.length + 1 }, (_, height) =>
    outputTo(placeAt(level, index, height), bytes, values.bitsPerKey),
  )
  const outputs = partsBySource.flatMap((parts, at) =>
    outputsOf(parts, sources[at]!.smallest, level, plain),
  )
  outputs[0] = { ...outputs[0]!, fromKey: null }
  return { kind: 'merge', inputs, outputs, nextState, reason }
}

/**
 * The outputs of a source that starts at `smallest`; `plain` has one for each height. Neighbours
 * that go to the same run are one output, cut between them. No output reaches from one source to
 * the next: a run may hold other tables between them.
 */
function outputsOf(
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
  const target = guardBytes(view, values, index)
  // Outputs share what is equal, because a merge may have many thousands.
  const plain = new Map(
    level.runs.map((run) => {
      return [run, outputTo({ level: index, run: run.id }, null, values.bitsPerKey)]
    }),
  )
  const slices = new Slices(index)
  const outputs = merge.cells.map((cell, at) => {
    const fragments = mergedWithin(fragmentsOf(level, cell), values)
    slices.add(fragments)
    const { place, cutKeys, filter } = plain.get(fragments.at(-1)!.run)!
    const targetTableBytes = pieceBytes(target, rawBytesOf(fragments))
    const fromKey = at === 0 ? null : cell.smallest
    return { place, fromKey, targetTableBytes, cutKeys, filter }
  })
  const inputs = slices.newestFirst(level)
  return { kind: 'merge', inputs, outputs, nextState, reason }
}

/** The fragments of a guard, newest first, without the oldest if that is too large. */
function mergedWithin(
  fragments: readonly Fragment[],
  { max_sstables_per_guard }: FragmentedValues,
): readonly Fragment[] {
  if (fragments.length < 3 || max_sstables_per_guard === 1) return fragments
  const oldest = rawBytesOfTables(fragments.at(-1)!.tables)
  return oldest > LEFT_OUT_SHARE * rawBytesOf(fragments) ? fragments.slice(0, -1) : fragments
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

/** `bytes` in equal pieces near `target`. If they are a few too low, the last piece takes more. */
function pieceBytes(target: number, bytes: number): number {
  const pieces = Math.round(bytes / target)
  return Math.ceil(pieces < 2 ? 2 * target : bytes / (pieces - 0.25))
}

function rawBytesOf(fragments: readonly Fragment[]): number {
  return fragments.reduce((sum, { tables }) => sum + rawBytesOfTables(tables), 0)
}

/** Collects fragments of a level as slices of its runs; tables side by side are one slice. */
class Slices {
  readonly #level: number
  readonly #byRun = new Map<RunId, { end: number; readonly slices: TableMeta[][] }>()

  constructor(level: number) {
    this.#level = level
  }

  /** The fragments of each run must ascend from call to call. */
  add(fragments: readonly Fragment[]): void {
    for (const { run, from, tables } of fragments) {
      const known = this.#byRun.get(run.id)
      if (known === undefined) {
        this.#byRun.set(run.id, { end: from + tables.length, slices: [[...tables]] })
        continue
      }
      if (from === known.end) known.slices.at(-1)!.push(...tables)
      else known.slices.push([...tables])
      known.end = from + tables.length
    }
  }

  newestFirst({ runs }: Level): readonly InputSlice[] {
    return runs.flatMap(({ id }) => {
      const slices = this.#byRun.get(id)?.slices ?? []
      return slices.map((tables) => ({ level: this.#level, run: id, tables }))
    })
  }
}
