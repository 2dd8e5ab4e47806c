/**
 * Owns chance in a simulation without keys: by how much a count differs from what is expected. Means
 * alone would hide what a strategy decides that compares runs of nearly equal sizes (RocksDB's
 * universal merges the next run unless it is more than 1 % larger): runs must differ as true ones do.
 *
 * Deviations are normal, of the true variance and mean 0: in the long run no entry is won or lost.
 */

import type { Random } from '../../engine/base/random.ts'

/**
 * The deviation of a sum of counts from its mean, in shares of `bound`: by so many shares of its own
 * bound each part deviates. Bounds say what is possible, so a share lies in [−1, 1]; cut on both
 * sides alike, or the mean would move. Draws nothing where nothing varies.
 */
export function deviation(variance: number, bound: number, random: Random): number {
  if (!(variance > VARIANCE_MIN)) return 0
  return clamped((Math.sqrt(variance) * gaussian(random)) / bound, -1, 1)
}

/** Deviations of counts of these variances, which as they are tied together sum up to `varianceOfSum`. */
export function deviations(
  variances: readonly number[],
  varianceOfSum: number,
  random: Random,
): readonly number[] {
  const free = variances.map((variance) => variance * deviation(variance, variance, random))
  const all = sumOf(variances)
  const tie = all === 0 ? 0 : 1 - Math.sqrt(Math.max(varianceOfSum, 0) / all)
  const shared = tie === 0 ? 0 : (tie * sumOf(free)) / all
  return free.map((own, index) => own - shared * variances[index]!)
}

/** Of a count: below this the rounding of the mean. */
const VARIANCE_MIN = 1e-6

/** Of mean 0 and variance 1: Box and Muller's transform, one of its two. */
export function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()))
  return radius * Math.cos(2 * Math.PI * random.nextDouble())
}

export function clamped(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
