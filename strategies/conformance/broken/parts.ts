/** Owns the parts that broken strategies share, so that each file shows little but its mistake. */

import {
  type InputSlice,
  levelAt,
  type OutputPlace,
  outputTo,
  type Run,
  type TreeView,
  wholeRuns,
} from 'varve/strategies'

export const primitives = {
  trigger: ['sorted runs'],
  layout: 'tiering',
  granularity: ['level'],
  movement: ['not applicable (entire level)'],
}

/** Runs of a level that set off its merge. */
export const RUNS = 4

/** The first level that holds so many runs, or undefined. */
export function fullLevel(view: TreeView, runs = RUNS): number | undefined {
  const level = view.version.levels.findIndex((one) => one.runs.length >= runs)
  return level === -1 ? undefined : level
}

export function runsOf(view: TreeView, level: number): readonly Run[] {
  return levelAt(view.version, level).runs
}

export function reasonOf(level: number, runs: number) {
  return { trigger: 'sorted runs', formula: 'runs ≥ 4', values: { level, runs } }
}

/** Tiering, and sound: all runs of the full level become the newest one of the next. */
export function mergeDown(view: TreeView, level: number) {
  return mergeOf(view, level, wholeRuns(level, runsOf(view, level)), {
    level: level + 1,
    after: null,
  })
}

export function mergeOf(
  view: TreeView,
  level: number,
  inputs: readonly InputSlice[],
  place: OutputPlace,
) {
  return {
    kind: 'merge' as const,
    inputs,
    outputs: [outputTo(place, view.memtableBytes, 10)],
    nextState: view.state,
    reason: reasonOf(level, runsOf(view, level).length),
  }
}
