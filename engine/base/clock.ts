/**
 * Owns time. Code that needs the time receives a `Clock`, and code that waits receives `Timers`, so
 * that a simulated or deterministic run can pass its own. No other room reads the system's clocks
 * or starts its timers.
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

/** Calls back later. On a logical clock the callback is an event of the simulation. */
export interface Timers {
  /**
   * Calls `due` once, `delayMs` milliseconds from now, and never inside this call. The system's
   * timers may be late, and early by a millisecond: ask the clock where it matters. `isAwaited`:
   * a caller's promise waits for it, so the process must not end before it. Returns the cancel;
   * after it, `due` is not called. The cancel is idempotent.
   */
  after(delayMs: number, due: () => void, isAwaited?: boolean): () => void
}

/** `setTimeout` takes no longer delay than this; it would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/**
 * The timers of the system. Those that nobody awaits do not keep the process alive, so what must
 * happen before the process ends has to happen at a close too.
 */
export const systemTimers: Timers = {
  after(delayMs, due, isAwaited = false) {
    let timeout: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, TIMEOUT_MS_MAX)
      const next = leftMs > stepMs ? () => wait(leftMs - stepMs) : due
      timeout = setTimeout(next, stepMs)
      if (!isAwaited) timeout.unref()
    }
    wait(delayMs)
    return () => clearTimeout(timeout)
  },
}

interface Waiting {
  readonly dueAtMs: number
  readonly due: () => void
}

/**
 * A clock that moves only by `advance`, with timers that fire only there. Runs that use it are
 * bit-identical.
 */
export class ManualClock implements Clock, Timers {
  #nowMs: number
  readonly #startMs: number
  /** In the order in which they were set. */
  readonly #waiting = new Set<Waiting>()

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

  /** Number of timers that wait. */
  get timers(): number {
    return this.#waiting.size
  }

  after(delayMs: number, due: () => void): () => void {
    // Times of tables are whole milliseconds, so the clock stops only at whole ones.
    const timer = { dueAtMs: Math.ceil(this.#nowMs + Math.max(0, delayMs)), due }
    this.#waiting.add(timer)
    return () => {
      this.#waiting.delete(timer)
    }
  }

  /**
   * Moves the clock by `byMs` milliseconds. It stops at each timer that falls due on the way and
   * calls it, in the order of their times. `LSM_INVALID_ARGUMENT` for what is not finite.
   */
  advance(byMs: number): void {
    checkFinite(byMs, 'byMs')
    const untilMs = this.#nowMs + byMs
    for (let timer = this.#next(untilMs); timer !== null; timer = this.#next(untilMs)) {
      this.#waiting.delete(timer)
      this.#nowMs = Math.max(this.#nowMs, timer.dueAtMs)
      timer.due()
    }
    this.#nowMs = untilMs
  }

  /** The earliest timer due by `untilMs`; among equals the one that was set first. */
  #next(untilMs: number): Waiting | null {
    let next: Waiting | null = null
    for (const timer of this.#waiting) {
      if (timer.dueAtMs > untilMs) continue
      if (next === null || timer.dueAtMs < next.dueAtMs) next = timer
    }
    return next
  }
}
