/**
 * Owns Spooky: leveling that merges into the deepest level one partition at a time. The deepest run
 * is cut into `partitions` tables of equal size, and the run above it is cut at the same keys. So
 * a partition is a small group of tables that overlap each other and nothing else. While it runs, a
 * full merge needs the deepest level's space a second time; this one needs the space of one
 * partition. Partial merges need as little, but also rewrite tables that overlap only at an edge.
 *
 *   level 0 … D − 2   merged whole, all full ones at once, as in `leveling`
 *   level D − 1       takes them in one merge, cut at the first keys of D's tables (dividing merge)
 *   level D           when D − 1 is full, the arrival that would fill it is written beside it as a
 *                     second run, cut at the same keys; then the partitions of D − 1 merge into
 *                     those of D, one after the other
 *
 * When D itself would be full, its run moves one level down without a rewrite. `sizing` decides
 * when a level is full, as in `whole-levels/shared-rules.ts`. Dynamic sizing keeps the data above D
 * in proportion to D, and with it the space in use at any time.
 *
 * Beside running jobs, further partitions merge, since no two share a key or a table, and levels
 * above D − 1 take what arrives. Two arrivals never run at once: the second would pass the first.
 * The paper merges partitions one after another, and names no jobs that run at the same time.
 *
 * Trigger      level saturation
 * Layout       leveling
 * Granularity  whole levels; one partition into the deepest
 * Movement     not applicable: partitions go in key order until the level is empty
 *
 * Source: Dayan et al., Spooky: Granulating LSM-Tree Compactions Correctly (PVLDB 15), in the form
 * that partitions the two largest levels. The strategy's state says which level is being emptied.
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
import { lowerBound, type Run, sliceTables, tableAt, tablesOf } from '../engine/version/run.ts'
import { rawBytesOfTables, type TableMeta } from '../engine/version/table-meta.ts'
import { levelAt } from '../engine/version/version.ts'
import { defineStrategy, stallsAbove } from './define-strategy.ts'
import { busyOf, freeRuns, ifFree } from './primitives/busy.ts'
import { indexBeyond } from './primitives/round-robin.ts'
import {
  bitsPerKey,
  sizeRatio,
  sizing,
  tableBytes,
  targetTableBytes,
} from './primitives/shared-parameters.ts'
import { outputTo, placeOfOldest, wholeRuns } from './primitives/specs.ts'

/** The level that is being emptied into the next, partition by partition; null if none. */
type State = { readonly draining: number | null }
type View = TreeView<State>
type Spec = CompactionSpec<State>

const params = z.object({
  T: sizeRatio('Spooky measures with 10, as RocksDB'),
  partitions: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe(
      'Tables of the deepest run, none smaller than targetTableBytes; a merge needs that share ' +
        'of its space. 64: below 2 %; Spooky derives it from T.',
    ),
  sizing,
  bitsPerKey,
  targetTableBytes,
})

type Params = z.output<typeof params>

export const spooky = defineStrategy({
  name: 'spooky',
  description: 'Leveling, merged into the deepest level by equal partitions (Spooky)',
  params,
  primitives: {
    trigger: ['level saturation'],
    layout: 'leveling',
    granularity: ['level', 'several tables'],
    movement: ['not applicable (entire level)'],
  },
  initialState: { draining: null } as State,

  pick(view, values) {
    return (
      pickDrain(view, values) ?? pickRepair(view, values) ?? ifFree(view, pickArrival(view, values))
    )
  },

  // At rest level 0 is empty.
  stallLimits: (_view, { T }) => stallsAbove(0, Math.max(T, 4)),
})

function deepestLevel(view: View): number {
  return Math.max(view.version.levels.length - 1, 1)
}

/** Raw bytes at which a level is full, by the rules of `whole-levels/shared-rules.ts`. */
function fullBytes(view: View, { T, sizing }: Params, level: number): number {
  const deepest = deepestLevel(view)
  if (sizing === 'static' || level >= deepest) {
    return (T - 0.5) * view.memtableBytes * T ** (level - 1)
  }
  const { rawBytes: held } = levelAt(view.version, deepest).totals
  return Math.floor(held / T ** (deepest - level)) + 1
}

/** Continues emptying a level: the leftmost partition that no running job takes. */
function pickDrain(view: View, values: Params): Spec | null {
  const level = view.state.draining
  if (level === null) return null
  const { runs } = levelAt(view.version, level)
  const below = levelAt(view.version, level + 1).runs
  // The level is empty, or another strategy has changed the tree.
  if (runs.length === 0 || below.length !== 1) return null
  // The arrival with which the draining begins still runs.
  if (busyOf(view).writesTo(level)) return null
  let partition = leftmostPartition(runs, below[0]!, null)
  while (partition !== null) {
    const spec = ifFree(view, mergePartition(view, values, level, partition))
    if (spec !== null) return spec
    const { largest } = hull(partition.upper.flat())!
    partition = leftmostPartition(runs, below[0]!, largest)
  }
  return null
}

function mergePartition(
  view: View,
  values: Params,
  level: number,
  { upper, lower }: Partition,
): Spec {
  const { runs, totals } = levelAt(view.version, level)
  const below = levelAt(view.version, level + 1).runs
  const tables = [...upper.flat(), ...lower]
  const inputs = [
    ...runs.map((run, at) => ({ level, run: run.id, tables: upper[at]! })),
    { level: level + 1, run: below[0]!.id, tables: lower },
  ].filter((slice) => slice.tables.length > 0)
  const left = totals.tables - busyOf(view).tablesIn(level).length - upper.flat().length
  const place = { level: level + 1, run: below[0]!.id }
  return {
    kind: 'merge',
    inputs,
    outputs: [equalOutput(view, values, place, tables)],
    nextState: { draining: left > 0 ? level : null },
    reason: {
      trigger: 'level saturation',
      formula: 'partition of a full level',
      values: { level, left },
    },
  }
}

/** Without running jobs nothing is left to drain once `pickDrain` passes. */
function drainingStill(view: View): State['draining'] {
  return busyOf(view).isIdle ? null : view.state.draining
}

/** Merges several runs in a level below 0, which another strategy left, into one. */
function pickRepair(view: View, values: Params): Spec | null {
  for (const [level, { runs: joined }] of view.version.levels.entries()) {
    if (level === 0 || joined.length < 2) continue
    const reason = {
      trigger: 'sorted runs',
      formula: 'runs > 1',
      values: { level, runs: joined.length },
    }
    const merge = { inputs: [], level, joined, draining: drainingStill(view), reason }
    const spec = ifFree(view, mergeWhole(view, values, merge))
    if (spec !== null) return spec
  }
  return null
}

/** Level 0 and every level that it fills go into the first level that stays below its limit. */
function pickArrival(view: View, values: Params): Spec | null {
  const flushed = freeRuns(view, levelAt(view.version, 0).runs)
  if (flushed.length === 0) return null
  const deepest = deepestLevel(view)
  const inputs: InputSlice[] = [...wholeRuns(0, flushed)]
  let bytes = rawBytesOf(flushed)
  for (let level = 1; ; level++) {
    // What a running job writes into the level is not seen yet.
    if (busyOf(view).writesTo(level)) return null
    const runs = freeRuns(view, levelAt(view.version, level).runs)
    const arrival = { inputs, level, joined: runs, draining: drainingStill(view) }
    const limit = fullBytes(view, values, level)
    const held = rawBytesOf(runs)
    const isFull = bytes + held >= limit
    const reason = {
      trigger: 'level saturation',
      formula: isFull ? 'bytes ≥ (T − ½)·unit' : 'runs(0) ≥ 1',
      values: { level, bytes: bytes + held, limit },
    }
    if (level === deepest) {
      if (isFull && runs.length > 0) return moveDown(view, level, reason)
      return mergeWhole(view, values, { ...arrival, reason })
    }
    if (!isFull) return mergeWhole(view, values, { ...arrival, reason })
    if (level === deepest - 1) {
      const all = bytes + held + levelAt(view.version, deepest).totals.rawBytes
      if (all >= fullBytes(view, values, deepest)) return moveDown(view, deepest, reason)
      return mergeWhole(view, values, { ...arrival, joined: [], draining: level, reason })
    }
    inputs.push(...wholeRuns(level, runs))
    bytes += held
  }
}

function moveDown(view: View, level: number, reason: PickReason): Spec {
  const inputs = wholeRuns(level, levelAt(view.version, level).runs)
  const place = { level: level + 1, after: null }
  return { kind: 'move', inputs, place, nextState: view.state, reason }
}

function rawBytesOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.totals.rawBytes, 0)
}

interface WholeMerge {
  readonly inputs: readonly InputSlice[]
  /** Runs of the level that are merged with them. */
  readonly level: number
  readonly joined: readonly Run[]
  readonly draining: State['draining']
  readonly reason: PickReason
}

/** Merges into the oldest of `joined`, or into a new run if there is none. */
function mergeWhole(view: View, values: Params, merge: WholeMerge): Spec {
  const { inputs, level, joined, draining, reason } = merge
  return {
    kind: 'merge',
    inputs: [...inputs, ...wholeRuns(level, joined)],
    outputs: [dividedOutput(view, values, placeOfOldest(level, joined))],
    nextState: { draining },
    reason,
  }
}

/** Above the deepest level, cut at that level's partitions; in the deepest, into equal tables. */
function dividedOutput(view: View, values: Params, place: OutputPlace): MergeOutput {
  const below = levelAt(view.version, place.level + 1).runs[0]
  if (below === undefined || place.level + 1 < deepestLevel(view)) {
    const share = partitionBytes(view, values)
    const bytes = place.level === deepestLevel(view) ? share : tableBytes(view, values)
    return outputTo(place, bytes, values.bitsPerKey)
  }
  const cutKeys = Array.from(tablesOf(below), ({ smallest }) => smallest).slice(1)
  return { ...outputTo(place, null, values.bitsPerKey), cutKeys }
}

/** A partition stays one table, or becomes several equal ones once it has outgrown its share. */
function equalOutput(
  view: View,
  values: Params,
  place: OutputPlace,
  tables: readonly TableMeta[],
): MergeOutput {
  const bytes = rawBytesOfTables(tables)
  const pieces = Math.max(1, Math.round(bytes / partitionBytes(view, values)))
  return outputTo(place, Math.max(1, Math.ceil(bytes / pieces)), values.bitsPerKey)
}

/** Raw bytes of one partition once everything above has arrived in the deepest level. */
function partitionBytes(view: View, values: Params): number {
  const share = view.version.totals.rawBytes / values.partitions
  return Math.max(Math.ceil(share), tableBytes(view, values))
}

/** Tables that are merged into each other. */
interface Partition {
  /** Those of each run of the level that is being emptied. */
  readonly upper: readonly (readonly TableMeta[])[]
  /** Those of the level below it. */
  readonly lower: readonly TableMeta[]
}

/**
 * The first tables of each of `runs` that end beyond the key `after`, up to the end of a partition
 * of `below`; null if there are none. A partition reaches from one table's first key to the next
 * table's. If a table of `runs` spans several partitions, which happens when it was written before
 * they were cut, all of these are taken.
 */
function leftmostPartition(
  runs: readonly Run[],
  below: Run,
  after: Uint8Array | null,
): Partition | null {
  const starts = runs.map((run) => (after === null ? 0 : indexBeyond(run, after)))
  const firsts = runs.flatMap((run, at) => sliceTables(run, starts[at]!, starts[at]! + 1))
  if (firsts.length === 0) return null
  const from = partitionOf(below, hull(firsts)!.smallest)
  for (let to = from + 1; ; to++) {
    const end = to < below.totals.tables ? tableAt(below, to).smallest : null
    const upper = runs.map((run, at) => tablesBefore(run, starts[at]!, end))
    const spans = upper.some((tables) => {
      const last = tables.at(-1)
      return last !== undefined && end !== null && compareBytes(last.largest, end) >= 0
    })
    if (!spans) return { upper, lower: sliceTables(below, from, to) }
  }
}

/** Index of the last table that starts at the key or before it; 0 if none does. */
function partitionOf(run: Run, key: Uint8Array): number {
  const index = lowerBound(run, key)
  const starts = index < run.totals.tables && compareBytes(tableAt(run, index).smallest, key) <= 0
  return Math.max(0, starts ? index : index - 1)
}

/** The run's tables from index `from` on that start before the key; all if `end` is null. */
function tablesBefore(run: Run, from: number, end: Uint8Array | null): readonly TableMeta[] {
  if (end === null) return sliceTables(run, from, run.totals.tables)
  const index = lowerBound(run, end)
  const straddles = index < run.totals.tables && compareBytes(tableAt(run, index).smallest, end) < 0
  return sliceTables(run, from, straddles ? index + 1 : index)
}
