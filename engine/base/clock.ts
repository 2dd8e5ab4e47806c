/**
 * Owns time. Code that needs the time receives a `Clock`, so that a simulated or deterministic run
 * can pass its own. No other room reads the system's clocks.
 */

import { checkFinite } from './arguments.ts'

export interface Clock {
  /**
   * Wall time in milliseconds since the Unix epoch. Tables and strategies call it "logical time".
   */
  nowMs(): number
  /** Monotonic nanoseconds since an arbitrary start, as a safe integer. For durations only. */
  elapsedNs(): number
}

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

  advance(byMs: number): void {
    checkFinite(byMs, 'byMs')
    this.#nowMs += byMs
  }
}
