/**
 * Owns the decision about each write: it goes, it is delayed, or it waits until a job is installed.
 * Pure: no timer and no clock; `nowMs` is monotonic and given by the caller. Equal calls give equal
 * decisions.
 */

import { beatsPacer } from './pacers/beats.ts'
import { debtPacer } from './pacers/debt.ts'
import type { Pacer } from './pacers/pacer.ts'
import { ratePacer } from './pacers/rate.ts'
import { springPacer } from './pacers/spring.ts'
import { type Stall, type StallCause, stallOf, type WritePressure } from './write-pressure.ts'

/** How a slowdown paces writes; the value of the engine option `slowdown`. */
export const SLOWDOWNS = ['rate', 'debt', 'beats', 'spring'] as const
export type Slowdown = (typeof SLOWDOWNS)[number]

/** A pacer with its state. */
interface Pacing {
  readonly causeUnderLimits: StallCause | null
  observe(pressure: WritePressure, stall: Stall | null, nowMs: number): void
  delayMs(bytes: number, nowMs: number): number
}

const pacings: Readonly<Record<Slowdown, () => Pacing>> = {
  rate: () => pacing(ratePacer),
  debt: () => pacing(debtPacer),
  beats: () => pacing(beatsPacer),
  spring: () => pacing(springPacer),
}

export class Admission {
  readonly #pacing: Pacing
  #stall: Stall | null = null

  constructor(slowdown: Slowdown) {
    this.#pacing = pacings[slowdown]()
  }

  /** What holds writes now. Null under the limits, though some pacers delay writes there too. */
  get stall(): Stall | null {
    return this.#stall
  }

  /** Whether `admit` may delay writes now. */
  get delays(): boolean {
    return this.#stall !== null || this.#pacing.causeUnderLimits !== null
  }

  /** Why `admit` delays a write now. */
  get cause(): StallCause {
    return this.#stall?.cause ?? this.#pacing.causeUnderLimits ?? 'debt'
  }

  /** Call after a freeze, an install, and when a full memtable cannot be frozen. */
  observe(pressure: WritePressure, nowMs: number): void {
    this.#stall = stallOf(pressure)
    this.#pacing.observe(pressure, this.#stall, nowMs)
  }

  /**
   * How long the next write of `bytes` waits, in milliseconds: 0: it goes; `Infinity`: until an
   * observation lifts the stop, then ask again. A write with a finite delay is counted as let in.
   */
  admit(bytes: number, nowMs: number): number {
    if (this.#stall?.step === 'stop') return Number.POSITIVE_INFINITY
    return this.#pacing.delayMs(bytes, nowMs)
  }
}

function pacing<State>(pacer: Pacer<State>): Pacing {
  const state = pacer.start()
  return {
    causeUnderLimits: pacer.causeUnderLimits,
    observe: (pressure, stall, nowMs) => pacer.observe(state, pressure, stall, nowMs),
    delayMs: (bytes, nowMs) => pacer.delayMs(state, bytes, nowMs),
  }
}
