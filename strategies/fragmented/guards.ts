/**
 * Owns the cells of a level: its tables fall into groups that do not overlap each other, and a cell
 * is the range of a group. Tables that overlap, directly or through other tables, are in one cell.
 * A group with fewer bytes than a cell must have belongs to the cell before. Invariant: every table
 * is in exactly one cell, and cells ascend without overlap. So the least key of a cell is a guard:
 * no table of the level crosses it.
 *
 *   newer run        [----]               [--]  []
 *   older run     [-----]  [---]        [-------]  [---]
 *   cells         [------------]        [---------][---]
 *
 * PebblesDB (SOSP '17) samples guards from inserted keys. Here they follow from the tables: a merge
 * that is cut at the guards keeps the cells apart, and a guard lasts as long as its cell holds
 * data.
 *
 * Cells are remembered with their level. After an edit only the cells are computed again that lie
 * where a run's chunks differ (`primitives/lineage.ts`). Cells are a function of the level.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import type { Level } from '../../engine/version/level.ts'
import {
  lowerBound,
  overlapping,
  type Run,
  type RunId,
  sliceTables,
  tableAt,
} from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { changedRanges } from '../primitives/lineage.ts'
import { type Cell, Cells, type Stretch } from './cells.ts'

/** The tables of a cell that lie in one run, in key order. */
export interface Fragment {
  readonly run: Run
  /** Number of older runs in the level. */
  readonly height: number
  /** Index of the first table in the run. */
  readonly from: number
  readonly tables: readonly TableMeta[]
}

/** The tables of a range, such as a cell, run by run, newest first. */
export function fragmentsOf({ runs }: Level, range: KeyRange): readonly Fragment[] {
  const fragments: Fragment[] = []
  for (const [at, run] of runs.entries()) {
    const { from, to } = overlapping(run, range)
    if (from === to) continue
    const height = runs.length - 1 - at
    fragments.push({ run, height, from, tables: sliceTables(run, from, to) })
  }
  return fragments
}

/** A level in the form it was last seen in, and its cells. */
interface Lineage {
  level: Level
  bytesMin: number
  cells: Cells
}

/** Found by the first and the last table of each run: an edit leaves some of these. */
const lineages = new WeakMap<TableMeta, Lineage>()

/** The cells of the level. Each has at least `bytesMin` raw bytes, except for the first. */
export function cellsOf(level: Level, bytesMin: number): Cells {
  const known = lineageOf(level)
  if (known?.bytesMin === bytesMin && haveSameRuns(known.level, level)) return known.cells
  const isEdited = known?.bytesMin === bytesMin && haveSameOrder(known.level, level)
  const cells = isEdited ? edited(known, level) : Cells.of(sweep(level, bytesMin, WHOLE))
  const lineage = Object.assign(known ?? {}, { level, bytesMin, cells })
  for (const run of level.runs) {
    lineages.set(firstOf(run), lineage)
    lineages.set(lastOf(run), lineage)
  }
  return cells
}

function lineageOf({ runs }: Level): Lineage | undefined {
  for (const run of runs) {
    const lineage = lineages.get(firstOf(run)) ?? lineages.get(lastOf(run))
    if (lineage !== undefined) return lineage
  }
  return undefined
}

function firstOf(run: Run): TableMeta {
  return tableAt(run, 0)
}

function lastOf(run: Run): TableMeta {
  return tableAt(run, run.totals.tables - 1)
}

function haveSameRuns({ runs: before }: Level, { runs: after }: Level): boolean {
  return before.length === after.length && before.every((run, at) => run === after[at])
}

/** Whether common runs are in the same order, on which the newest run of a cell depends. */
function haveSameOrder(before: Level, after: Level): boolean {
  let last = -1
  for (const { id } of before.runs) {
    const at = after.runs.findIndex((run) => run.id === id)
    if (at < 0) continue
    if (at < last) return false
    last = at
  }
  return true
}

function edited({ level: before, bytesMin, cells }: Lineage, level: Level): Cells {
  const ranges = rangesOfEdit(before, level)
  if (ranges.length === 0) return cells
  return cells.renewed(ranges, (stretch) => sweep(level, bytesMin, stretch))
}

function rangesOfEdit(before: Level, after: Level): readonly KeyRange[] {
  const chunksIn = ({ runs }: Level, id: RunId) => runs.find((run) => run.id === id)?.chunks ?? []
  const ids = new Set([...before.runs, ...after.runs].map(({ id }) => id))
  return [...ids].flatMap((id) => changedRanges(chunksIn(before, id), chunksIn(after, id)))
}

/** Tables that overlap, directly or through other tables. */
interface Clump {
  smallest: Uint8Array
  largest: Uint8Array
  rawBytes: number
  /** For each run of the level, whether it has tables in it. */
  readonly runs: boolean[]
}

const WHOLE: Stretch = { from: null, to: null }

/** The cells of the tables that start in the stretch. No table may cross its ends. */
function sweep({ runs }: Level, bytesMin: number, { from, to }: Stretch): readonly Cell[] {
  const lists = runs.map((run) =>
    sliceTables(
      run,
      from === null ? 0 : lowerBound(run, from),
      to === null ? run.totals.tables : lowerBound(run, to),
    ),
  )
  const cells: { -readonly [Field in keyof Cell]: Cell[Field] }[] = []
  const runsOfLast = runs.map(() => false)
  forEachClump(lists, ({ smallest, largest, rawBytes, runs: own }) => {
    if (cells.length === 0 || rawBytes >= bytesMin) {
      cells.push({ smallest, largest, depth: 0, top: 0, rawBytes: 0 })
      runsOfLast.fill(false)
    }
    const last = cells.at(-1)!
    last.largest = largest
    last.rawBytes += rawBytes
    for (let run = 0; run < own.length; run++) {
      if (!own[run] || runsOfLast[run]) continue
      runsOfLast[run] = true
      last.depth++
    }
    last.top = runs[runsOfLast.indexOf(true)]!.id
  })
  return cells
}

/** Calls `visit` with each clump in ascending order. The clump is borrowed until it returns. */
function forEachClump(
  lists: readonly (readonly TableMeta[])[],
  visit: (clump: Readonly<Clump>) => void,
): void {
  const next = lists.map(() => 0)
  let clump: Clump | null = null
  for (;;) {
    let list = -1
    let table: TableMeta | null = null
    for (let at = 0; at < lists.length; at++) {
      const candidate = lists[at]![next[at]!]
      if (candidate === undefined) continue
      if (table !== null && compareBytes(candidate.smallest, table.smallest) >= 0) continue
      table = candidate
      list = at
    }
    if (table === null) break
    next[list]!++
    const { smallest, largest } = table
    if (clump === null) clump = { smallest, largest, rawBytes: 0, runs: lists.map(() => false) }
    else if (compareBytes(smallest, clump.largest) > 0) {
      visit(clump)
      clump.smallest = smallest
      clump.largest = largest
      clump.rawBytes = 0
      clump.runs.fill(false)
    }
    if (compareBytes(largest, clump.largest) > 0) clump.largest = largest
    clump.rawBytes += rawBytes(table)
    clump.runs[list] = true
  }
  if (clump !== null) visit(clump)
}
