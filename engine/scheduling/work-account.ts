/**
 * Owns the account of background work: what jobs wrote, and how long that took. Pacers set their
 * price by it.
 *
 * Invariant: `busyMs` ≤ `ms`, and they are equal while jobs run one after another.
 */

export class WorkAccount {
  /** Raw bytes that the ended jobs wrote. */
  bytes = 0
  /** How long the ended jobs ran, in milliseconds, summed over jobs. */
  ms = 0
  /** Milliseconds during which at least one job ran, up to the last end. */
  busyMs = 0
  #running = 0
  /** `busyMs` holds all busy time before this moment. */
  #countedUntilMs = 0

  /** A job starts. Jobs that fail are never ended; nothing is paced after a failure. */
  start(nowMs: number): void {
    if (this.#running === 0) this.#countedUntilMs = nowMs
    this.#running++
  }

  end(bytes: number, startedAtMs: number, nowMs: number): void {
    this.#running--
    this.bytes += bytes
    this.ms += nowMs - startedAtMs
    this.busyMs += nowMs - this.#countedUntilMs
    this.#countedUntilMs = nowMs
  }
}
