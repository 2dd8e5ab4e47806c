/**
 * Owns the block reads of a point lookup: R for a key that is nowhere (the sum of false-positive
 * rates over all runs) and V for a key that exists. Closed forms are those of a deep full tree;
 * `zeroResultOf` and `existingOf` take actual runs and rates. Symbols: b = filter bits per entry,
 * p_i = rate of each run of level i.
 */

import { idealCurve, LN2_SQUARED } from './false-positives.ts'
import type { FluidPoint } from './fluid-point.ts'
import type { LevelRuns } from './levels.ts'

/** R = [K(L − 1) + Z]·exp(−b·ln²2): the same bits in every run (Dostoevsky). */
export function zeroResultUniform(point: FluidPoint, levels: number, bits: number): number {
  return (point.K * (levels - 1) + point.Z) * idealCurve(bits)
}

/**
 * R = exp(−b·ln²2)·Z^((T−1)/T)·K^(1/T)·T^(T/(T−1))/(T − 1): Dostoevsky Eq 10 (lazy: Eq 6), the best
 * division of bits, for b above `filterThresholdBits` and many levels.
 */
export function zeroResultOptimal({ T, K, Z }: FluidPoint, bits: number): number {
  const shape = (Z ** ((T - 1) / T) * K ** (1 / T) * T ** (T / (T - 1))) / (T - 1)
  return idealCurve(bits) * shape
}

/** p_L = (R/Z)(T − 1)/T and p_i = (R/K)((T − 1)/T)·T^−(L−i): Dostoevsky Eq 9, level 1 first. */
export function optimalRates(point: FluidPoint, levels: number, R: number): readonly number[] {
  const { T, K, Z } = point
  return Array.from({ length: levels }, (_, index) => {
    const above = levels - 1 - index
    return (((R / (above === 0 ? Z : K)) * (T - 1)) / T) * T ** -above
  })
}

/**
 * p_i = exp(−b·ln²2)·T^(T/(T−1))/T^(L+1−i), at most 1. Endure's code uses it for every K_i. It is
 * Eq 9 of leveling, so it is not the best division if K ≠ Z.
 */
export function endureRates(T: number, levels: number, bits: number): readonly number[] {
  const lead = idealCurve(bits) * T ** (T / (T - 1))
  return Array.from({ length: levels }, (_, index) => Math.min(1, lead / T ** (levels - index)))
}

/**
 * X = [ln T/(T − 1) + (ln K − ln Z)/T]/ln²2 bits per entry: below it p_L = 1 and the deepest level
 * has no filters (Dostoevsky Eq 23; K = Z gives Monkey's threshold).
 */
export function filterThresholdBits({ T, K, Z }: FluidPoint): number {
  return (Math.log(T) / (T - 1) + (Math.log(K) - Math.log(Z)) / T) / LN2_SQUARED
}

/**
 * R below the threshold with the deepest Y levels unfiltered: Z + K(Y − 1) for those, Eq 10 for the
 * rest, which hold T^−Y of the entries. Monkey rounds Y up (within 0.06 % of the best division),
 * Dostoevsky down; both approximate `divideIdeal`.
 */
export function zeroResultBelowThreshold(
  point: FluidPoint,
  bits: number,
  round: (levels: number) => number,
): number {
  const { T, K, Z } = point
  const unfiltered = round(Math.log(filterThresholdBits(point) / bits) / Math.log(T))
  if (unfiltered <= 0) return zeroResultOptimal(point, bits)
  return Z + K * (unfiltered - 1) + zeroResultOptimal({ T, K, Z: K }, bits * T ** unfiltered)
}

/** Σ of the rates of all runs. */
export function zeroResultOf(levels: readonly LevelRuns[], rates: readonly number[]): number {
  return levels.reduce((total, { runs }, index) => total + runs * rates[index]!, 0)
}

/** V = 1 + R − p_L: the key lies in the oldest run; the others may be read in vain (Eq 8). */
export function existingInOldestRun(R: number, deepestRate: number): number {
  return 1 + R - deepestRate
}

/** V = 1 + R − p_L(Z + 1)/2: the key lies in any run of the deepest level (LSM-bush Eq 15). */
export function existingInDeepestLevel(R: number, deepestRate: number, Z: number): number {
  return 1 + R - (deepestRate * (Z + 1)) / 2
}

/** V of an entry picked evenly among all: one read, and the rates of runs newer than its own. */
export function existingOf(levels: readonly LevelRuns[], rates: readonly number[]): number {
  let newer = 0
  let misled = 0
  let entriesTotal = 0
  for (const [index, { runs, entries }] of levels.entries()) {
    const rate = rates[index]!
    misled += runs * entries * (newer + ((runs - 1) / 2) * rate)
    entriesTotal += runs * entries
    newer += runs * rate
  }
  return 1 + misled / entriesTotal
}
