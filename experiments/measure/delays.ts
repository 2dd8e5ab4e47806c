/**
 * Owns the intervals of time in which something could delay an operation: jobs of the target,
 * garbage collections, readings of the harness. After the run each slow operation is explained by
 * the intervals that overlap it. Recording is one push for each interval; nothing is looked up
 * during the run.
 */
import type { DelayCause, SlowOperation } from '../../results/schema.ts'
import type { SlowSample } from './slowest-operations.ts'

interface Interval {
  readonly cause: DelayCause
  /** Index in the event log; null if the interval is no event of the log. */
  readonly event: number | null
  readonly startNs: number
  readonly endNs: number
}

/** Shorter overlaps are left out: they explain nothing. */
const OVERLAP_NS_MIN = 1000

export class Delays {
  readonly #intervals: Interval[] = []

  add(cause: DelayCause, startNs: number, endNs: number, event: number | null = null): void {
    if (endNs - startNs < OVERLAP_NS_MIN) return
    this.#intervals.push({ cause, event, startNs, endNs })
  }

  /**
   * Longest first, in microseconds. Delays without an event are totalled per cause. The wait for
   * earlier operations is one of the causes.
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
