/**
 * Owns leveling and tiering as Luo & Carey run them ("On Performance Stability in LSM-based Storage
 * Systems", PVLDB 13(4)): a merge moves data by one level, so merges of different levels run
 * beside each other. The registered `leveling` and `tiering` send an arrival through all full
 * levels at once, one arrival at a time, and leave a scheduler nothing to choose.
 *
 * A flush is a run of level 0. The deepest level is given, as the papers' trees are loaded: it
 * takes everything, so updates do not make the tree deeper.
 *
 * leveling   Level i ≥ 1 takes runs until it holds T arrivals; then it is full, and merges into
 *            level i + 1. While a full run waits or merges, arrivals collect in a newer run.
 * tiering    The T oldest runs of a level merge into a new run of the next level. Newer runs may
 *            arrive meanwhile. In the deepest level they merge into one run of it.
 */

import { z } from 'zod'
import type { CompactionSpec, PickReason, TreeView } from '../../engine/index.ts'
import { defineStrategy } from '../../strategies/define-strategy.ts'
import { levelAt } from '../../strategies/index.ts'
import { busyOf, ifFree } from '../../strategies/primitives/busy.ts'
import { outputTo, wholeRuns } from '../../strategies/primitives/specs.ts'

const params = z.object({
  T: z.int().min(2).default(10).describe('Size ratio. The paper: 10 for leveling, 3 for tiering.'),
  deepest: z.int().min(1).default(3).describe('The deepest level.'),
})

type Values = z.output<typeof params>
type Run = ReturnType<typeof levelAt>['runs'][number]

/** Most runs of a level under leveling: one that is full, and one that takes arrivals. */
const RUNS_MAX = 2

const BITS_PER_KEY = 10

export const oneLevelLeveling = defineStrategy({
  name: 'one-level-leveling',
  description: 'Leveling, a level at a time (Luo & Carey)',
  params,
  primitives: {
    trigger: ['level saturation'],
    layout: 'leveling',
    granularity: ['level'],
    movement: ['not applicable (entire level)'],
  },
  pick: (view, values) => firstFree(view, values.deepest, (level) => descend(view, values, level)),
})

export const oneLevelTiering = defineStrategy({
  name: 'one-level-tiering',
  description: 'Tiering, a level at a time (Luo & Carey)',
  params,
  primitives: {
    trigger: ['sorted runs'],
    layout: 'tiering',
    granularity: ['sorted runs'],
    movement: ['not applicable (entire level)'],
  },
  pick: (view, values) => {
    return firstFree(view, values.deepest + 1, (level) => stackDown(view, values, level))
  },
})

/** The runs of a tree of `deepest` levels at rest: the paper's expected number of components. */
export function expectedRuns(layout: 'leveling' | 'tiering', { T, deepest }: Values): number {
  return layout === 'leveling' ? 1 + deepest : T * (1 + deepest)
}

function firstFree(
  view: TreeView,
  levels: number,
  specOf: (level: number) => CompactionSpec | null,
): CompactionSpec | null {
  for (let level = 0; level < levels; level++) {
    if (busyOf(view).writesTo(level + 1)) continue
    const spec = ifFree(view, specOf(level))
    if (spec !== null) return spec
  }
  return null
}

/** The oldest run of a level, if it is full, goes one level deeper. */
function descend(view: TreeView, values: Values, level: number): CompactionSpec | null {
  const source = levelAt(view.version, level).runs.at(-1)
  if (source === undefined || (level > 0 && !isFull(view, values, level, source))) return null
  const below = levelAt(view.version, level + 1).runs
  const newest = below[0]
  const reason = reasonOf('level saturation', 'bytes ≥ (T − ½)·unit', level, source)
  const joins = newest !== undefined && !isClosed(view, values, level + 1, newest)
  if (joins)
    return merge(view, { level: level + 1, run: newest.id }, reason, [
      ...wholeRuns(level, [source]),
      ...wholeRuns(level + 1, [newest]),
    ])
  if (below.length >= RUNS_MAX) return null
  const place = { level: level + 1, after: null }
  return {
    kind: 'move',
    inputs: wholeRuns(level, [source]),
    place,
    nextState: view.state,
    reason,
  }
}

/** Whether the run takes no further arrivals: it is full, or merges into the next level. */
function isClosed(view: TreeView, values: Values, level: number, run: Run): boolean {
  return busyOf(view).readsRun(run.id) || isFull(view, values, level, run)
}

function isFull(view: TreeView, { T, deepest }: Values, level: number, run: Run): boolean {
  if (level >= deepest) return false
  const unitBytes = view.memtableBytes * T ** (level - 1)
  return run.totals.rawBytes >= (T - 0.5) * unitBytes
}

/** The T oldest runs of a level become one of the next, or of the same if that is the deepest. */
function stackDown(view: TreeView, { T, deepest }: Values, level: number): CompactionSpec | null {
  const { runs } = levelAt(view.version, level)
  const oldest = runs.slice(-T)
  if (oldest.length < T || oldest.some(({ id }) => busyOf(view).readsRun(id))) return null
  const reason = reasonOf('sorted runs', 'runs ≥ T', level, oldest[0]!)
  const place =
    level === deepest ? { level, run: oldest.at(-1)!.id } : { level: level + 1, after: null }
  return merge(view, place, reason, wholeRuns(level, oldest))
}

function merge(
  view: TreeView,
  place: Parameters<typeof outputTo>[0],
  reason: PickReason,
  inputs: ReturnType<typeof wholeRuns>,
): CompactionSpec {
  return {
    kind: 'merge',
    inputs,
    outputs: [outputTo(place, view.memtableBytes, BITS_PER_KEY)],
    nextState: view.state,
    reason,
  }
}

function reasonOf(trigger: string, formula: string, level: number, { totals }: Run): PickReason {
  return { trigger, formula, values: { level, bytes: totals.rawBytes } }
}
