/**
 * Owns the waiting of writers: it holds the group of writes that admission delays or stops, and
 * lets it go when the delay is over or a job was installed.
 *
 * Invariant: at most one group is held, and it goes on exactly once. A group that has waited for
 * its delay is not delayed again.
 */

import type { Clock, Timers } from '../base/clock.ts'
import { Admission, type Slowdown } from './admission.ts'
import { type StallEvent, StallLog, type StallMetrics } from './stall-log.ts'
import type { Stall, WritePressure } from './write-pressure.ts'

/** What commits ask before they append a group of writes. */
export interface WriteAdmission {
  /**
   * Whether a group of `bytes` may be appended now. If not, `resume` is called once, later, when it
   * may; it is not asked for again.
   */
  admit(bytes: number, resume: () => void): boolean
  /**
   * Blocks until writers are not stopped. The group that is held may then be appended by the
   * caller, and its `resume` is not called. A delay is not waited for: nothing can sleep here.
   */
  waitForRoom(): void
}

/** Every write goes: with inline scheduling nothing is ever due when a write comes. */
export const openGate: WriteAdmission = {
  admit: () => true,
  waitForRoom() {},
}

export interface WriteGateParts {
  readonly slowdown: Slowdown
  readonly clock: Clock
  readonly timers: Timers
  readonly pressure: () => WritePressure
  /** Blocks until a running job has ended and was installed, or failed. */
  readonly waitForJob: () => void
  readonly onEvent: (event: StallEvent) => void
}

/** The group that waits. */
interface Held {
  readonly bytes: number
  readonly resume: () => void
  /** Whether admission has counted its bytes, so that only a stop can still hold it. */
  readonly isCounted: boolean
  readonly stall: Stall
  readonly beganMs: number
  /** Null while writers are stopped. */
  readonly cancelTimer: (() => void) | null
}

export class WriteGate implements WriteAdmission {
  readonly #parts: WriteGateParts
  readonly #admission: Admission
  readonly #stalls: StallLog
  #held: Held | null = null
  #isClosed = false

  constructor(parts: WriteGateParts) {
    this.#parts = parts
    this.#admission = new Admission(parts.slowdown)
    this.#stalls = new StallLog(parts.clock, parts.onEvent)
  }

  admit(bytes: number, resume: () => void): boolean {
    if (this.#isClosed) return true
    const delayMs = this.#admission.admit(bytes, this.#stalls.nowMs())
    if (delayMs === 0) return true
    this.#hold(bytes, resume, delayMs, false)
    return false
  }

  waitForRoom(): void {
    if (this.#held !== null) this.#release()
    if (!this.#isStopped) return
    const stall: Stall = { cause: this.#admission.cause, step: 'stop' }
    const beganMs = this.#stalls.nowMs()
    while (this.#isStopped) {
      this.#parts.waitForJob()
      this.#observe()
    }
    this.#stalls.add(stall, beganMs)
    this.#stalls.endUnless(this.#admission.stall)
  }

  /**
   * Call after each freeze and install, when a full memtable cannot be frozen, and when background
   * work fails. It may resume the held group before it returns.
   */
  changed(): void {
    if (this.#isClosed) return
    this.#observe()
    const held = this.#held
    if (held !== null) this.#reconsider(held)
    this.#stalls.endUnless(this.#admission.stall)
  }

  /**
   * Lets the held group and all later ones go, and reports the open stall. Call when the database
   * is closed, or has failed: then the commits refuse writes, and nothing would lift a stall.
   */
  close(): void {
    this.#isClosed = true
    const resume = this.#held === null ? null : this.#release()
    this.#stalls.end()
    resume?.()
  }

  metrics(): StallMetrics {
    return this.#stalls.metrics()
  }

  get #isStopped(): boolean {
    return !this.#isClosed && this.#admission.stall?.step === 'stop'
  }

  #observe(): void {
    this.#admission.observe(this.#parts.pressure(), this.#stalls.nowMs())
  }

  #hold(bytes: number, resume: () => void, delayMs: number, isCounted: boolean): void {
    const isStopped = delayMs === Number.POSITIVE_INFINITY
    const { timers } = this.#parts
    this.#held = {
      bytes,
      resume,
      isCounted: isCounted || !isStopped,
      stall: { cause: this.#admission.cause, step: isStopped ? 'stop' : 'slowdown' },
      beganMs: this.#stalls.nowMs(),
      cancelTimer: isStopped ? null : timers.after(delayMs, () => this.#letGo(), true),
    }
  }

  /** The pressure has changed: a stop may be over, or a slowdown may have become needless. */
  #reconsider({ cancelTimer }: Held): void {
    if (this.#isStopped) return
    const isDelayed = cancelTimer !== null
    if (!isDelayed || !this.#admission.delays) this.#letGo()
  }

  /** Ends the present wait of the held group. It goes, or it waits for the next reason. */
  #letGo(): void {
    const { bytes, isCounted } = this.#held!
    const resume = this.#release()
    if (this.#isStopped) this.#hold(bytes, resume, Number.POSITIVE_INFINITY, isCounted)
    else if (isCounted || this.admit(bytes, resume)) resume()
  }

  /** Forgets the held group, counts its wait, and returns its `resume`. */
  #release(): () => void {
    const { resume, stall, beganMs, cancelTimer } = this.#held!
    this.#held = null
    cancelTimer?.()
    this.#stalls.add(stall, beganMs)
    return resume
  }
}
