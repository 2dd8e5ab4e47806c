/**
 * Owns the hotness of key ranges. The key space is divided into equal ranges; range x (1 … ranges)
 * is drawn in proportion to a·e^(bx) + c·e^(dx). Then the ranges are shuffled, so that hot and cold
 * ones mix (Cao et al., FAST 2020, §7; RocksDB's `GenerateTwoTermExpKeys`, tools/db_bench_tool.cc).
 * As in RocksDB, one whole number determines range and key, and shares are rounded to whole slots
 * of the coldest range's size. The parameters alone determine which ranges are hot; the seed does
 * not.
 */

import { JavaRandom } from '../java-random.ts'

export interface TwoTermExponential {
  readonly ranges: number
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** RocksDB treats smaller probabilities as zero. */
const PROBABILITY_MIN = 1e-16

export class KeyRanges {
  /** Sum of the slots of all ranges. Draws are taken modulo this. */
  readonly slots: number
  /** For each range, where its slots start. */
  readonly #starts: Float64Array

  constructor(shape: TwoTermExponential) {
    const { ranges } = shape
    const shares = Array.from({ length: ranges }, (_, at) => hotness(shape, ranges - at))
    const coldest = shares.find((share) => share > 0) ?? 1
    const amplify = Math.floor(1 / coldest) + 1
    const sizes = shares.map((share) => Math.floor(amplify * share))
    this.slots = sizes.reduce((sum, size) => sum + size, 0)
    const random = new JavaRandom(this.slots)
    for (let at = 0; at < ranges; at++) {
      const other = Math.floor(random.nextDouble() * ranges)
      const size = sizes[at]!
      sizes[at] = sizes[other]!
      sizes[other] = size
    }
    let start = 0
    this.#starts = Float64Array.from(sizes, (size) => {
      start += size
      return start - size
    })
  }

  /** The range (0 … ranges − 1) that contains `draw`, a whole number. */
  rangeOf(draw: number): number {
    const slot = draw % this.slots
    let low = 0
    let high = this.#starts.length
    while (low + 1 < high) {
      const middle = (low + high) >>> 1
      if (slot < this.#starts[middle]!) high = middle
      else low = middle
    }
    return low
  }
}

function hotness({ a, b, c, d }: TwoTermExponential, range: number): number {
  const share = a * Math.exp(b * range) + c * Math.exp(d * range)
  return share < PROBABILITY_MIN ? 0 : share
}
