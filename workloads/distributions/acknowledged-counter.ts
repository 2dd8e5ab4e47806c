/**
 * Owns the counter of inserted keys: `lastValue` advances only over acknowledged numbers, without
 * gaps, so that readers never ask for a key whose insert is still under way (YCSB 0.17.0
 * `AcknowledgedCounterGenerator`). Invariant: fewer than 2^20 acknowledged numbers wait behind the
 * first unacknowledged one.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import type { NumberGenerator } from './number-generator.ts'
import type { LastValue } from './skewed-latest.ts'

const WINDOW = 2 ** 20

export class AcknowledgedCounter implements NumberGenerator, LastValue {
  /** 1 if a number beyond the limit is acknowledged; indexed by the number modulo the window. */
  readonly #acknowledged = new Uint8Array(WINDOW)
  #nextValue: number
  #limit: number

  constructor(start: number) {
    this.#nextValue = start
    this.#limit = start - 1
  }

  next(): number {
    return this.#nextValue++
  }

  /** The highest number up to which all numbers are acknowledged. */
  lastValue(): number {
    return this.#limit
  }

  /**
   * Call it once per number, in any order. Throws `LSM_INVALID_ARGUMENT` if the window overflows.
   */
  acknowledge(value: number): void {
    const window = this.#acknowledged
    const slot = value % WINDOW
    if (window[slot] === 1 || value <= this.#limit || value > this.#limit + WINDOW) {
      throw invalidArgument(
        `insert ${value} acknowledged twice or more than ${WINDOW} ahead of ${this.#limit}`,
        { value, limit: this.#limit },
      )
    }
    window[slot] = 1
    let next = this.#limit + 1
    while (window[next % WINDOW] === 1) {
      window[next % WINDOW] = 0
      next++
    }
    this.#limit = next - 1
  }
}
