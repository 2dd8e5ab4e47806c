/**
 * Owns the uniform distribution over [lower, upper], both inclusive: |nextLong| mod interval (YCSB
 * 0.17.0 `UniformLongGenerator`). A number takes one draw; construction takes none.
 */

import type { JavaRandom } from '../java-random.ts'
import { absolute, remainder, U64 } from '../u64.ts'
import type { NumberGenerator } from './number-generator.ts'

export class Uniform implements NumberGenerator {
  readonly #random: JavaRandom
  readonly #lower: number
  readonly #interval: number
  readonly #slot = new U64()

  constructor(random: JavaRandom, lower: number, upper: number) {
    this.#random = random
    this.#lower = lower
    this.#interval = upper - lower + 1
  }

  next(): number {
    return this.#lower + nextBelow(this.#random, this.#interval, this.#slot)
  }
}

/** |nextLong| mod bound, YCSB's choice below a bound. `slot` is scratch space. */
export function nextBelow(random: JavaRandom, bound: number, slot: U64): number {
  random.nextLong(slot)
  absolute(slot)
  return remainder(slot.high, slot.low, bound)
}
