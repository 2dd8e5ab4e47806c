/**
 * Owns what the filters of a tree promise: runs that a get of an absent key reads in vain, by each
 * filter's own false-positive rate as it was built. A run counts by the mean over its tables, as
 * large ones meet more keys; the key is one that lies in the range of every run, so that the sum is
 * Monkey's, and a tree whose runs have ranges apart from each other does better.
 */

import { falsePositiveRate } from '../../engine/table/filter.ts'
import { type Run, tablesOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import type { FilterCurve } from './filter-allocation.ts'

/** A filter is whole blocks of 64 bytes, which small tables feel. */
const BLOCK_BYTES = 64

export interface RunFilter {
  readonly level: number
  readonly entries: number
  /** Mean over entries. */
  readonly bitsPerKey: number
  /** Share of absent keys that are looked for in the run's tables all the same; 1 without filters. */
  readonly falsePositiveRate: number
}

export interface ExpectedProbes {
  /** Newest first. */
  readonly runs: readonly RunFilter[]
  /** Runs a get of an absent key reads: Σ of their rates. */
  readonly probesPerMiss: number
}

export function expectedProbes(version: Version): ExpectedProbes {
  const rateOf = remembered(falsePositiveRate)
  const runs = runsNewestFirst(version).map(({ level, run }) => filterOf(level, run, rateOf))
  const probesPerMiss = runs.reduce((sum, run) => sum + run.falsePositiveRate, 0)
  return { runs, probesPerMiss }
}

/** Bits a key of a table, as built. */
export function builtBitsPerKey({
  filter,
  entries,
}: Pick<TableMeta, 'filter' | 'entries'>): number {
  return (Math.floor(filter.bytes / BLOCK_BYTES) * BLOCK_BYTES * 8) / entries
}

/** Rates take a tenth of a millisecond each, and most of a tree's tables are alike. */
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
  return { level, entries, bitsPerKey: bits / entries, falsePositiveRate: passed / entries }
}
