/**
 * Owns the cost of a workload on a design: block I/Os by kind of operation, their mean under a mix,
 * and the worst mean under any mix near it. The I/Os are Endure's, but with the exact copies of a
 * preemptive cascade and with the flush written to level 0.
 */

import { divideIdeal, idealCurve } from './false-positives.ts'
import { asKLsm, type FluidPoint, ratiosOf, runLimits, sum } from './fluid-point.ts'
import { fullTreeRuns, levelsEndure } from './levels.ts'
import { existingInDeepestLevel, zeroResultOf } from './point-lookup.ts'
import { longRangeIos, shortRangeIos } from './range-lookup.ts'
import { copiesOfTree, copiesPreemptive, levelZeroRunExtra, updateIos } from './write-cost.ts'

export const OPERATION_KINDS = ['zeroReads', 'reads', 'shortScans', 'longScans', 'writes'] as const
export type OperationKind = (typeof OPERATION_KINDS)[number]

/** Something for each kind of operation: its share of a mix (Σ = 1), or its cost in block I/Os. */
export type ByOperation = Readonly<Record<OperationKind, number>>

export interface TuningEnvironment {
  readonly entries: number
  /** Raw bytes of an entry. */
  readonly entryBytes: number
  /** For the memtable and all filters together. */
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
}

export interface Tuning {
  readonly point: FluidPoint
  readonly memtableBytes: number
  /** Mean over all entries. */
  readonly bitsPerEntry: number
}

export interface TuningCosts {
  readonly levels: number
  readonly writeAmplification: number
  readonly ios: ByOperation
}

/** Costs on the full tree of the depth this much data needs. */
export function costsOf(tuning: Tuning, environment: TuningEnvironment): TuningCosts {
  const { point, memtableBytes, bitsPerEntry } = tuning
  const { entries, entryBytes, blockBytes, longScanEntries, sequentialSpeedup } = environment
  const entriesPerBlock = blockBytes / entryBytes
  const levels = levelsEndure((entries * entryBytes) / memtableBytes, point.T)
  const shape = asKLsm(point)
  const ratios = ratiosOf(shape, levels)
  const limits = runLimits(shape, levels)
  const tree = fullTreeRuns(ratios, limits, entries)
  const rates =
    environment.filters === 'uniform'
      ? tree.map(() => idealCurve(bitsPerEntry))
      : divideIdeal(tree, bitsPerEntry * entries)
  const zeroReads = zeroResultOf(tree, rates)
  const copies =
    copiesOfTree(copiesPreemptive, ratios, limits) + levelZeroRunExtra(point.T, limits[0]!)
  const device = { entriesPerBlock, writeToRead: environment.writeToRead, sequentialSpeedup }
  const ios = {
    zeroReads,
    reads: existingInDeepestLevel(zeroReads, rates.at(-1)!, point.Z),
    shortScans: shortRangeIos(point, levels),
    longScans: longRangeIos(point, levels, longScanEntries / entriesPerBlock, sequentialSpeedup),
    writes: updateIos(copies, device),
  }
  return { levels, writeAmplification: copies, ios }
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
