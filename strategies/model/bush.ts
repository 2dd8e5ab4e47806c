/**
 * Owns the trees of the Wacky continuum (Dayan & Idreos, LSM-bush, SIGMOD '19): a last level of C
 * parts over one part above it, and size ratios that grow towards the smaller levels, r_i =
 * T^(X^(L−i−1)). X = 2 with tiered upper levels is LSM-bush, whose update cost grows with
 * log log F; X = 1 is CLL, of which C = T − 1 is lazy leveling; a tiered last level is QLSM.
 */

import { divideIdeal, LN2_SQUARED } from './false-positives.ts'
import { sum } from './fluid-point.ts'
import type { LevelRuns } from './levels.ts'
import { existingInDeepestLevel, zeroResultOf } from './point-lookup.ts'
import { copiesOfUpdates } from './write-cost.ts'

export interface BushPoint {
  /** Ratio of the level above the last; ≥ 2. */
  readonly T: number
  /** Growth of the ratios' exponents; 1: all ratios are T. */
  readonly X: number
  /** Size of the last level ÷ all others'. */
  readonly C: number
  /** The paper's K, not Fluid's: a_i = (r_i − 1)^K runs in upper levels; 0 leveling, 1 tiering. */
  readonly runExponent: number
  /** The paper's Z: a_L = C^Z runs in the last level. */
  readonly lastRunExponent: number
}

export const lsmBush = (T: number, C: number, X = 2): BushPoint => ({
  T,
  X,
  C,
  runExponent: 1,
  lastRunExponent: 0,
})
export const capacityLazyLeveling = (T: number, C: number): BushPoint => lsmBush(T, C, 1)
export const quadraticLsm = (T: number, C: number): BushPoint => ({
  T,
  X: 2,
  C,
  runExponent: 1,
  lastRunExponent: 1,
})

export interface BushLevel {
  /** r_i: size of the level when it moves on, relative to the level above it. */
  readonly ratio: number
  /** a_i. */
  readonly runs: number
  /** In each run, when the level is full. */
  readonly entries: number
}

/** L = ⌈1 + log_X((X − 1)·log_T(F/(C + 1)·(T − 1)/T) + 1)⌉; at X → 1 the logarithm itself. */
export function bushLevels({ T, X, C }: BushPoint, F: number): number {
  const upper = Math.log((F / (C + 1)) * ((T - 1) / T)) / Math.log(T)
  if (upper <= 0) return 1
  const depth = X === 1 ? upper : Math.log((X - 1) * upper + 1) / Math.log(X)
  return Math.ceil(1 + depth - 1e-9)
}

/** Levels of N entries, level 1 first: capacities from the last up, cap_{i−1} = cap_i/r_i. */
export function bushTree(point: BushPoint, F: number, entries: number): readonly BushLevel[] {
  const { T, X, C, runExponent, lastRunExponent } = point
  const levels = bushLevels(point, F)
  const lastRuns = C ** lastRunExponent
  const last = { ratio: (C * T) / (T - 1), runs: lastRuns }
  const tree: BushLevel[] = [{ ...last, entries: (entries * C) / (C + 1) / lastRuns }]
  let capacity = entries / (C + 1)
  for (let level = levels - 1; level >= 1; level--) {
    const ratio = T ** (X ** (levels - level - 1))
    const runs = (ratio - 1) ** runExponent
    tree.unshift({ ratio, runs, entries: (capacity * (ratio - 1)) / ratio / runs })
    capacity /= ratio
  }
  return tree
}

/** Copies per update of a full tree: Eq 14. Grows with C + log_X log_T F if levels are tiered. */
export function bushUpdateCopies(tree: readonly BushLevel[], C: number): number {
  const ratios = tree.map(({ ratio }) => ratio)
  const runs = tree.map((level) => level.runs)
  return copiesOfUpdates(ratios, runs, C)
}

/** Runs a short range lookup asks. */
export function bushRuns(tree: readonly BushLevel[]): number {
  return sum(tree.map(({ runs }) => runs))
}

/** R and V (Eq 15) with b bits per entry divided best over these levels. */
export function bushLookups(
  tree: readonly BushLevel[],
  bits: number,
): { readonly zeroResult: number; readonly existing: number } {
  const levels: readonly LevelRuns[] = tree
  const entries = sum(levels.map((level) => level.runs * level.entries))
  const rates = divideIdeal(levels, bits * entries)
  const zeroResult = zeroResultOf(levels, rates)
  const deepest = levels.at(-1)!
  const existing = existingInDeepestLevel(zeroResult, rates.at(-1)!, deepest.runs)
  return { zeroResult, existing }
}

/** R = [Σ a_i]·exp(−b·ln²2): the same bits in every run. */
export function bushZeroResultUniform(tree: readonly BushLevel[], bits: number): number {
  return bushRuns(tree) * Math.exp(-bits * LN2_SQUARED)
}
