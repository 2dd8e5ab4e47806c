/**
 * Owns the drawing of sizes: bytes of values, entries of scans. If one uniform number determines a
 * size, the distribution has `of`; a phase with `oneDraw` (`spec-schema.ts`) uses it to correlate
 * size and key. Other distributions draw as often as they need. Invariant: sizes are whole numbers
 * within the distribution's bounds.
 */

import { Discrete } from '../distributions/discrete.ts'
import { exponentialOf, extremeOf, paretoOf } from '../distributions/inverse.ts'
import { nextBeta, nextNormal } from '../distributions/sampled.ts'
import { ZipfRanks } from '../distributions/zipf-ranks.ts'
import type { JavaRandom } from '../java-random.ts'
import type { SizeDistribution } from './distribution-schema.ts'

export interface SizeSource {
  next(): number
  /** The size that `uniform`, in [0, 1), determines. Null if one number does not determine it. */
  readonly of: ((uniform: number) => number) | null
}

export function createSizes(size: SizeDistribution, random: JavaRandom): SizeSource {
  if (typeof size === 'number') return { next: () => size, of: () => size }
  const driven = (of: (uniform: number) => number): SizeSource => ({
    next: () => of(random.nextDouble()),
    of,
  })
  const drawn = (next: () => number): SizeSource => ({ next, of: null })
  switch (size.distribution) {
    case 'uniform':
      return driven((uniform) => size.min + Math.floor(uniform * (size.max - size.min + 1)))
    case 'exponential':
      return driven((uniform) => rounded(exponentialOf(uniform, size.mean), size))
    case 'pareto':
      return driven((uniform) => paretoSize(uniform, size))
    case 'gev': {
      const { location, scale, shape } = size
      return driven((uniform) =>
        clamped(Math.ceil(extremeOf(uniform, location, scale, shape)), size),
      )
    }
    case 'normal':
      return drawn(() => rounded(size.mean + size.deviation * nextNormal(random), size))
    case 'beta': {
      const { min, max, alpha, beta } = size
      return drawn(() => Math.round(min + (max - min) * nextBeta(random, alpha, beta)))
    }
    case 'zipfian': {
      const ranks = new ZipfRanks(random, size.theta)
      return drawn(() => size.min + ranks.next(size.max - size.min + 1))
    }
    case 'discrete': {
      const choice = new Discrete(random, size.values)
      return driven((uniform) => choice.of(uniform))
    }
  }
}

interface Bounds {
  readonly min: number
  readonly max: number
}

function rounded(value: number, bounds: Bounds): number {
  return clamped(Math.round(value), bounds)
}

function clamped(value: number, { min, max }: Bounds): number {
  return Math.min(Math.max(value, min), max)
}

/**
 * mixgraph's value sizes. A size above the largest wraps; then the smallest is enforced. (RocksDB
 * wraps after it has raised small sizes, so a few of its wrapped sizes are below the smallest.)
 */
function paretoSize(
  uniform: number,
  size: Extract<SizeDistribution, { distribution: 'pareto' }>,
): number {
  const value = Math.ceil(paretoOf(uniform, size.location, size.scale, size.shape))
  const wraps = size.beyond === 'modulo' && value > size.max && size.max > 0
  return clamped(wraps ? value % size.max : value, size)
}
