/**
 * Owns the shape of the tree at one moment, as immutable data: levels of runs of tables.
 *
 * The invariant is recency. Order all runs newest first: level 0's runs, then level 1's, and so on.
 * For any user key, every version in a run is newer than every version in a later run. So a read
 * stops at the first run that answers.
 */

import { show } from '../base/arguments.ts'
import { invalidArgument } from '../base/errors.ts'
import { EMPTY_LEVEL, type Level } from './level.ts'
import type { Run } from './run.ts'
import { addTotals, NO_TOTALS, type Totals } from './totals.ts'

/** The tree at one moment. */
export interface Version {
  /** Level i is at index i. Trailing empty levels are not kept. */
  readonly levels: readonly Level[]
  readonly totals: Totals
}

/** The tree of a new database. */
export const EMPTY_VERSION: Version = { levels: [], totals: NO_TOTALS }

export function versionOf(levels: readonly Level[]): Version {
  let count = levels.length
  while (count > 0 && levels[count - 1]!.runs.length === 0) count--
  const kept = levels.slice(0, count)
  return { levels: kept, totals: kept.reduce((sum, l) => addTotals(sum, l.totals), NO_TOTALS) }
}

/** Throws `LSM_INVALID_ARGUMENT` if `version` is not a version. */
export function checkVersion(version: Version): void {
  if (!Array.isArray(version?.levels)) {
    throw invalidArgument(`expected a version, not ${show(version)}`)
  }
}

/** Level `index`; an empty level if the tree is not that deep. */
export function levelAt(version: Version, index: number): Level {
  return version.levels[index] ?? EMPTY_LEVEL
}

/** All runs with their levels, newest first, which is the recency order. Owned. */
export function runsNewestFirst({
  levels,
}: Version): { readonly level: number; readonly run: Run }[] {
  const placed: { readonly level: number; readonly run: Run }[] = []
  for (let level = 0; level < levels.length; level++) {
    for (const run of levels[level]!.runs) placed.push({ level, run })
  }
  return placed
}

/** The same in reverse, oldest first, as a lazy iterator. */
export function* runsOldestFirst({
  levels,
}: Version): Generator<{ readonly level: number; readonly run: Run }, void, undefined> {
  for (let level = levels.length - 1; level >= 0; level--) {
    const { runs } = levels[level]!
    for (let at = runs.length - 1; at >= 0; at--) yield { level, run: runs[at]! }
  }
}

/** How many runs the tree has, over all levels. */
export function runCount(version: Version): number {
  return version.levels.reduce((count, level) => count + level.runs.length, 0)
}

/** Number of runs per level, level 0 first: the shape vector of results and gates. */
export function shapeVector(version: Version): readonly number[] {
  return version.levels.map((level) => level.runs.length)
}
