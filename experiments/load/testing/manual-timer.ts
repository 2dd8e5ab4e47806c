/** Owns the clock of tests of load generation: it moves only when set, and by waiting. */
import type { Clock } from '../../../engine/index.ts'
import type { Waiting } from '../waiting.ts'

export class ManualTimer implements Clock, Waiting {
  nowNs = 0
  sleeps = 0

  nowMs(): number {
    return this.nowNs / 1e6
  }

  elapsedNs(): number {
    return this.nowNs
  }

  spinUntil(ns: number): void {
    this.nowNs = Math.max(this.nowNs, ns)
  }

  async sleepUntil(ns: number): Promise<void> {
    this.sleeps++
    this.spinUntil(ns)
  }
}
