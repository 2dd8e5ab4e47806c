/**
 * Owns the durability `sync: 'interval'`: a write is acknowledged when the operating system has it,
 * and an fdatasync follows within the interval. A power loss takes at most the writes of the last
 * interval, and those that came in while the last fdatasync ran.
 *
 * Invariant: while something is unsynced, a timer is set or an fdatasync is under way; at most one
 * begins per interval.
 */

import type { Timers } from '../base/clock.ts'

/** The default of the engine option `syncIntervalMs`: once a second, as Redis `everysec`. */
export const SYNC_INTERVAL_MS_DEFAULT = 1000

export interface IntervalSyncParts {
  readonly timers: Timers
  /** The time of the clock that the timers follow, ms. */
  readonly nowMs: () => number
  readonly intervalMs: number
  /** Everything that was appended is durable when this returns, or when the promise resolves. */
  readonly sync: () => void
  readonly syncAsync: () => Promise<void>
  /** Called when the fdatasync failed; no writer waits for it. */
  readonly failed: (cause: unknown) => void
}

export class IntervalSync {
  readonly #parts: IntervalSyncParts
  /** When the fdatasync is due; null while nothing is unsynced. */
  #dueAtMs: number | null = null
  #cancelTimer: () => void = () => {}
  #isSyncing = false

  constructor(parts: IntervalSyncParts) {
    this.#parts = parts
  }

  /** Something was appended that must become durable within the interval. */
  appended(): void {
    if (this.#dueAtMs !== null) return
    const { nowMs, intervalMs } = this.#parts
    this.#dueAtMs = nowMs() + intervalMs
    this.#setTimer(intervalMs)
  }

  /**
   * Whether the timer is late. A loop that awaits one write after the other never lets the event
   * loop turn, so no timer fires: then a write has to sync.
   */
  get isOverdue(): boolean {
    if (this.#dueAtMs === null) return false
    const { nowMs, intervalMs } = this.#parts
    // An fdatasync under way gets the time of one interval more to end.
    return nowMs() >= this.#dueAtMs + (this.#isSyncing ? intervalMs : 0)
  }

  /** Syncs if it is due. For callers that block the loop, so that timers cannot fire. */
  syncIfDue(): void {
    if (this.#dueAtMs === null || this.#parts.nowMs() < this.#dueAtMs) return
    this.#parts.sync()
    this.synced()
  }

  /** Everything that was appended is durable, or will never be. */
  synced(): void {
    this.#dueAtMs = null
    this.#cancelTimer()
  }

  #setTimer(delayMs: number): void {
    this.#cancelTimer = this.#parts.timers.after(delayMs, () => this.#syncLater())
  }

  #syncLater(): void {
    // One that lasts longer than the interval is not overtaken: its end starts the next.
    if (this.#isSyncing) return
    this.#isSyncing = true
    this.#dueAtMs = null
    this.#parts
      .syncAsync()
      .catch(this.#parts.failed)
      .finally(() => {
        this.#isSyncing = false
        if (this.#dueAtMs !== null && this.#parts.nowMs() >= this.#dueAtMs) this.#syncLater()
      })
  }
}
