/**
 * Owns a level: its runs, newest first. Each flush adds a run to level 0. The strategy decides
 * whether a deeper level holds one run or several; the data structure is the same.
 */

import type { Run, RunId } from './run.ts'
import { addTotals, NO_TOTALS, type Totals } from './totals.ts'

/** The runs of one level, newest first, and the sums over them. */
export interface Level {
  readonly runs: readonly Run[]
  readonly totals: Totals
}

/** A level without runs. */
export const EMPTY_LEVEL: Level = { runs: [], totals: NO_TOTALS }

/** The level of `runs`, which must be in order, newest first. */
export function levelOf(runs: readonly Run[]): Level {
  return { runs, totals: runs.reduce((sum, run) => addTotals(sum, run.totals), NO_TOTALS) }
}

/** The place of run `id` in the level, 0 for the newest; −1 where it is not there. */
export function runIndex(level: Level, id: RunId): number {
  return level.runs.findIndex((run) => run.id === id)
}
