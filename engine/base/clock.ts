/**
 * Owns time. Code that needs the time receives a `Clock`, so that a simulated or deterministic run
 * can pass its own. No other room reads the system's clocks.
 */

import { checkFinite } from './arguments.ts'

/** Two readings of time. Both may be called at any moment and must not throw. */
export interface Clock {
  /**
   * Wall time in milliseconds since the Unix epoch. Tables and strategies call it "logical time".
   */
  nowMs(): number
  /** Monotonic nanoseconds since an arbitrary start, as a safe integer. For durations only. */
  elapsedNs(): number
}

/** The clocks of the system: the default of every option that takes a `Clock`. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedNs: () => Math.round(performance.now() * 1e6),
}

/** A clock that moves only by `advance`. Runs that use it are bit-identical. */
export class ManualClock implements Clock {
  #nowMs: number
  readonly #startMs: number

  constructor(startMs = 0) {
    checkFinite(startMs, 'startMs')
    this.#nowMs = startMs
    this.#startMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  elapsedNs(): number {
    return (this.#nowMs - this.#startMs) * 1e6
  }

  /** Moves the clock by `byMs` milliseconds. `LSM_INVALID_ARGUMENT` for what is not finite. */
  advance(byMs: number): void {
    checkFinite(byMs, 'byMs')
    this.#nowMs += byMs
  }
}
