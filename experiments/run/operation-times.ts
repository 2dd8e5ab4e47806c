/**
 * Owns the figures of timed operations: the service time, the latency from the intended start if a
 * load sets one, the backlog, and the slowest operations.
 */
import type { Timed } from '../../results/schema.ts'
import { type ArrivalFigures, Backlog } from '../load/backlog.ts'
import { IntervalLatency, LatencyRecorder } from '../measure/latency.ts'
import { SlowestOperations, type SlowSample } from '../measure/slowest-operations.ts'

/** A client that waits for its answer cannot overload the target. */
const CLOSED = {
  offeredPerSecond: null,
  lagMaxSeconds: null,
  lagAtEndSeconds: null,
  overloaded: false,
  why: 'closed loop: the rate is whatever the target serves',
}

export interface OperationTimesOptions {
  readonly kinds: readonly string[]
  /** Null: one client in a closed loop. */
  readonly pacing: { readonly open: boolean } | null
}

export class OperationTimes {
  readonly #service: LatencyRecorder
  readonly #intended: LatencyRecorder | null
  readonly #backlog: Backlog | null
  readonly #open: boolean
  readonly #slowest = new SlowestOperations()
  readonly #interval = IntervalLatency.hot()

  constructor({ kinds, pacing }: OperationTimesOptions) {
    this.#service = new LatencyRecorder(kinds)
    this.#intended = pacing === null ? null : new LatencyRecorder(kinds)
    this.#backlog = pacing === null ? null : new Backlog()
    this.#open = pacing?.open === true
  }

  /** Readings of one clock. Without a load `intendedNs` is `startNs`. */
  record(
    kindIndex: number,
    atOperation: number,
    intendedNs: number,
    startNs: number,
    endNs: number,
  ): void {
    this.#service.record(kindIndex, endNs - startNs)
    this.#interval.record(endNs - startNs)
    // In a closed loop of several clients some client always queues, so no queue ever ends.
    const periodNs = this.#open ? intendedNs : startNs
    this.#slowest.offer(kindIndex, atOperation, periodNs, startNs, endNs)
    if (this.#intended === null) return
    this.#intended.record(kindIndex, Math.max(0, endNs - intendedNs))
    this.#backlog!.add(intendedNs, startNs, endNs)
  }

  /** Service times since the last call. */
  takeInterval(): { readonly p50Us: number | null; readonly p99Us: number | null } {
    return this.#interval.take()
  }

  slowest(): readonly SlowSample[] {
    return this.#slowest.samples()
  }

  /** Null for one client in a closed loop. */
  arrivals(): ArrivalFigures | null {
    const figures = this.#backlog?.figures() ?? null
    return figures === null || this.#open ? figures : { ...figures, ...CLOSED }
  }

  /** Empty for an overloaded run. */
  latencies(overloaded: boolean): Pick<Timed, 'latencyByKind' | 'intendedLatencyByKind'> {
    if (overloaded) return { latencyByKind: {}, intendedLatencyByKind: null }
    return {
      latencyByKind: this.#service.figures(),
      intendedLatencyByKind: this.#intended?.figures() ?? null,
    }
  }

  /** Frees the WASM memory. */
  [Symbol.dispose](): void {
    this.#service[Symbol.dispose]()
    this.#intended?.[Symbol.dispose]()
    this.#interval[Symbol.dispose]()
  }
}
