/**
 * Owns the timer of compactions that only time makes due: time to live, windows. Invariant: if the
 * strategy names a later time, one timer waits for it. The timer is set again after each change of
 * the tree.
 */

import type { Timers } from '../base/clock.ts'

export interface DueTimerParts {
  readonly timers: Timers
  readonly nowMs: () => number
  /** The strategy's `nextDueAt` for the tree as it is. */
  readonly nextDueAt: () => number | null
  /** Whether no job runs. */
  readonly isIdle: () => boolean
  /** Called when that time has come. */
  readonly due: () => void
}

export class DueTimer {
  readonly #parts: DueTimerParts
  #atMs: number | null = null
  #cancel: () => void = () => {}
  /** Whether a time has come while jobs ran. What is due then may wait for one of them. */
  #waitsForJobs = false

  constructor(parts: DueTimerParts) {
    this.#parts = parts
  }

  /**
   * Call after each change. A time that has come is no reason for a timer: what was due then has
   * been picked, or waits for a job, and the end of that job is a change. Strategies may name the
   * next millisecond for it, so until no job runs, no further timer is set.
   */
  update(): void {
    const { timers, nowMs, nextDueAt, isIdle, due } = this.#parts
    if (this.#waitsForJobs && !isIdle()) return
    this.#waitsForJobs = false
    const atMs = nextDueAt()
    if (atMs === this.#atMs) return
    this.close()
    if (atMs === null || atMs <= nowMs()) return
    this.#atMs = atMs
    this.#cancel = timers.after(atMs - nowMs(), () => {
      this.#atMs = null
      if (nowMs() < atMs) {
        this.update()
        return
      }
      this.#waitsForJobs = !isIdle()
      due()
    })
  }

  close(): void {
    this.#atMs = null
    this.#cancel()
  }
}
