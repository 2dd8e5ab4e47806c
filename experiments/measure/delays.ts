/**
 * Owns what can hold an operation up, as intervals of time: jobs of the target, collections of
 * JavaScript's heap, readings of the harness. Afterwards each slow operation is laid to the intervals
 * that overlap it. Recording is a push per interval; nothing is looked up while the run lasts.
 */
import type { DelayCause, SlowOperation } from '../../results/schema.ts'
import type { SlowSample } from './slowest-operations.ts'

interface Interval {
  readonly cause: DelayCause
  /** Place in the event log; null where it has none. */
  readonly event: number | null
  readonly startNs: number
  readonly endNs: number
}

/** Shorter ones explain nothing. */
const OVERLAP_NS_MIN = 1000

export class Delays {
  readonly #intervals: Interval[] = []

  add(cause: DelayCause, startNs: number, endNs: number, event: number | null = null): void {
    if (endNs - startNs < OVERLAP_NS_MIN) return
    this.#intervals.push({ cause, event, startNs, endNs })
  }

  /**
   * Longest first, in microseconds; what is no event is summed by cause. A wait for operations
   * before it is one of them.
   */
  overlapping({ intendedNs, startNs, endNs }: SlowSample): SlowOperation['overlaps'] {
    const queue: Interval = { cause: 'queue', event: null, startNs: intendedNs, endNs: startNs }
    const sums = new Map<string, { cause: DelayCause; event: number | null; us: number }>()
    for (const { cause, event, ...interval } of [...this.#intervals, queue]) {
      const ns = Math.min(interval.endNs, endNs) - Math.max(interval.startNs, intendedNs)
      if (ns <= 0) continue
      const name = `${cause} ${event}`
      sums.set(name, { cause, event, us: (sums.get(name)?.us ?? 0) + ns / 1e3 })
    }
    return [...sums.values()].sort((a, b) => b.us - a.us)
  }
}
