/**
 * Owns how time passes while a run with background work waits, for the start of an operation or for
 * an answer: in real time, or on a logical clock whose events happen meanwhile.
 *
 * Invariant: jobs can end and be installed during every wait.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { systemClock, type VirtualClock } from '../../engine/index.ts'
import { SLEEP_NS, SPIN_NS } from './waiting.ts'

export interface Passage {
  /** Ends when the clock reads `ns` or later, after at least one turn of the event loop. */
  until(ns: number): Promise<void>
  /** Ends when `answered` resolves; rejects with it. */
  whileWaiting(answered: Promise<void>): Promise<void>
}

/** Turns of the event loop, since a worker's message waits for one. */
export const realPassage: Passage = {
  async until(ns) {
    const leftNs = ns - systemClock.elapsedNs()
    if (leftNs > SLEEP_NS) await sleep(Math.floor((leftNs - SPIN_NS) / 1e6))
    do await nextTurn()
    while (systemClock.elapsedNs() < ns)
  },
  whileWaiting: (answered) => answered,
}

/**
 * The clock's events happen one by one. After each, everything that promises started by it is done,
 * so equal runs give equal times.
 */
export function virtualPassage(clock: VirtualClock): Passage {
  const stepOn = async () => {
    clock.step()
    await nextTurn()
  }
  return {
    async until(ns) {
      await nextTurn()
      while (clock.nextNs !== null && clock.nextNs <= ns) await stepOn()
      clock.runUntil(Math.max(Math.ceil(ns), clock.elapsedNs()))
    },
    async whileWaiting(answered) {
      let isAnswered = false
      const settled = () => {
        isAnswered = true
      }
      answered.then(settled, settled)
      await nextTurn()
      while (!isAnswered && clock.nextNs !== null) await stepOn()
      await answered
    },
  }
}
