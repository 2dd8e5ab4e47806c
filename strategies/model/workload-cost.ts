/**
 * Owns the cost of a workload on a design: block I/Os by kind of operation, their mean under a mix,
 * and the worst mean under any mix near it. The I/Os are Endure's, but of the tree on average over
 * its life, with the filters of the engine and with the flush written to level 0.
 */

import { divideIdeal, engineCurve, LN2_SQUARED } from './false-positives.ts'
import { type FluidPoint, sum } from './fluid-point.ts'
import type { LevelRuns } from './levels.ts'
import { loadingTree } from './loading-tree.ts'
import { steadyTree, type TreeMeans } from './steady-tree.ts'

export const OPERATION_KINDS = ['zeroReads', 'reads', 'shortScans', 'longScans', 'writes'] as const
export type OperationKind = (typeof OPERATION_KINDS)[number]

/** Something for each kind of operation: its share of a mix (Σ = 1), or its cost in block I/Os. */
export type ByOperation = Readonly<Record<OperationKind, number>>

export interface TuningEnvironment {
  readonly entries: number
  /** Raw bytes of an entry. */
  readonly entryBytes: number
  /** For the memtable and, on average over the tree's life, all filters together. */
  readonly memoryBytes: number
  readonly blockBytes: number
  /** Entries a long scan returns. */
  readonly longScanEntries: number
  /** φ: cost of writing a block ÷ reading it; Endure: 1. */
  readonly writeToRead: number
  /** μ: speed of sequential ÷ random transfer; Endure: 1. */
  readonly sequentialSpeedup: number
  /** Bits divided evenly, or best (Monkey). */
  readonly filters: 'uniform' | 'optimal'
  /**
   * What costs are means over. 'steady': all entries are loaded, and the writes update them evenly
   * and for a long time. 'load': the writes are the load, from an empty tree to the last entry.
   */
  readonly life: 'steady' | 'load'
}

export interface Tuning {
  readonly point: FluidPoint
  readonly memtableBytes: number
  /** The strategy's `bitsPerKey`: the mean over all stored entries, obsolete ones included. */
  readonly bitsPerEntry: number
}

export interface TuningCosts {
  readonly levels: number
  /** Copies written of an entry, the flush included, the log not. */
  readonly writeAmplification: number
  /** Stored ÷ unique entries: the mean, the most between two merges, and the most during one. */
  readonly spaceMean: number
  readonly spaceMost: number
  readonly spacePeak: number
  readonly ios: ByOperation
}

/** The tree of a design over the life that the environment names. */
export function treeOf(
  point: FluidPoint,
  memtableBytes: number,
  { entries, entryBytes, life }: TuningEnvironment,
): TreeMeans {
  const buffers = (entries * entryBytes) / memtableBytes
  return life === 'steady' ? steadyTree(point, buffers) : loadingTree(point, buffers)
}

/**
 * Reads of keys that exist pick them evenly; a key in the memtable costs nothing. A short scan
 * reads a block of each run; a long one also transfers the stored entries of its range.
 */
export function costsOf(
  { point, memtableBytes, bitsPerEntry }: Tuning,
  environment: TuningEnvironment,
  tree: TreeMeans = treeOf(point, memtableBytes, environment),
): TuningCosts {
  const { entryBytes, blockBytes, longScanEntries } = environment
  const { writeToRead, sequentialSpeedup } = environment
  const entriesPerBlock = blockBytes / entryBytes
  const { levels, copiesWritten, copiesRead, spaceMean, spaceMost, spacePeak } = tree
  const rates = ratesOf(tree, bitsPerEntry, environment.filters)
  let runs = 0
  let zeroReads = 0
  let reads = tree.inTree
  let passed = 1
  for (const [index, mean] of tree.means.entries()) {
    const rate = rates[index]!
    runs += mean.runs
    zeroReads += rate * mean.runs
    // Under Monkey's division a run's rate grows with its size.
    const missed =
      environment.filters === 'uniform'
        ? mean.missed
        : (mean.missedStored * mean.runs) / (mean.stored || 1)
    reads += passed * rate * missed
    passed *= mean.passed
  }
  const transferred = (longScanEntries / entriesPerBlock) * spaceMean
  const moved = copiesRead + writeToRead * copiesWritten
  const ios = {
    zeroReads,
    reads,
    shortScans: runs,
    longScans: runs + transferred / sequentialSpeedup,
    writes: moved / entriesPerBlock / sequentialSpeedup,
  }
  return { levels, writeAmplification: copiesWritten, spaceMean, spaceMost, spacePeak, ios }
}

/**
 * The false-positive rate of the runs of each level, at their mean size. Monkey gives a run a rate
 * in proportion to its size, under a price that follows from the tree at its fullest, as in
 * `../filters/tree-filters.ts`.
 */
function ratesOf(
  { means }: TreeMeans,
  bitsPerEntry: number,
  filters: TuningEnvironment['filters'],
): readonly number[] {
  if (filters === 'uniform') {
    const rate = engineCurve(bitsPerEntry)
    return means.map(() => rate)
  }
  const price = (tree: readonly LevelRuns[]) => {
    const filled = tree.filter(({ runs }) => runs > 0)
    const rates = divideIdeal(filled, bitsPerEntry * sum(filled.map((l) => l.runs * l.entries)))
    const at = rates.findIndex((rate) => rate < 1)
    return at === -1 ? Infinity : rates[at]! / filled[at]!.entries
  }
  const usual = price(means.map(({ runs, stored }) => ({ runs, entries: stored / runs })))
  const fullest = price(
    means.map(({ runsMost, storedMost, rewritten }) => ({
      runs: runsMost,
      entries: (rewritten ?? storedMost) / runsMost,
    })),
  )
  return means.map(({ runs, stored, rewritten }) => {
    const ideally = rewritten === null ? (usual * stored) / runs : fullest * rewritten
    return runs > 0 && ideally < 1 ? engineCurve(-Math.log(ideally) / LN2_SQUARED) : 1
  })
}

/** w·c: mean I/Os per operation of the mix. */
export function meanCost(workload: ByOperation, ios: ByOperation): number {
  return OPERATION_KINDS.reduce((total, kind) => total + share(workload[kind], ios[kind]), 0)
}

/** The mix of the largest mean cost, and that cost. */
export interface WorstCase {
  readonly cost: number
  readonly workload: ByOperation
}

/**
 * max w'·c over mixes w' with KL(w'‖w) ≤ ρ (nats), Endure's inner problem, by its dual
 * min_{λ>0} λρ + λ·ln Σ w_i·exp(c_i/λ). The dual's slope is ρ − KL(w'_λ‖w) with w'_λ ∝ w·exp(c/λ),
 * and that divergence falls as λ grows: bisection on ln λ. Kinds of no share stay at none.
 */
export function worstCase(workload: ByOperation, ios: ByOperation, rho: number): WorstCase {
  const known = OPERATION_KINDS.filter((kind) => workload[kind] > 0)
  const costs = known.map((kind) => ios[kind])
  const shares = known.map((kind) => workload[kind])
  const highest = Math.max(...costs)
  const spread = highest - Math.min(...costs)
  if (rho <= 0 || spread === 0) return { cost: meanCost(workload, ios), workload }
  const worstShare = sum(shares.filter((_, index) => costs[index] === highest))
  let high = Math.log(spread) - 40
  if (rho < -Math.log(worstShare)) {
    let low = high
    high = Math.log(spread) + 40
    for (let step = 0; step < 50; step++) {
      const middle = (low + high) / 2
      if (tiltDivergence(shares, costs, highest, Math.exp(middle)) > rho) low = middle
      else high = middle
    }
  }
  const mix = reweighted(workload, (kind) =>
    workload[kind] > 0 ? Math.exp((ios[kind] - highest) / Math.exp(high)) : 0,
  )
  return { cost: meanCost(mix, ios), workload: mix }
}

/** KL(w'‖w) of w' ∝ w·exp(c/λ): the mean of (c − max)/λ under w', less ln Σ w·exp((c − max)/λ). */
function tiltDivergence(
  shares: readonly number[],
  costs: readonly number[],
  highest: number,
  lambda: number,
): number {
  let total = 0
  let tilted = 0
  for (let index = 0; index < shares.length; index++) {
    const exponent = (costs[index]! - highest) / lambda
    const weight = shares[index]! * Math.exp(exponent)
    total += weight
    tilted += weight * exponent
  }
  return tilted / total - Math.log(total)
}

/** KL(a‖b) = Σ a·ln(a/b) in nats; infinite where a has what b has not. */
export function divergence(a: ByOperation, b: ByOperation): number {
  return OPERATION_KINDS.reduce(
    (total, kind) => total + (a[kind] > 0 ? a[kind] * Math.log(a[kind] / b[kind]) : 0),
    0,
  )
}

/** Each share times its weight, normalised to Σ = 1. */
export function reweighted(
  workload: ByOperation,
  weight: (kind: OperationKind) => number,
): ByOperation {
  const weighted = OPERATION_KINDS.map((kind) => workload[kind] * weight(kind))
  const total = weighted.reduce((all, one) => all + one, 0)
  const shares = OPERATION_KINDS.map((kind, index) => [kind, weighted[index]! / total])
  return Object.fromEntries(shares) as ByOperation
}

/** 0 if there are no such operations, even if their cost is infinite. */
function share(part: number, ios: number): number {
  return part === 0 ? 0 : part * ios
}
