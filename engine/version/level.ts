/**
 * Owns a level: its runs, newest first. Each flush adds a run to level 0. The strategy decides
 * whether a deeper level holds one run or several; the data structure is the same.
 */

import { addTotals, NO_TOTALS, type Run, type RunId, type Totals } from './run.ts'

export interface Level {
  readonly runs: readonly Run[]
  readonly totals: Totals
}

export const EMPTY_LEVEL: Level = { runs: [], totals: NO_TOTALS }

export function levelOf(runs: readonly Run[]): Level {
  return { runs, totals: runs.reduce((sum, run) => addTotals(sum, run.totals), NO_TOTALS) }
}

export function runIndex(level: Level, id: RunId): number {
  return level.runs.findIndex((run) => run.id === id)
}
