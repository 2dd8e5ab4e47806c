/**
 * Owns the hot loop: it takes operations from a stream, applies them to the target when they are
 * due, and keeps the trace hash, the counts and the times. It allocates nothing per operation and
 * reads the clock twice. A value is made before the clock starts; answers are checked after it has
 * stopped.
 *
 * The loop needs no promise as long as the target answers at once. If an answer is a promise, the
 * loop stops, awaits it, and continues where it stopped.
 */
import type { Clock, ManualClock } from '../../engine/index.ts'
import { OPERATION_KIND_NAMES, Operation, type OperationStream } from '../../workloads/index.ts'
import type { Answer, Target } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import { SLEEP_NS } from '../load/waiting.ts'
import type { AnswerOracle } from '../measure/answer-oracle.ts'
import type { LiveOracle } from '../measure/live-sizes.ts'
import { Overhead, PAYLOAD_SAMPLE } from '../measure/overhead.ts'
import type { ReadAccounts } from '../measure/read-accounts.ts'
import { TraceHash } from '../measure/trace-hash.ts'
import { type Driver, KEY_BYTES_MAX, type Stepped } from './driver.ts'
import { OperationEffects, Outcome } from './operation-effects.ts'
import type { OperationTimes } from './operation-times.ts'

/** Logical milliseconds per operation: the strategies see a steady 1,000 operations a second. */
const OPERATION_MS = 1

/** In an open loop, the longest time between two turns of the event loop. */
const STEP_NS_MAX = 10_000_000

export interface DriverParts {
  readonly target: Target
  /** The time the target sees. */
  readonly logicalClock: ManualClock
  /** The time that is measured. */
  readonly timer: Clock
  readonly liveSizes: LiveOracle
  /** Null: answers are not checked. */
  readonly answers: AnswerOracle | null
}

export class OperationDriver implements Driver {
  readonly traceHash = new TraceHash()
  /** By operation kind, since `beginPhase`. */
  readonly counts = new Float64Array(OPERATION_KIND_NAMES.length)
  /** Operations since the load began. */
  done = 0
  /** When the next operation is due; set with `early`. */
  dueNs = 0

  readonly #effects: OperationEffects
  readonly #logicalClock: ManualClock
  readonly #timer: Clock
  readonly #overhead = new Overhead()
  readonly #operation = new Operation(KEY_BYTES_MAX)
  readonly #outcome = new Outcome()
  #pacing: Pacing | null = null
  #values = 0
  #value: Uint8Array = NO_VALUE
  /** Operations until the current step ends. */
  #left = 0
  /** Intended start of the operation that was drawn, or that waits for its answer. */
  #intendedNs = 0
  #startNs = 0
  /** An operation was taken from the stream and is not due yet. */
  #drawn = false

  constructor({ target, logicalClock, timer, liveSizes, answers }: DriverParts) {
    this.#effects = new OperationEffects({ target, liveSizes, answers })
    this.#logicalClock = logicalClock
    this.#timer = timer
  }

  get liveSizes(): LiveOracle {
    return this.#effects.liveSizes
  }

  get reads(): ReadAccounts {
    return this.#effects.reads
  }

  beginPhase(): void {
    this.counts.fill(0)
  }

  /**
   * Starts pacing and the measurement of overhead for all following phases. Without a pacing, each
   * operation is due when the one before is done.
   */
  beginRun(pacing: Pacing | null): void {
    this.#overhead.reset()
    this.#pacing = pacing
    pacing?.begin(this.#timer.elapsedNs())
  }

  /** Overhead of the harness per operation of the run; null before the first operation. */
  overhead(): ReturnType<Overhead['figures']> {
    return this.#overhead.figures()
  }

  /** Applies up to `limit` operations. Returns a promise only if the target answered with one. */
  step(stream: OperationStream, limit: number, times: OperationTimes | null): Answer<Stepped> {
    const from = this.done
    const begunNs = this.#timer.elapsedNs()
    this.#left = limit
    const stepped = this.#advance(stream, times, begunNs)
    if (typeof stepped !== 'string') return this.#resume(stepped, stream, times, from, begunNs)
    this.#overhead.addSlice(this.done - from, this.#timer.elapsedNs() - begunNs)
    return stepped
  }

  /** Finishes the operation that `pending` ends, then goes on with the step. */
  async #resume(
    pending: Promise<void>,
    stream: OperationStream,
    times: OperationTimes | null,
    from: number,
    begunNs: number,
  ): Promise<Stepped> {
    let stepped: Stepped | Promise<void> = pending
    while (typeof stepped !== 'string') {
      await stepped
      this.#finish(stream, times, this.#intendedNs, this.#startNs)
      stepped = this.#advance(stream, times, begunNs)
    }
    this.#overhead.addSlice(this.done - from, this.#timer.elapsedNs() - begunNs)
    return stepped
  }

  /** Advances until the step ends. Returns a promise if an operation does not end at once. */
  #advance(
    stream: OperationStream,
    times: OperationTimes | null,
    begunNs: number,
  ): Stepped | Promise<void> {
    return this.#pacing === null
      ? this.#advanceAtOnce(stream, times)
      : this.#advancePaced(stream, times, this.#pacing, begunNs + STEP_NS_MAX)
  }

  #advanceAtOnce(stream: OperationStream, times: OperationTimes | null): Stepped | Promise<void> {
    const timer = this.#timer
    const effects = this.#effects
    while (this.#left > 0) {
      this.#left--
      if (!this.#draw(stream)) return 'ended'
      const startNs = timer.elapsedNs()
      const pending = effects.apply(this.#operation, this.#value, stream.fieldNames, this.#outcome)
      if (pending !== undefined) {
        this.#intendedNs = startNs
        this.#startNs = startNs
        return pending
      }
      this.#finish(stream, times, startNs, startNs)
    }
    return 'sliced'
  }

  #advancePaced(
    stream: OperationStream,
    times: OperationTimes | null,
    pacing: Pacing,
    untilNs: number,
  ): Stepped | Promise<void> {
    const timer = this.#timer
    while (this.#left > 0) {
      this.#left--
      if (!this.#drawn) {
        if (!this.#draw(stream)) return 'ended'
        this.#intendedNs = pacing.intendedNs(this.#operation)
        this.#drawn = true
      }
      const nowNs = timer.elapsedNs()
      this.dueNs = this.#intendedNs
      if (this.dueNs - nowNs > SLEEP_NS) return 'early'
      if (nowNs > untilNs) return 'sliced'
      if (this.dueNs > nowNs) pacing.waiting.spinUntil(this.dueNs)
      const startNs = timer.elapsedNs()
      this.#overhead.othersNs += startNs - nowNs
      const { fieldNames } = stream
      const pending = this.#effects.apply(this.#operation, this.#value, fieldNames, this.#outcome)
      this.#drawn = false
      if (pending !== undefined) {
        this.#startNs = startNs
        return pending
      }
      this.#finish(stream, times, this.#intendedNs, startNs)
    }
    return 'sliced'
  }

  /** Takes the next operation and makes its value; false at the end. */
  #draw(stream: OperationStream): boolean {
    const operation = this.#operation
    if (!stream.next(operation)) return false
    this.traceHash.addOperation(operation)
    if (operation.valueLength === 0) this.#value = NO_VALUE
    else if (this.#values++ % PAYLOAD_SAMPLE !== 0) this.#value = stream.value(operation)
    else {
      const startNs = this.#timer.elapsedNs()
      this.#value = stream.value(operation)
      this.#overhead.addPayload(this.#timer.elapsedNs() - startNs)
    }
    this.#logicalClock.advance(OPERATION_MS)
    return true
  }

  /** Called when the operation's answer has arrived. */
  #finish(
    stream: OperationStream,
    times: OperationTimes | null,
    intendedNs: number,
    startNs: number,
  ): void {
    const operation = this.#operation
    const endNs = this.#timer.elapsedNs()
    if (this.#pacing !== null) this.#pacing.completed(endNs)
    this.#overhead.othersNs += endNs - startNs
    if (times !== null) times.record(operation.kind, this.done, intendedNs, startNs, endNs)
    this.#effects.check(operation, this.#outcome, this.done)
    stream.acknowledge(operation)
    this.counts[operation.kind]!++
    this.done++
  }
}

const NO_VALUE = new Uint8Array(0)
