/**
 * Owns chance in a simulation without keys: how much a count deviates from its expectation. Some
 * strategies compare runs of nearly equal sizes (RocksDB's universal merges the next run unless it
 * is more than 1 % larger). With means alone they would decide differently, so sizes must vary as
 * they do with real keys.
 *
 * Deviations are normal, with the true variance and mean 0, so in the long run no entry is gained
 * or lost.
 */

import type { Random } from '../../engine/base/random.ts'

/**
 * The deviation of a sum of counts from its mean, as a share of `bound`. Each part deviates by the
 * same share of its own bound. Bounds are the possible extremes, so a share lies in [−1, 1]. It is
 * clamped alike on both sides, to keep the mean. Draws nothing if the variance is 0.
 */
export function deviation(variance: number, bound: number, random: Random): number {
  if (!(variance > VARIANCE_MIN)) return 0
  return clamped((Math.sqrt(variance) * gaussian(random)) / bound, -1, 1)
}

/**
 * Deviations of counts with these variances that depend on each other: the sum has `varianceOfSum`.
 */
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

/** A variance below this is only the rounding of the mean. */
const VARIANCE_MIN = 1e-6

/** Normal with mean 0 and variance 1: one of the two values of Box and Muller's transform. */
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
