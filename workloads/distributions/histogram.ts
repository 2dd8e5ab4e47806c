/**
 * Owns the histogram distribution of YCSB 0.17.0 (`HistogramGenerator`): lengths in blocks. Bucket
 * i means (i + 1) blocks, and the last bucket one block less, as in YCSB. A draw below a bound is
 * that of `java.util.Random` (JDK 17), which `ThreadLocalRandom` uses.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import type { JavaRandom } from '../java-random.ts'
import type { NumberGenerator } from './number-generator.ts'

const JAVA_INT_MAX = 2 ** 31 - 1

export interface HistogramShape {
  readonly blockBytes: number
  /** Counts by bucket, from bucket 0. */
  readonly buckets: readonly number[]
}

/**
 * Parses the text of a histogram file: `BlockSize<TAB>n`, then `bucket<TAB>count` for bucket 0, 1,
 * 2 … Throws `LSM_INVALID_ARGUMENT`, which names the line.
 */
export function parseHistogram(text: string): HistogramShape {
  const [head = '', ...lines] = text.trimEnd().split(/\r?\n/)
  const blockBytes = /^BlockSize\t(\d+)$/.exec(head)?.[1]
  if (blockBytes === undefined) throw badLine(1, 'expected "BlockSize", a tab and a number')
  const buckets = lines.map((line, index) => {
    const [bucket, count, extra] = line.split('\t')
    if (bucket !== String(index) || !/^\d+$/.test(count ?? '') || extra !== undefined) {
      throw badLine(index + 2, `expected bucket ${index}, a tab and a count`)
    }
    return Number(count)
  })
  const area = buckets.reduce((sum, count) => sum + count, 0)
  if (area < 1 || area > JAVA_INT_MAX) throw badLine(2, `the counts sum to ${area}`)
  return { blockBytes: Number(blockBytes), buckets }
}

function badLine(line: number, reason: string): Error {
  return invalidArgument(`fieldlengthhistogram, line ${line}: ${reason}`, { line })
}

export class Histogram implements NumberGenerator {
  readonly #random: JavaRandom
  readonly #shape: HistogramShape
  readonly #area: number

  constructor(random: JavaRandom, shape: HistogramShape) {
    this.#random = random
    this.#shape = shape
    this.#area = shape.buckets.reduce((sum, count) => sum + count, 0)
  }

  next(): number {
    const { blockBytes, buckets } = this.#shape
    let rest = nextIntBelow(this.#random, this.#area)
    let at = 0
    for (; at < buckets.length - 1; at++) {
      rest -= buckets[at]!
      if (rest <= 0) return (at + 1) * blockBytes
    }
    return at * blockBytes
  }
}

/** `Random.nextInt(bound)`, 1 ≤ bound < 2^31. */
function nextIntBelow(random: JavaRandom, bound: number): number {
  if ((bound & (bound - 1)) === 0) return Math.floor(((random.nextInt() >>> 1) * bound) / 2 ** 31)
  for (;;) {
    const bits = random.nextInt() >>> 1
    const value = bits % bound
    if (bits - value + (bound - 1) <= JAVA_INT_MAX) return value
  }
}
