/**
 * Owns the hotspot distribution: a fraction of the operations goes to a hot fraction of the items,
 * the lowest ones; uniform within either part (YCSB 0.17.0 `HotspotIntegerGenerator`). Three draws
 * a number: a double for the part, a long inside it.
 */

import type { JavaRandom } from '../java-random.ts'
import { U64 } from '../u64.ts'
import type { NumberGenerator } from './number-generator.ts'
import { nextBelow } from './uniform.ts'

export class Hotspot implements NumberGenerator {
  readonly #random: JavaRandom
  readonly #lower: number
  readonly #hotItems: number
  readonly #coldItems: number
  readonly #hotOperations: number
  readonly #slot = new U64()

  /** Items lower … upper, both inclusive; both fractions in 0 … 1. */
  constructor(
    random: JavaRandom,
    lower: number,
    upper: number,
    hotItems: number,
    hotOperations: number,
  ) {
    const items = upper - lower + 1
    this.#random = random
    this.#lower = lower
    this.#hotItems = Math.floor(items * hotItems)
    this.#coldItems = items - this.#hotItems
    this.#hotOperations = hotOperations
  }

  next(): number {
    if (this.#random.nextDouble() < this.#hotOperations) {
      return this.#lower + nextBelow(this.#random, this.#hotItems, this.#slot)
    }
    return this.#lower + this.#hotItems + nextBelow(this.#random, this.#coldItems, this.#slot)
  }
}
