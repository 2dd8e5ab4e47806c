/**
 * Owns the slowest operations of a run, so that each can be laid to what held it up. In an open loop
 * one stall delays all that queue behind it; of such a busy period (no moment between the operations
 * at which the target was idle) the slowest stands for all, so that the list names stalls rather
 * than one stall's victims.
 *
 * Invariant: the kept are the slowest of all busy periods that have ended.
 */

/** Readings of one clock. Without a schedule the intended start is the start. */
export interface SlowSample {
  readonly kindIndex: number
  readonly atOperation: number
  readonly intendedNs: number
  readonly startNs: number
  readonly endNs: number
}

const KEPT_MAX = 20

export class SlowestOperations {
  /** Slowest first. */
  #kept: SlowSample[] = []
  /** What an operation must exceed to be kept, once there are enough. */
  #leastNs = -1
  // The slowest of the current busy period, in fields: it changes often, and is seldom kept.
  #kindIndex = 0
  #atOperation = 0
  #intendedNs = 0
  #startNs = 0
  #endNs = 0
  #periodNs = -1
  #lastEndNs = Number.NEGATIVE_INFINITY

  offer(
    kindIndex: number,
    atOperation: number,
    intendedNs: number,
    startNs: number,
    endNs: number,
  ): void {
    if (this.#lastEndNs <= intendedNs) this.#endPeriod()
    this.#lastEndNs = endNs
    if (endNs - intendedNs <= this.#periodNs) return
    this.#periodNs = endNs - intendedNs
    this.#kindIndex = kindIndex
    this.#atOperation = atOperation
    this.#intendedNs = intendedNs
    this.#startNs = startNs
    this.#endNs = endNs
  }

  /** Slowest first, the unfinished period's included. */
  samples(): readonly SlowSample[] {
    this.#endPeriod()
    return this.#kept
  }

  #endPeriod(): void {
    if (this.#periodNs > this.#leastNs) this.#keep()
    this.#periodNs = -1
  }

  #keep(): void {
    const sample = {
      kindIndex: this.#kindIndex,
      atOperation: this.#atOperation,
      intendedNs: this.#intendedNs,
      startNs: this.#startNs,
      endNs: this.#endNs,
    }
    const latency = ({ intendedNs, endNs }: SlowSample) => endNs - intendedNs
    this.#kept = [...this.#kept, sample].sort((a, b) => latency(b) - latency(a)).slice(0, KEPT_MAX)
    if (this.#kept.length === KEPT_MAX) this.#leastNs = latency(this.#kept.at(-1)!)
  }
}
