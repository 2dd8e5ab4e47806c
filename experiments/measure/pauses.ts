/**
 * Owns what interrupts the operations of a run: jobs of the target, collections of the heap, readings
 * and turns of the event loop of the harness; summed by interval for the series, and kept as
 * intervals of time so that the slowest operations can be laid to them.
 *
 * Under inline scheduling a job runs within the operation that triggered it, so its length is that
 * operation's stall. What no target tells of has no place here: a job whose beginning was not heard
 * has length 0.
 */
import type { Clock } from '../../engine/index.ts'
import type { SlowOperation, Timed } from '../../results/schema.ts'
import { OPERATION_KIND_NAMES } from '../../workloads/index.ts'
import type { TargetEvent } from '../base/target.ts'
import type { ProcessWatch } from '../machine/process-watch.ts'
import { Delays } from './delays.ts'
import { IntervalLatency } from './latency.ts'
import type { IntervalFigures } from './series.ts'
import type { SlowSample } from './slowest-operations.ts'

export class Pauses {
  readonly #timer: Clock
  readonly #watch: ProcessWatch | null
  readonly #delays = new Delays()
  readonly #loopDelays = new IntervalLatency()
  #jobStartNs: number | null = null
  #stallNs = 0
  #stalled = 0
  #stalledAt = -1
  #collectedNs = 0
  #collectedTotalNs = 0
  #loopDelayMaxNs = 0
  #turnNs: number
  #turnBeginNs = 0

  /** Without a `watch` collections are unknown. */
  constructor(timer: Clock, watch: ProcessWatch | null) {
    this.#timer = timer
    this.#watch = watch
    this.#turnNs = timer.elapsedNs()
  }

  jobBegins(): void {
    this.#jobStartNs = this.#timer.elapsedNs()
  }

  /** `event` is its place in the event log. Readings of the clock. */
  jobEnds(
    kind: TargetEvent['kind'],
    event: number | null,
    atOperation: number,
  ): { readonly startNs: number; readonly endNs: number } {
    const endNs = this.#timer.elapsedNs()
    const startNs = this.#jobStartNs ?? endNs
    this.#jobStartNs = null
    this.#delays.add(kind, startNs, endNs, event)
    this.#stallNs += endNs - startNs
    if (this.#stalledAt !== atOperation) this.#stalled++
    this.#stalledAt = atOperation
    return { startNs, endNs }
  }

  /** `work` is the harness's own. */
  reading(work: () => void): void {
    const startNs = this.#timer.elapsedNs()
    work()
    this.#delays.add('harness', startNs, this.#timer.elapsedNs())
  }

  /** The event loop gets its turn … */
  turnBegins(): void {
    this.#turnBeginNs = this.#timer.elapsedNs()
    const delayNs = this.#turnBeginNs - this.#turnNs
    this.#loopDelays.record(delayNs)
    this.#loopDelayMaxNs = Math.max(this.#loopDelayMaxNs, delayNs)
  }

  /** … and gives it back. */
  turnEnds(): void {
    this.#turnNs = this.#timer.elapsedNs()
    this.#delays.add('harness', this.#turnBeginNs, this.#turnNs)
  }

  takeInterval(): Omit<IntervalFigures, 'p50Us' | 'p99Us'> {
    this.#takeCollections()
    const figures = {
      stallSeconds: this.#stallNs / 1e9,
      stalledOperations: this.#stalled,
      gcSeconds: this.#watch === null ? null : this.#collectedNs / 1e9,
      eventLoopDelayMaxUs: this.#loopDelayMaxNs / 1e3,
    }
    this.#stallNs = 0
    this.#stalled = 0
    this.#collectedNs = 0
    this.#loopDelayMaxNs = 0
    return figures
  }

  /** Of the whole run; once, at its end. */
  totals(): Pick<Timed, 'gcSeconds' | 'eventLoopDelayP99Us'> {
    this.#takeCollections()
    const { p99Us } = this.#loopDelays.take()
    return {
      gcSeconds: this.#watch === null ? null : this.#collectedTotalNs / 1e9,
      eventLoopDelayP99Us: p99Us,
    }
  }

  /** `since` tells the seconds from the beginning of the run to a reading of the clock. */
  explain(
    samples: readonly SlowSample[],
    intended: boolean,
    since: (ns: number) => number,
  ): SlowOperation[] {
    this.#takeCollections()
    return samples.map((sample) => ({
      kind: OPERATION_KIND_NAMES[sample.kindIndex]!,
      atOperation: sample.atOperation,
      startSeconds: since(sample.startNs),
      serviceUs: (sample.endNs - sample.startNs) / 1e3,
      intendedUs: intended ? (sample.endNs - sample.intendedNs) / 1e3 : null,
      overlaps: this.#delays.overlapping(sample),
    }))
  }

  #takeCollections(): void {
    for (const { startNs, endNs } of this.#watch?.takeCollections() ?? []) {
      this.#delays.add('gc', startNs, endNs)
      this.#collectedNs += endNs - startNs
      this.#collectedTotalNs += endNs - startNs
    }
  }
}
