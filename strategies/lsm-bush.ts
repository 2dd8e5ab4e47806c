/**
 * Owns the LSM-bush: the smaller a level, the more runs it holds, so the number of merges of an
 * entry grows only doubly-logarithmically with the data. The deepest level is one run. Counted from
 * the bottom, the levels above it have size ratios T, T^X, T^(X²), … and hold one run fewer than
 * their ratio. With X → 1 all ratios are T: lazy leveling with levels sized by the data (the
 * paper's CLL). X = 2 is the paper's QLSM.
 *
 *   level       0              …   D − 2       D − 1      D
 *   runs up to  what is left − 1   T^X − 1     T − 1      1
 *   holds       ───────────  N / (C + 1)  ───────────     N · C / (C + 1)
 *
 * The tree has as many levels as the data needs. Of N raw bytes the levels above the deepest hold
 * N/(C + 1), and level 0 holds the part of it that the other levels leave. When the ratios no
 * longer suffice, the deepest run moves one level down without a rewrite. Every level above is then
 * one level farther from it, and its ratio grows.
 *
 * A level with as many runs as its ratio merges into one run of the next level. If that fills the
 * next level, it joins the merge, and so on down; the deepest run joins when the merge reaches it.
 *
 * Beside running jobs the first level with enough runs that no job reads is merged, if none works
 * between it and the level that takes the merge. The paper names no jobs that run at the same time.
 *
 * Trigger      number of sorted runs
 * Layout       hybrid: tiering with growing ratios above one run
 * Granularity  whole levels, all full smaller ones at once
 * Movement     not applicable: everything moves
 *
 * Source: The LSM-Bush & the Wacky Continuum (SIGMOD '19) §3: r_i = T^(X^(L−i−1)), a_i = r_i − 1,
 * N_L = N·C/(C + 1). Runs are counted, not bytes, so overwrites do not delay a merge.
 */

import { z } from 'zod'
import type {
  CompactionSpec,
  InputSlice,
  PickReason,
  TreeView,
} from '../engine/compaction/strategy.ts'
import { levelAt } from '../engine/version/version.ts'
import { defineStrategy, stallsAbove } from './define-strategy.ts'
import { freeRuns, ifFree } from './primitives/busy.ts'
import { bitsPerKey, targetTableBytes } from './primitives/shared-parameters.ts'
import { mergeIntoOldest, wholeRuns } from './primitives/specs.ts'

const params = z.object({
  X: z
    .number()
    .min(1)
    .max(8)
    .default(2)
    .describe('Growth of the exponents of the ratios, upwards. LSM-bush: 2; 1: CLL.'),
  T: z
    .int()
    .min(2)
    .max(1000)
    .default(4)
    .describe('Ratio of the level above the deepest. 4 here for every strategy; LSM-bush: 2.'),
  C: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe('Bytes in the deepest level per byte above it. LSM-bush: 1; lazy leveling: T − 1.'),
  bitsPerKey,
  targetTableBytes,
})

type Params = z.output<typeof params>

export const lsmBush = defineStrategy({
  name: 'lsm-bush',
  description: 'Ever more runs in smaller levels, one in the deepest (LSM-bush)',
  params,
  primitives: {
    trigger: ['sorted runs'],
    layout: 'hybrid',
    granularity: ['level'],
    movement: ['not applicable (entire level)'],
  },

  pick(view, values) {
    return (
      ifFree(view, pickRepair(view, values)) ??
      ifFree(view, pickGrowth(view, values)) ??
      pickFull(view, values)
    )
  },

  stallLimits(view, values) {
    const [ratio] = bushRatios(view, values, deepestLevel(view))
    return stallsAbove(ratio!, Math.max(values.T, 4))
  },
})

/**
 * The ratio of every level above `deepest`, level 0 first: a level is full at so many runs. Ratios
 * are given from the bottom up, and each level gets what the levels below it leave of the smaller
 * levels' share. A level with ratio 1 passes everything on.
 */
export function bushRatios(
  view: TreeView,
  { X, T, C }: Params,
  deepest: number,
): readonly number[] {
  let left = view.version.totals.rawBytes / view.memtableBytes / (C + 1)
  const ratios: number[] = []
  for (let level = deepest - 1; level >= 0; level--) {
    const ratio = Math.max(1, Math.min(Math.ceil(left), T ** (X ** (deepest - 1 - level))))
    ratios.unshift(level === 0 ? Math.max(2, ratio) : ratio)
    left /= ratio
  }
  return ratios
}

/** Number of levels above the deepest that the smaller levels' share of the data fills. */
function levelsNeeded(view: TreeView, { X, T, C }: Params): number {
  let left = view.version.totals.rawBytes / view.memtableBytes / (C + 1)
  let levels = 0
  for (; left > 1 || levels === 0; levels++) left /= T ** (X ** levels)
  return levels
}

function deepestLevel(view: TreeView): number {
  return Math.max(view.version.levels.length - 1, 1)
}

/** Merges the deepest level into one run; another strategy may have left several. */
function pickRepair(view: TreeView, values: Params): CompactionSpec | null {
  const level = deepestLevel(view)
  const { runs } = levelAt(view.version, level)
  if (runs.length < 2) return null
  const reason = {
    trigger: 'sorted runs',
    formula: 'runs > 1',
    values: { level, runs: runs.length },
  }
  return mergeIntoOldest(view, level, [], runs, values, reason)
}

function pickGrowth(view: TreeView, values: Params): CompactionSpec | null {
  const level = deepestLevel(view)
  const needed = levelsNeeded(view, values)
  const { runs } = levelAt(view.version, level)
  if (needed <= level || runs.length === 0) return null
  return {
    kind: 'move',
    inputs: wholeRuns(level, runs),
    place: { level: level + 1, after: null },
    nextState: view.state,
    reason: {
      trigger: 'sorted runs',
      formula: 'bytes > capacity of the levels',
      values: { levels: level, needed, bytes: view.version.totals.rawBytes },
    },
  }
}

function pickFull(view: TreeView, values: Params): CompactionSpec | null {
  const ratios = bushRatios(view, values, deepestLevel(view))
  for (const [level, ratio] of ratios.entries()) {
    const { runs } = levelAt(view.version, level)
    if (freeRuns(view, runs).length < ratio) continue
    const spec = ifFree(view, mergeFull(view, values, ratios, level))
    if (spec !== null) return spec
  }
  return null
}

/** Merges the level `first`, which is full, with all levels that become full by that. */
function mergeFull(
  view: TreeView,
  values: Params,
  ratios: readonly number[],
  first: number,
): CompactionSpec {
  const deepest = ratios.length
  const runsAt = (level: number) => freeRuns(view, levelAt(view.version, level).runs)
  const inputs: InputSlice[] = [...wholeRuns(first, runsAt(first))]
  let target = first + 1
  for (; target < deepest && runsAt(target).length + 1 >= ratios[target]!; target++) {
    inputs.push(...wholeRuns(target, runsAt(target)))
  }
  const reason = {
    trigger: 'sorted runs',
    formula: 'runs ≥ r',
    values: { level: first, runs: runsAt(first).length, r: ratios[first]! },
  }
  return intoLevel(view, values, inputs, target, target === deepest, reason)
}

function intoLevel(
  view: TreeView,
  values: Params,
  inputs: readonly InputSlice[],
  level: number,
  joins: boolean,
  reason: PickReason,
): CompactionSpec {
  const resident = joins ? freeRuns(view, levelAt(view.version, level).runs) : []
  if (inputs.length + resident.length === 1) {
    return { kind: 'move', inputs, place: { level, after: null }, nextState: view.state, reason }
  }
  return mergeIntoOldest(view, level, inputs, resident, values, reason)
}
