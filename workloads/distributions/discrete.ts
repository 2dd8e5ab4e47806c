/**
 * Owns the choice among weighted values (YCSB 0.17.0 `DiscreteGenerator`): one double, from which
 * each normalised weight is subtracted in the order of the choices, until the rest is below a
 * weight.
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

  /** `choices` holds at least one choice. Weights must be above zero, in any unit. */
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

  /** The value that `uniform`, in [0, 1), selects. */
  of(uniform: number): number {
    const weights = this.#weights
    const last = weights.length - 1
    let rest = uniform
    // Rounding can leave a rest above every weight; then the last value is chosen.
    for (let i = 0; i < last; i++) {
      if (rest < weights[i]!) return this.#values[i]!
      rest -= weights[i]!
    }
    return this.#values[last]!
  }
}
