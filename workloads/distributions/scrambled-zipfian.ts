/**
 * Owns the scrambled Zipfian: Zipfian popularity scattered over [lower, upper], both inclusive, by
 * hashing (YCSB 0.17.0 `ScrambledZipfianGenerator`). The rank is always drawn from 10^10 + 1 items
 * with a precomputed ζ, for any number of keys. So the head is flatter than that of a Zipfian over
 * the keys themselves: rank 0 has 1/ζ = 3.8 %.
 */

import type { JavaRandom } from '../java-random.ts'
import { remainder, U64 } from '../u64.ts'
import { fnvHashNumber } from './fnv-hash.ts'
import type { NumberGenerator } from './number-generator.ts'
import { Zipfian } from './zipfian.ts'

const RANK_MAX = 1e10
const RANK_ZETA = 26.46902820178302

export class ScrambledZipfian implements NumberGenerator {
  readonly #ranks: Zipfian
  readonly #lower: number
  readonly #items: number
  readonly #slot = new U64()

  constructor(random: JavaRandom, lower: number, upper: number) {
    this.#ranks = new Zipfian(random, 0, RANK_MAX, RANK_ZETA)
    this.#lower = lower
    this.#items = upper - lower + 1
  }

  next(): number {
    const slot = this.#slot
    fnvHashNumber(this.#ranks.next(), slot)
    return this.#lower + remainder(slot.high, slot.low, this.#items)
  }
}
