/**
 * Owns the LSM-bush: smaller levels hold ever more runs, so data is merged but doubly-logarithmically
 * often before it reaches the deepest level, which is one run. Counted from the bottom, the levels
 * above the deepest have size ratios T, T^X, T^(X²), … and hold one run fewer. With X → 1 all
 * ratios are T: lazy leveling with levels sized by the data (CLL); with X = 2 the paper's QLSM.
 *
 *   level       0              …   D − 2       D − 1      D
 *   runs up to  what is left − 1   T^X − 1     T − 1      1
 *   holds       ───────────  N / (C + 1)  ───────────     N · C / (C + 1)
 *
 * Levels are as many as the data needs: of N raw bytes the levels above the deepest hold N/(C + 1),
 * level 0 as many memtables as the others leave of that. When the ratios no longer suffice, the
 * deepest run moves one level down, unwritten, and every level above is one farther from it.
 *
 * A level with as many runs as its ratio is merged into one run of the next, with every level that
 * thereby becomes full, and the deepest run once its turn comes.
 *
 * Trigger      number of sorted runs
 * Layout       hybrid: tiering with growing ratios above one run
 * Granularity  whole levels, all full smaller ones at once
 * Movement     not applicable: everything moves
 *
 * Source: The LSM-Bush & the Wacky Continuum (SIGMOD '19) §3: r_i = T^(X^(L−i−1)), a_i = r_i − 1,
 * N_L = N·C/(C + 1). Runs are counted, not bytes, so that overwrites delay nothing.
 */

import { z } from 'zod'
import type {
  CompactionSpec,
  InputSlice,
  PickReason,
  TreeView,
} from '../engine/compaction/strategy.ts'
import { levelAt } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { bitsPerKey, tableBytes, targetTableBytes } from './primitives/shared-parameters.ts'
import { outputTo, wholeRuns } from './primitives/specs.ts'

const params = z.object({
  X: z
    .number()
    .min(1)
    .max(8)
    .default(2)
    .describe('Growth of the exponents of the ratios, upwards. LSM-bush: 2; 1: CLL.'),
  T: z
    .number()
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
    if (view.inProgress.length > 0) return null
    return pickRepair(view, values) ?? pickGrowth(view, values) ?? pickFull(view, values)
  },
})

/**
 * The ratio of every level above `deepest`, level 0 first: a level is full at so many runs. What the
 * levels below need not hold of the smaller levels' share is left to those above; a ratio of one
 * passes everything on.
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

/** How many levels above the deepest the smaller levels' share fills. */
function levelsNeeded(view: TreeView, { X, T, C }: Params): number {
  let left = view.version.totals.rawBytes / view.memtableBytes / (C + 1)
  let levels = 0
  for (; left > 1 || levels === 0; levels++) left /= T ** (X ** levels)
  return levels
}

function deepestLevel(view: TreeView): number {
  return Math.max(view.version.levels.length - 1, 1)
}

/** Another strategy's deepest level may hold several runs. */
function pickRepair(view: TreeView, values: Params): CompactionSpec | null {
  const level = deepestLevel(view)
  const { runs } = levelAt(view.version, level)
  if (runs.length < 2) return null
  return {
    kind: 'merge',
    inputs: wholeRuns(level, runs),
    outputs: [
      outputTo({ level, run: runs.at(-1)!.id }, tableBytes(view, values), values.bitsPerKey),
    ],
    nextState: view.state,
    reason: { trigger: 'sorted runs', formula: 'runs > 1', values: { level, runs: runs.length } },
  }
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
  const deepest = deepestLevel(view)
  const ratios = bushRatios(view, values, deepest)
  const runsAt = (level: number) => levelAt(view.version, level).runs
  const first = ratios.findIndex((ratio, level) => runsAt(level).length >= ratio)
  if (first === -1) return null
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
  const resident = joins ? levelAt(view.version, level).runs : []
  const oldest = resident.at(-1)
  const all = [...inputs, ...wholeRuns(level, resident)]
  const place = oldest === undefined ? { level, after: null } : { level, run: oldest.id }
  const nextState = view.state
  if (all.length === 1) return { kind: 'move', inputs: all, place, nextState, reason }
  const output = outputTo(place, tableBytes(view, values), values.bitsPerKey)
  return { kind: 'merge', inputs: all, outputs: [output], nextState, reason }
}
