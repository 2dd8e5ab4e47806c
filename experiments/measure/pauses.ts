/**
 * Owns the interruptions of a run's operations: jobs of the target, garbage collections, readings
 * of the harness and turns of the event loop. They are summed for each interval of the series. They
 * are also kept as intervals of time, to explain the slowest operations.
 *
 * Under inline scheduling a job runs inside the operation that triggered it, so its length is that
 * operation's stall. Only work the target reports is counted; a job whose start was not reported
 * has length 0. Where jobs run beside the operations, a stall is a time for which writers are held.
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

  /** Without a `watch` collections are not measured. */
  constructor(timer: Clock, watch: ProcessWatch | null) {
    this.#timer = timer
    this.#watch = watch
    this.#turnNs = timer.elapsedNs()
  }

  jobBegins(): void {
    this.#jobStartNs = this.#timer.elapsedNs()
  }

  /** `event` is the job's index in the event log; times are readings of the clock. */
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

  /** A job ran beside the operations; `event` as in `jobEnds`. */
  jobRan(kind: TargetEvent['kind'], event: number | null, startNs: number, endNs: number): void {
    this.#delays.add(kind, startNs, endNs, event)
  }

  /** Writers were held in this span: `groups` groups of writes, for `delayedNs` in sum. */
  stalled(startNs: number, endNs: number, groups: number, delayedNs: number): void {
    this.#delays.add('throttle', startNs, endNs)
    this.#stallNs += delayedNs
    this.#stalled += groups
  }

  /** Runs `work`, a reading of the harness, and records its time. */
  reading(work: () => void): void {
    const startNs = this.#timer.elapsedNs()
    work()
    this.#delays.add('harness', startNs, this.#timer.elapsedNs())
  }

  /** Call before the event loop gets a turn … */
  turnBegins(): void {
    this.#turnBeginNs = this.#timer.elapsedNs()
    const delayNs = this.#turnBeginNs - this.#turnNs
    this.#loopDelays.record(delayNs)
    this.#loopDelayMaxNs = Math.max(this.#loopDelayMaxNs, delayNs)
  }

  /** … and after it. */
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

  /** Totals of the whole run. Call it once, at the end. */
  totals(): Pick<Timed, 'gcSeconds' | 'eventLoopDelayP99Us'> {
    this.#takeCollections()
    const { p99Us } = this.#loopDelays.take()
    return {
      gcSeconds: this.#watch === null ? null : this.#collectedTotalNs / 1e9,
      eventLoopDelayP99Us: p99Us,
    }
  }

  /** `since` converts a reading of the clock to seconds since the run began. */
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
