/**
 * Owns "latest": the most recently inserted key is the most popular (YCSB 0.17.0
 * `SkewedLatestGenerator`). A key is last − zipfian(last), where `last` is the newest acknowledged
 * key. The Zipfian covers `last` items, so key 0 is never drawn. As in YCSB, construction draws two
 * numbers and discards them.
 */

import type { JavaRandom } from '../java-random.ts'
import type { NumberGenerator } from './number-generator.ts'
import { Zipfian } from './zipfian.ts'

/** The number from which "latest" counts back. */
export interface LastValue {
  lastValue(): number
}

export class SkewedLatest implements NumberGenerator {
  readonly #basis: LastValue
  readonly #distances: Zipfian

  constructor(random: JavaRandom, basis: LastValue) {
    this.#basis = basis
    this.#distances = new Zipfian(random, 0, basis.lastValue() - 1)
    this.next()
  }

  next(): number {
    const last = this.#basis.lastValue()
    return last - this.#distances.nextOf(last)
  }
}
