/**
 * Owns time. Everything that wants to know the time is handed a `Clock`, so a simulated or
 * deterministic run hands in its own. No other room reads the system's clocks.
 */

import { checkFinite } from './arguments.ts'

export interface Clock {
  /** Wall time in milliseconds since the Unix epoch; what tables and strategies call "logical". */
  nowMs(): number
  /** Monotonic nanoseconds from an arbitrary start, a safe integer; for durations only. */
  elapsedNs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedNs: () => Math.round(performance.now() * 1e6),
}

/** A clock that moves only when told; equal calls give equal times, so runs stay bit-identical. */
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
