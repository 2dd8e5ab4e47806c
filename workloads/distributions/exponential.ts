/**
 * Owns the exponential distribution of YCSB 0.17.0 (`ExponentialGenerator`): `percentile` percent
 * of the numbers fall below `range`. The numbers are real; a key is the truncated number, counted
 * back from the newest key. Java's and V8's logarithms may differ in the last bit.
 */

import type { JavaRandom } from '../java-random.ts'
import type { NumberGenerator } from './number-generator.ts'

export class Exponential implements NumberGenerator {
  readonly #random: JavaRandom
  readonly #gamma: number

  constructor(random: JavaRandom, percentile: number, range: number) {
    this.#random = random
    this.#gamma = -Math.log(1 - percentile / 100) / range
  }

  next(): number {
    return -Math.log(this.#random.nextDouble()) / this.#gamma
  }
}
