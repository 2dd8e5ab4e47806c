/**
 * Owns the block reads of a range lookup. A short one seeks in every run and reads a block of each;
 * a long one also transfers the obsolete versions and entries of its range, level by level.
 */

import { type FluidPoint, sum } from './fluid-point.ts'

/** Seeks of a full tree, K(L − 1) + Z: leveling L, tiering L(T − 1), lazy 1 + (L − 1)(T − 1). */
export function shortRangeIos({ K, Z }: FluidPoint, levels: number): number {
  return K * (levels - 1) + Z
}

/** Seeks where every level has its own limit of runs: Σ K_i (K-LSM). */
export function shortRangeIosOf(limits: readonly number[]): number {
  return sum(limits)
}

/**
 * Q = K(L − 1) + Z + (1/μ)(s/B)(Z + 1/T): Dostoevsky Eq 11, s unique entries in the range, B a
 * block, sequential transfer μ times as fast as random. At s = 0 the short range.
 */
export function longRangeIos(
  point: FluidPoint,
  levels: number,
  rangeBlocks: number,
  sequentialSpeedup: number,
): number {
  return shortRangeIos(point, levels) + transferIos(point, rangeBlocks, sequentialSpeedup)
}

/** Eq 11's (1/μ)(s/B)(Z + 1/T). */
export function transferIos(
  { T, Z }: FluidPoint,
  rangeBlocks: number,
  sequentialSpeedup: number,
): number {
  return (rangeBlocks / sequentialSpeedup) * (Z + 1 / T)
}

/** A range is long when s/B > 2·L_max (Dostoevsky): transfers outweigh seeks. */
export function isLongRange(rangeBlocks: number, levelsMax: number): boolean {
  return rangeBlocks > 2 * levelsMax
}

/** Monkey's range lookup: s·N/B + runs, for a share s of all N entries. */
export function monkeyRangeIos(
  share: number,
  entries: number,
  entriesPerBlock: number,
  runs: number,
): number {
  return (share * entries) / entriesPerBlock + runs
}
