/**
 * Owns how a run waits for the intended start of an operation. A timer of the event loop may fire a
 * millisecond late, or more under load. So the run sleeps only until `SPIN_NS` before the start,
 * and then spins: it reads the clock in a loop. If the start is closer than `SLEEP_NS`, it spins at
 * once. Spinning uses the harness's time, not the target's.
 *
 * Time is injected: tests pass a clock that jumps.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../engine/index.ts'

export interface Waiting {
  /** Returns when the clock reads `ns` or later. The event loop gets no turn. */
  spinUntil(ns: number): void
  /** Gives the event loop at least one turn and ends near `ns`, early or late. */
  sleepUntil(ns: number): Promise<void>
}

/** The run sleeps if the start is farther away than this … */
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
