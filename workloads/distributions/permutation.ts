/**
 * Owns seeded permutations of 0 … n − 1 in constant memory: a four-round Feistel network over the
 * smallest even number of bits that hold n, applied again until the result is below n (Black &
 * Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). Invariant: a bijection for every
 * seed and n.
 */

import { assert } from '../../engine/base/assert.ts'
import type { JavaRandom } from '../java-random.ts'
import { scramble32 } from '../u64.ts'

const ROUNDS = 4

export class Permutation {
  readonly #items: number
  readonly #halfBits: number
  readonly #halfMask: number
  readonly #keys: Int32Array

  /** 1 ≤ items ≤ 2^50. Takes four draws. */
  constructor(random: JavaRandom, items: number) {
    assert(items >= 1 && items <= 2 ** 50, `a permutation of ${items}`)
    this.#items = items
    this.#halfBits = Math.max(1, Math.ceil(Math.log2(items) / 2))
    this.#halfMask = 2 ** this.#halfBits - 1
    this.#keys = Int32Array.from({ length: ROUNDS }, () => random.nextInt())
  }

  at(index: number): number {
    // Each value outside is on a cycle that started inside, so the walk ends.
    let value = index
    do value = this.#encrypt(value)
    while (value >= this.#items)
    return value
  }

  #encrypt(value: number): number {
    const size = this.#halfMask + 1
    let left = Math.floor(value / size)
    let right = value - left * size
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = left ^ (scramble32(right ^ this.#keys[round]!) & this.#halfMask)
      left = right
      right = mixed
    }
    return left * size + right
  }
}
