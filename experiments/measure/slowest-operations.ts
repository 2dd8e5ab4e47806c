/**
 * Owns the slowest operations of a run, each to be explained by what delayed it. In an open loop
 * one stall delays all operations that queue behind it. These form a busy period: between its
 * operations the target was never idle. Only the slowest operation of a busy period is kept, so
 * that the list names different stalls, not the victims of one.
 *
 * Invariant: the list holds the slowest of all busy periods that have ended.
 */

/** Times are readings of one clock. Without a schedule the intended start is the actual one. */
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
  /** When the list is full, an operation must be slower than this to be kept. */
  #leastNs = -1
  // The slowest of the current busy period. It changes often, so it lies in fields, not an object.
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

  /** Slowest first, including the unfinished period's. */
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
