/**
 * Owns the record of stalls: how long writers were held, by cause and step, and one event for each
 * stall. Invariant: the delays of all events, plus that of the open stall, are the counters.
 */

import type { Clock } from '../base/clock.ts'
import type { Stall, StallCause, StallStep } from './write-pressure.ts'

/**
 * Writers were slowed down or stopped for one cause. It is reported when the stall is over. The
 * times are wall time; durations are measured by the monotonic clock.
 */
export interface StallEvent {
  readonly kind: 'stall'
  readonly atMs: number
  readonly cause: StallCause
  readonly step: StallStep
  /** When the first group of writes was held, and when the last one went on. */
  readonly beganAtMs: number
  readonly endedAtMs: number
  /** Groups of writes that were held, and how long, in milliseconds, summed over groups. */
  readonly groups: number
  readonly delayedMs: number
}

/** Milliseconds for which groups of writes were held for one cause. */
export interface StallTimes {
  slowdownMs: number
  stopMs: number
}

/** Milliseconds by cause. */
export type StallMetrics = Readonly<Record<StallCause, Readonly<StallTimes>>>

interface OpenStall extends Stall {
  readonly beganAtMs: number
  readonly beganMs: number
  endedMs: number
  groups: number
  delayedMs: number
}

export class StallLog {
  readonly #clock: Clock
  readonly #onEvent: (event: StallEvent) => void
  readonly #times: Record<StallCause, StallTimes> = {
    memtables: { slowdownMs: 0, stopMs: 0 },
    level0: { slowdownMs: 0, stopMs: 0 },
    debt: { slowdownMs: 0, stopMs: 0 },
  }
  #open: OpenStall | null = null

  constructor(clock: Clock, onEvent: (event: StallEvent) => void) {
    this.#clock = clock
    this.#onEvent = onEvent
  }

  /** Monotonic milliseconds. */
  nowMs(): number {
    return this.#clock.elapsedNs() / 1e6
  }

  /** A group was held for this stall from `beganMs` until now. */
  add({ cause, step }: Stall, beganMs: number): void {
    const nowMs = this.nowMs()
    const heldMs = nowMs - beganMs
    if (step === 'stop') this.#times[cause].stopMs += heldMs
    else this.#times[cause].slowdownMs += heldMs
    if (!this.#continues({ cause, step })) this.end()
    this.#open ??= {
      cause,
      step,
      beganAtMs: this.#clock.nowMs() - heldMs,
      beganMs,
      endedMs: nowMs,
      groups: 0,
      delayedMs: 0,
    }
    this.#open.endedMs = nowMs
    this.#open.groups++
    this.#open.delayedMs += heldMs
  }

  /** Ends the open stall unless it goes on as `stall`. */
  endUnless(stall: Stall | null): void {
    if (stall === null || !this.#continues(stall)) this.end()
  }

  /** Ends and reports the open stall, if there is one. */
  end(): void {
    const stall = this.#open
    if (stall === null) return
    this.#open = null
    const { cause, step, beganAtMs, beganMs, endedMs, groups, delayedMs } = stall
    this.#onEvent({
      kind: 'stall',
      atMs: this.#clock.nowMs(),
      cause,
      step,
      beganAtMs,
      endedAtMs: beganAtMs + (endedMs - beganMs),
      groups,
      delayedMs,
    })
  }

  /** A copy. */
  metrics(): StallMetrics {
    const { memtables, level0, debt } = this.#times
    return { memtables: { ...memtables }, level0: { ...level0 }, debt: { ...debt } }
  }

  #continues({ cause, step }: Stall): boolean {
    return this.#open !== null && this.#open.cause === cause && this.#open.step === step
  }
}
