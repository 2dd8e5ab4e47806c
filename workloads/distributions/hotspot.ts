/**
 * Owns the hotspot distribution: a fraction of the operations goes to a hot fraction of the items,
 * which are the lowest ones. Keys are uniform within each part (YCSB 0.17.0
 * `HotspotIntegerGenerator`). A number takes three draws: a double to choose the part, and a long
 * within it.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
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

  /**
   * Items lower … upper, both inclusive; both fractions are in 0 … 1. Throws `LSM_INVALID_ARGUMENT`
   * if a part that receives operations has no items.
   */
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
    if (
      (hotOperations > 0 && this.#hotItems === 0) ||
      (hotOperations < 1 && this.#coldItems === 0)
    ) {
      throw invalidArgument(
        `a hot fraction of ${hotItems} leaves one part of ${items} items empty`,
        {
          items,
          hotItems,
        },
      )
    }
  }

  next(): number {
    if (this.#random.nextDouble() < this.#hotOperations) {
      return this.#lower + nextBelow(this.#random, this.#hotItems, this.#slot)
    }
    return this.#lower + this.#hotItems + nextBelow(this.#random, this.#coldItems, this.#slot)
  }
}
