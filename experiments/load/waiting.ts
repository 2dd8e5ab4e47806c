/**
 * Owns how a run waits for the intended start of an operation. A timer of the event loop rings up
 * to a millisecond late and more under load, so it is trusted only while the start is far off: the
 * run sleeps until `SPIN_NS` before it and reads the clock in a loop from there. A start closer than
 * `SLEEP_NS` is spun for at once. Spinning costs a core, which is the harness's and not the target's.
 *
 * Time is injected: tests hand in a clock that jumps.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../engine/index.ts'

export interface Waiting {
  /** Returns at or after that reading of the clock, without giving the event loop a turn. */
  spinUntil(ns: number): void
  /** Gives the loop at least one turn; ends near that reading of the clock, early or late. */
  sleepUntil(ns: number): Promise<void>
}

/** A start farther away than this is slept for … */
export const SLEEP_NS = 3_000_000
/** … until this long before it. */
export const SPIN_NS = 1_500_000

export const systemWaiting: Waiting = {
  spinUntil(ns) {
    while (systemClock.elapsedNs() < ns);
  },
  async sleepUntil(ns) {
    await sleep(Math.max(0, Math.floor((ns - systemClock.elapsedNs()) / 1e6)))
  },
}
