/**
 * Owns the option `incremental` of universal compaction: instead of all runs, a part of the key
 * space merges into the oldest run, about `max_compaction_bytes` of it. So space is bounded by many
 * short jobs in place of a long one.
 *
 *   older than level 0  [-][--]  [-]            tables within the range join, run by run upwards
 *   second oldest run   [---][-|--][-----]|[--] the part: neighbours up to half the bytes
 *   oldest run          [--][--|][--][---]|[-]  what the part overlaps
 *
 * A window slides over the second oldest run. It grows by tables until it and what it overlaps in
 * the oldest run exceed half of `max_compaction_bytes`; then it shrinks from its start. The window
 * with the fewest bytes of the oldest run for a byte of its own is the part. It must have fewer
 * than 1.8 times those that a merge of all runs has, or there is none and all runs merge. A window
 * ends where tables of the oldest run fill a gap between two of its own.
 *
 * Source: RocksDB `UniversalCompactionBuilder::PickIncrementalForReduceSizeAmp`. One thing differs:
 * if tables of a run reach into the range but none lies within it, no newer table joins. RocksDB
 * would let it pass the older versions in those tables.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, type Run, sliceTables, tableAt, tablesOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { type Part, rangeOfPart, tablesInside, withNeighbours } from './next-run.ts'
import { maxCompactionBytes, outputAt } from './outputs.ts'
import type { UniversalValues } from './parameters.ts'
import type { SortedRun } from './sorted-runs.ts'

/** How much dearer a part may be than all runs, in bytes of the oldest run for a newer byte. */
const PENALTY_MAX = 1.8

/** Merges a part of the runs, all free and of `newer` bytes without the oldest; null: no part. */
export function pickIncrement(
  view: TreeView,
  values: UniversalValues,
  runs: readonly SortedRun[],
  newer: number,
  { trigger, values: sizes }: PickReason,
): CompactionSpec | null {
  const upper = runs.at(-2)!
  const oldest = runs.at(-1)!
  if (upper.level === 0) return null
  const fanoutMax = (oldest.bytes / newer) * PENALTY_MAX
  const bytesMax = maxCompactionBytes(view, values)
  const window = cheapestWindow(upper.run, oldest.run, bytesMax / 2, fanoutMax)
  if (window === null) return null
  const part = withNeighbours(upper.run, window, oldest.run, 2 * bytesMax)
  const met = overlapping(oldest.run, rangeOfPart(upper.run, part))
  const place = { level: oldest.level, run: oldest.run.id }
  return {
    kind: 'merge',
    inputs: [
      ...slicesWithin(runs.slice(0, -2), rangeOfPart(upper.run, part)),
      sliceOf(upper, part),
      ...(met.from < met.to ? [sliceOf(oldest, met)] : []),
    ],
    outputs: [outputAt(view, values, place, [])],
    nextState: view.state,
    reason: {
      trigger,
      formula: 'newer · 100 ≥ max_size_amplification_percent · oldest, incremental',
      values: { ...sizes, fanout: window.fanout, fanoutMax },
    },
  }
}

interface Window extends Part {
  /** Bytes it overlaps in the oldest run, by its own bytes. */
  readonly fanout: number
}

/** The window of a run with the least fanout below `fanoutMax`; null if there is none. */
function cheapestWindow(
  upper: Run,
  oldest: Run,
  bytesMin: number,
  fanoutMax: number,
): Window | null {
  const tables = [...tablesOf(upper)]
  const met = tables.map((table) => overlapping(oldest, table))
  const bytesBefore = runningSums(oldest)
  let cheapest: Window | null = null
  let from = 0
  let ownBytes = 0
  const metBytes = (to: number) => bytesBefore[met[to]!.to]! - bytesBefore[met[from]!.from]!
  for (const [to, table] of tables.entries()) {
    if (to > from && hasGapBefore(tables, met, to, oldest)) {
      from = to
      ownBytes = 0
    }
    ownBytes += table.bytes
    if (to < tables.length - 1 && ownBytes + metBytes(to) <= bytesMin) continue
    const fanout = metBytes(to) / ownBytes
    if (fanout < (cheapest?.fanout ?? fanoutMax)) cheapest = { from, to: to + 1, fanout }
    while (from <= to && ownBytes + metBytes(to) > bytesMin) ownBytes -= tables[from++]!.bytes
  }
  return cheapest
}

/** The bytes of all tables before each index of the run, and at last of all tables. */
function runningSums(run: Run): readonly number[] {
  const sums = [0]
  for (const { bytes } of tablesOf(run)) sums.push(sums.at(-1)! + bytes)
  return sums
}

/**
 * Whether two tables of the oldest run, or more, end between table `at` of the window and the one
 * before. The first of them may start within the one before.
 */
function hasGapBefore(
  tables: readonly TableMeta[],
  met: readonly Part[],
  at: number,
  oldest: Run,
): boolean {
  const before = met[at - 1]!
  const reaches =
    before.from < before.to &&
    compareBytes(tableAt(oldest, before.to - 1).largest, tables[at - 1]!.largest) >= 0
  return met[at]!.from - (reaches ? before.to - 1 : before.to) > 1
}

/**
 * The tables within the range of runs newer than the part, newest run first. Each run narrows the
 * range for those newer than itself. Runs of level 0 stay out: their tables span all keys.
 */
function slicesWithin(runs: readonly SortedRun[], range: KeyRange): readonly InputSlice[] {
  const slices: InputSlice[] = []
  for (const each of runs.toReversed()) {
    if (each.level === 0) break
    const touching = overlapping(each.run, range)
    if (touching.from === touching.to) continue
    const inside = tablesInside(each.run, range)
    if (inside.from === inside.to) break
    slices.unshift(sliceOf(each, inside))
    range = rangeOfPart(each.run, inside)
  }
  return slices
}

function sliceOf({ level, run }: SortedRun, { from, to }: Part): InputSlice {
  return { level, run: run.id, tables: sliceTables(run, from, to) }
}
