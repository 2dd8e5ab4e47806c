/**
 * Owns the sequential distribution: lower, lower + 1, … upper, then from lower again (YCSB 0.17.0
 * `SequentialGenerator`). It uses no random numbers.
 */

import type { NumberGenerator } from './number-generator.ts'

export class Sequential implements NumberGenerator {
  readonly #lower: number
  readonly #interval: number
  #count = 0

  constructor(lower: number, upper: number) {
    this.#lower = lower
    this.#interval = upper - lower + 1
  }

  next(): number {
    return this.#lower + (this.#count++ % this.#interval)
  }
}
