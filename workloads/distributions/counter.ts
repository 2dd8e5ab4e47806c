/**
 * Owns the plain counter: start, start + 1, … (YCSB 0.17.0 `CounterGenerator`). It uses no random
 * numbers.
 */

import type { NumberGenerator } from './number-generator.ts'
import type { LastValue } from './skewed-latest.ts'

export class Counter implements NumberGenerator, LastValue {
  #nextValue: number

  constructor(start: number) {
    this.#nextValue = start
  }

  next(): number {
    return this.#nextValue++
  }

  /** The last number returned; start − 1 before the first. */
  lastValue(): number {
    return this.#nextValue - 1
  }
}
