/**
 * Owns the choice among weighted values (YCSB 0.17.0 `DiscreteGenerator`): one double, reduced by
 * each normalised weight in order of addition until it falls below one.
 */

import { assert } from '../../engine/base/assert.ts'
import type { JavaRandom } from '../java-random.ts'
import type { NumberGenerator } from './number-generator.ts'

export interface Choice {
  readonly weight: number
  readonly value: number
}

export class Discrete implements NumberGenerator {
  readonly #random: JavaRandom
  readonly #weights: Float64Array
  readonly #values: readonly number[]

  /** At least one choice; weights above zero, in any unit. */
  constructor(random: JavaRandom, choices: readonly Choice[]) {
    assert(choices.length > 0, 'a choice among nothing')
    const sum = choices.reduce((total, { weight }) => total + weight, 0)
    this.#random = random
    this.#weights = Float64Array.from(choices, ({ weight }) => weight / sum)
    this.#values = choices.map(({ value }) => value)
  }

  next(): number {
    return this.of(this.#random.nextDouble())
  }

  /** The value that `uniform`, in [0, 1), decides. */
  of(uniform: number): number {
    const weights = this.#weights
    const last = weights.length - 1
    let rest = uniform
    // Rounding can leave a rest above every weight; it belongs to the last value.
    for (let i = 0; i < last; i++) {
      if (rest < weights[i]!) return this.#values[i]!
      rest -= weights[i]!
    }
    return this.#values[last]!
  }
}
