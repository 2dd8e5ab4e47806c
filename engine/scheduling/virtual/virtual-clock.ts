/**
 * Owns logical time: a clock that moves from event to event. Time is counted in whole nanoseconds,
 * so equal events give equal times on every machine.
 *
 * Invariant: events run in the order of their times; among equal times in the order in which they
 * were set, or, with `ties`, in a seeded order. Time never goes back.
 */

import { checkFinite, checkObject, checkOptions, checkWhole } from '../../base/arguments.ts'
import type { Clock, Timers } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'

export interface VirtualClockOptions {
  /** Wall time at the start, in whole milliseconds since the Unix epoch; 0 if missing. */
  readonly startMs?: number
  /** Draws the order of events of the same time. */
  readonly ties?: Random
}

interface Event {
  readonly atNs: number
  readonly tie: number
  readonly number: number
  readonly due: () => void
}

/** Logical time, 104 days of it at most. Wrong arguments throw `LSM_INVALID_ARGUMENT`. */
export class VirtualClock implements Clock, Timers {
  readonly #startMs: number
  readonly #ties: Random | null
  #nowNs = 0
  /** The next event is the last. There are few: a timer for each job, client and deadline. */
  readonly #events: Event[] = []
  #eventsSet = 0

  constructor(options: VirtualClockOptions = {}) {
    const { startMs = 0, ties } = checkOptions(options, ['startMs', 'ties'], 'VirtualClock')
    checkWhole(startMs, 'startMs')
    if (ties !== undefined) checkObject(ties, 'ties', ['nextU32'])
    this.#startMs = startMs
    this.#ties = ties ?? null
  }

  /** The wall time in whole milliseconds. */
  nowMs(): number {
    return this.#startMs + Math.floor(this.#nowNs / 1e6)
  }

  /** Nanoseconds since the clock was made. */
  elapsedNs(): number {
    return this.#nowNs
  }

  /** When the next event is due, on the scale of `elapsedNs`; null if there is none. */
  get nextNs(): number | null {
    return this.#events.at(-1)?.atNs ?? null
  }

  /** As `Timers.after`: calls `due` after the delay, to the nearest nanosecond. */
  after(delayMs: number, due: () => void): () => void {
    checkFinite(delayMs, 'delayMs')
    return this.at(this.#nowNs + Math.max(0, Math.round(delayMs * 1e6)), due)
  }

  /**
   * Calls `due` at `atNs` on the scale of `elapsedNs`, or as the next event if that has passed.
   * Returns the cancel, as `after` does.
   */
  at(atNs: number, due: () => void): () => void {
    checkWhole(atNs, 'atNs')
    const event = { atNs, tie: this.#ties?.nextU32() ?? 0, number: this.#eventsSet++, due }
    this.#events.splice(this.#indexOf(event), 0, event)
    return () => {
      const index = this.#indexOf(event)
      if (this.#events[index] === event) this.#events.splice(index, 1)
    }
  }

  /** Moves to the next event and calls it. False if there is none. */
  step(): boolean {
    const event = this.#events.pop()
    if (event === undefined) return false
    this.#nowNs = Math.max(this.#nowNs, event.atNs)
    event.due()
    return true
  }

  /** Calls all events that are due by `untilNs`, then moves there. */
  runUntil(untilNs: number): void {
    checkWhole(untilNs, 'untilNs')
    while (this.nextNs !== null && this.nextNs <= untilNs) this.step()
    this.block(untilNs)
  }

  /**
   * Moves to `untilNs` without calling anything, as time passes while a call blocks the event loop.
   * The events that become due are late: `step` calls them afterwards, in their order.
   */
  block(untilNs: number): void {
    checkWhole(untilNs, 'untilNs')
    this.#nowNs = Math.max(this.#nowNs, untilNs)
  }

  /** Where the event is, or belongs, in the list. */
  #indexOf(event: Event): number {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(event, this.#events[middle]!)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.atNs !== b.atNs) return a.atNs < b.atNs
  return a.tie === b.tie ? a.number < b.number : a.tie < b.tie
}
