/**
 * Owns the verdict whether an open loop was overloaded. Its queue then grew until the end, and its
 * latencies would depend on the run's length only (Schroeder et al., NSDI '06; Luo & Carey, PVLDB
 * 13(4)).
 *
 * The standing backlog of a stretch of operations is the *least* lag in it. After a stall the queue
 * empties again, so the least lag stays low; an overloaded queue never empties. The run is
 * overloaded when the backlog of its last quarter exceeds that of the third by more than noise.
 */
import type { Arrivals } from '../../results/schema.ts'

/** The figures of arrivals that follow from the operations alone. */
export type ArrivalFigures = Omit<Arrivals, 'kind' | 'clients' | 'sustainablePerSecond'>

/** Stretches whose least lag is kept; an even number. */
const STRETCHES_MAX = 1024
/** Growth from one quarter to the next that is more than noise: this share of the schedule … */
const GROWTH_SHARE = 0.005
/** … and at least this much. */
const GROWTH_NS = 1e6

export class Backlog {
  /** The least lag of each stretch of `#stretch` operations, from the first. */
  readonly #least = new Float64Array(STRETCHES_MAX).fill(Number.POSITIVE_INFINITY)
  #stretch = 1
  #count = 0
  #firstIntendedNs = 0
  #lastIntendedNs = 0
  #lastEndNs = 0
  #lagMaxNs = 0
  #lagNs = 0

  add(intendedNs: number, startNs: number, endNs: number): void {
    const lagNs = startNs - intendedNs
    if (this.#count === STRETCHES_MAX * this.#stretch) this.#joinNeighbours()
    const at = Math.floor(this.#count / this.#stretch)
    if (lagNs < this.#least[at]!) this.#least[at] = lagNs
    if (this.#count++ === 0) this.#firstIntendedNs = intendedNs
    if (lagNs > this.#lagMaxNs) this.#lagMaxNs = lagNs
    this.#lagNs = lagNs
    this.#lastIntendedNs = intendedNs
    this.#lastEndNs = endNs
  }

  /** Halves the count of stretches: the number of operations is not known in advance. */
  #joinNeighbours(): void {
    const least = this.#least
    for (let i = 0; i < STRETCHES_MAX / 2; i++) {
      least[i] = Math.min(least[2 * i]!, least[2 * i + 1]!)
    }
    least.fill(Number.POSITIVE_INFINITY, STRETCHES_MAX / 2)
    this.#stretch *= 2
  }

  /** The least lag of the stretches from `from` to before `to`; 0 where there are none. */
  #standing(from: number, to: number): number {
    const least = this.#least.subarray(from, to).reduce((a, b) => Math.min(a, b), Infinity)
    return Number.isFinite(least) ? Math.max(0, least) : 0
  }

  figures(): ArrivalFigures {
    const scheduledNs = this.#lastIntendedNs - this.#firstIntendedNs
    const stretches = Math.ceil(this.#count / this.#stretch)
    const half = Math.floor(stretches / 2)
    const late = Math.floor((stretches * 3) / 4)
    const third = this.#standing(half, late)
    const fourth = this.#standing(late, stretches)
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

function perSecond(operations: number, ns: number): number | null {
  return ns > 0 ? operations / (ns / 1e9) : null
}

function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(1)} ms`
}
