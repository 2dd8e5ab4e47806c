/**
 * Owns the verdict whether an open loop was overloaded: its queue grew to the end, so a latency
 * would only say how long one watched (Schroeder et al., NSDI '06; Luo & Carey, PVLDB 12).
 *
 * The standing backlog of a stretch of operations is the *least* lag in it: a stall makes the lag
 * jump but the queue drains afterwards, whereas an overloaded queue never empties. The run is
 * overloaded when the last quarter stands higher than the third by more than noise.
 */
import type { Arrivals } from '../../results/schema.ts'

/** What came of a schedule, as far as the operations themselves tell. */
export type ArrivalFigures = Omit<Arrivals, 'kind' | 'clients' | 'sustainablePerSecond'>

const QUARTERS = 4
/** Growth from quarter to quarter that counts, as a share of the schedule's length … */
const GROWTH_SHARE = 0.005
/** … and at the least. */
const GROWTH_NS = 1e6

export class Backlog {
  readonly #expected: number
  readonly #least = new Float64Array(QUARTERS).fill(Number.POSITIVE_INFINITY)
  #count = 0
  #firstIntendedNs = 0
  #lastIntendedNs = 0
  #lastEndNs = 0
  #lagMaxNs = 0
  #lagNs = 0

  /** `expected` operations will be told of. */
  constructor(expected: number) {
    this.#expected = Math.max(1, expected)
  }

  add(intendedNs: number, startNs: number, endNs: number): void {
    const lagNs = startNs - intendedNs
    const quarter = Math.min(QUARTERS - 1, Math.floor((this.#count * QUARTERS) / this.#expected))
    if (lagNs < this.#least[quarter]!) this.#least[quarter] = lagNs
    if (this.#count++ === 0) this.#firstIntendedNs = intendedNs
    if (lagNs > this.#lagMaxNs) this.#lagMaxNs = lagNs
    this.#lagNs = lagNs
    this.#lastIntendedNs = intendedNs
    this.#lastEndNs = endNs
  }

  figures(): ArrivalFigures {
    const scheduledNs = this.#lastIntendedNs - this.#firstIntendedNs
    const third = finite(this.#least[QUARTERS - 2]!)
    const fourth = finite(this.#least[QUARTERS - 1]!)
    const overloaded = fourth - third > Math.max(GROWTH_NS, GROWTH_SHARE * scheduledNs)
    return {
      offeredPerSecond: perSecond(this.#count - 1, scheduledNs),
      achievedPerSecond: perSecond(this.#count, this.#lastEndNs - this.#firstIntendedNs),
      lagMaxSeconds: this.#lagMaxNs / 1e9,
      lagAtEndSeconds: Math.max(0, this.#lagNs) / 1e9,
      overloaded,
      why:
        `standing backlog ${milliseconds(third)} in the third quarter of the run, ` +
        `${milliseconds(fourth)} in the fourth: ${overloaded ? 'overloaded' : 'the queue drains'}`,
    }
  }
}

function finite(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns) : 0
}

function perSecond(operations: number, ns: number): number | null {
  return ns > 0 ? operations / (ns / 1e9) : null
}

function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(1)} ms`
}
