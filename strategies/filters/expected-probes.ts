/**
 * Owns what the filters of a tree promise: the expected number of runs that a get of an absent key
 * reads in vain, from the false-positive rates of the filters as built. The rate of a run is the
 * mean over its tables, weighted by entries. The key is taken to lie in the range of every run, as
 * in Monkey's sum; a tree whose runs have disjoint ranges does better.
 */

import { falsePositiveRate } from '../../engine/table/filter.ts'
import { type Run, tablesOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import type { FilterCurve } from './filter-allocation.ts'

/** A filter has whole blocks of 64 bytes, which matters for small tables. */
const BLOCK_BYTES = 64

export interface RunFilter {
  readonly level: number
  readonly entries: number
  /** Mean over the entries of the run. */
  readonly bitsPerKey: number
  /** Share of absent keys that pass the filters of the run's tables; 1 without filters. */
  readonly falsePositiveRate: number
}

export interface ExpectedProbes {
  /** Newest first. */
  readonly runs: readonly RunFilter[]
  /** Expected number of runs that a get of an absent key reads: the sum of their rates. */
  readonly probesPerMiss: number
}

export function expectedProbes(version: Version): ExpectedProbes {
  const rateOf = remembered(falsePositiveRate)
  const runs = runsNewestFirst(version).map(({ level, run }) => filterOf(level, run, rateOf))
  const probesPerMiss = runs.reduce((sum, run) => sum + run.falsePositiveRate, 0)
  return { runs, probesPerMiss: portable(probesPerMiss) }
}

/** Bits per key of a table's filter, as built. */
export function builtBitsPerKey({
  filter,
  entries,
}: Pick<TableMeta, 'filter' | 'entries'>): number {
  return (Math.floor(filter.bytes / BLOCK_BYTES) * BLOCK_BYTES * 8) / entries
}

/** Remembers rates: one takes a tenth of a millisecond, and most tables of a tree have the same. */
function remembered(curve: FilterCurve): FilterCurve {
  const known = new Map<number, number>()
  return (bitsPerKey) => {
    const rate = known.get(bitsPerKey) ?? curve(bitsPerKey)
    known.set(bitsPerKey, rate)
    return rate
  }
}

function filterOf(level: number, run: Run, rateOf: FilterCurve): RunFilter {
  let bits = 0
  let passed = 0
  for (const table of tablesOf(run)) {
    const bitsPerKey = builtBitsPerKey(table)
    bits += bitsPerKey * table.entries
    passed += rateOf(bitsPerKey) * table.entries
  }
  const { entries } = run.totals
  return {
    level,
    entries,
    bitsPerKey: bits / entries,
    falsePositiveRate: portable(passed / entries),
  }
}

/** Equal under every version of Node: their `Math.exp` and `Math.pow` differ in the last digits. */
function portable(rate: number): number {
  return Number(rate.toPrecision(12))
}
