/**
 * Owns the loop of a run whose jobs run beside the operations: clients take operations from the
 * stream in its order, each one at a time, so up to `clients` are under way at once. All clients
 * run in this thread; while all of them wait, jobs end and are installed.
 *
 * Invariants:
 * - Operations start in the order of the stream, when they are due and a client is free.
 * - Reads answer when they start. What they found is checked then, unless a write of the same key
 *   is under way: its writer does not know yet whether readers see it.
 * - A step ends after exactly `limit` completed operations; others may still be under way. A phase
 *   ends when none is.
 */
import type { Clock } from '../../engine/index.ts'
import { OPERATION_KIND_NAMES, Operation, type OperationStream } from '../../workloads/index.ts'
import type { Target } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import type { Passage } from '../load/passage.ts'
import type { AnswerOracle } from '../measure/answer-oracle.ts'
import type { LiveOracle } from '../measure/live-sizes.ts'
import { TraceHash } from '../measure/trace-hash.ts'
import { type Driver, KEY_BYTES_MAX, type Stepped } from './driver.ts'
import { OperationEffects, Outcome } from './operation-effects.ts'
import type { OperationTimes } from './operation-times.ts'

/** The longest time between two turns of the event loop while no client waits. */
const TURN_NS_MAX = 1_000_000

export interface ClientsDriverParts {
  readonly target: Target
  /** The time that is measured. */
  readonly timer: Clock
  readonly passage: Passage
  /**
   * Takes what the operation that has just called the target asks of a modelled device; the result
   * begins that work and ends with it. Null: calls take their time by themselves.
   */
  readonly takeWork: (() => () => Promise<void>) | null
  /** In the run phases. The load has one client. */
  readonly clients: number
  readonly liveSizes: LiveOracle
  /** Null: answers are not checked. */
  readonly answers: AnswerOracle | null
}

interface Client {
  readonly operation: Operation
  readonly outcome: Outcome
  intendedNs: number
  startNs: number
  /** When its last operation ended. */
  freeNs: number
}

export class ClientsDriver implements Driver {
  readonly traceHash = new TraceHash()
  readonly counts = new Float64Array(OPERATION_KIND_NAMES.length)
  done = 0
  readonly dueNs = 0

  readonly #parts: ClientsDriverParts
  readonly #effects: OperationEffects
  /** In the order in which they became free. */
  #free: Client[]
  #clients = 1
  /** Drawn, and not due yet. */
  #drawn: Client | null = null
  #isEnded = false
  #pacing: Pacing | null = null
  /** Number of writes under way, by the key's number. */
  readonly #writing = new Map<number, number>()
  #failure: { readonly cause: unknown } | null = null
  #wake = () => {}
  #turnNs: number

  constructor(parts: ClientsDriverParts) {
    this.#parts = parts
    this.#effects = new OperationEffects(parts)
    this.#turnNs = parts.timer.elapsedNs()
    this.#free = [newClient(this.#turnNs)]
  }

  get liveSizes(): LiveOracle {
    return this.#effects.liveSizes
  }

  get reads() {
    return this.#effects.reads
  }

  beginPhase(): void {
    this.counts.fill(0)
    this.#isEnded = false
    const nowNs = this.#parts.timer.elapsedNs()
    for (const client of this.#free) client.freeNs = nowNs
  }

  beginRun(pacing: Pacing | null): void {
    const nowNs = this.#parts.timer.elapsedNs()
    this.#clients = this.#parts.clients
    this.#free = Array.from({ length: this.#clients }, () => newClient(nowNs))
    this.#pacing = pacing
    pacing?.begin(nowNs)
  }

  /** Unknown: the times of several operations overlap. */
  overhead(): null {
    return null
  }

  async step(
    stream: OperationStream,
    limit: number,
    times: OperationTimes | null,
  ): Promise<Stepped> {
    const { timer, passage } = this.#parts
    const until = this.done + limit
    while (this.done < until) {
      if (this.#failure !== null) throw this.#failure.cause
      const client = this.#drawn ?? this.#draw(stream)
      if (client === null) {
        if (this.#isEnded && this.#free.length === this.#clients) return 'ended'
        await passage.whileWaiting(this.#completion())
        continue
      }
      const nowNs = timer.elapsedNs()
      if (client.intendedNs > nowNs || nowNs - this.#turnNs > TURN_NS_MAX) {
        this.#drawn = client
        await passage.until(Math.max(client.intendedNs, nowNs))
        this.#turnNs = timer.elapsedNs()
      }
      this.#drawn = null
      this.#start(stream, client, times)
    }
    if (this.#failure !== null) throw this.#failure.cause
    return 'sliced'
  }

  /** The next operation with its client; null if no client is free or the stream has ended. */
  #draw(stream: OperationStream): Client | null {
    const client = this.#isEnded ? undefined : this.#free[0]
    if (client === undefined) return null
    if (!stream.next(client.operation)) {
      this.#isEnded = true
      return null
    }
    this.#free.shift()
    this.traceHash.addOperation(client.operation)
    const pacing = this.#pacing
    const isOpen = pacing?.open === true
    client.intendedNs = isOpen ? pacing.intendedNs(client.operation) : client.freeNs
    return client
  }

  #start(stream: OperationStream, client: Client, times: OperationTimes | null): void {
    const { timer, takeWork } = this.#parts
    const { operation, outcome } = client
    const value = this.#valueOf(stream, operation)
    const isUncertain = this.#writing.size > 0 && this.#isUncertain(operation)
    client.startNs = timer.elapsedNs()
    // Without a schedule the client has waited for nothing.
    if (this.#pacing === null) client.intendedNs = client.startNs
    const pending = this.#effects.apply(operation, value, stream.fieldNames, outcome)
    const serve = takeWork?.()
    if (isUncertain) outcome.forgetReads()
    if (pending === undefined && serve === undefined) {
      this.#finish(stream, client, times)
      this.#effects.check(operation, outcome, this.done - 1)
      return
    }
    this.#effects.checkReads(operation, outcome, this.done)
    void this.#answer(operation, outcome, pending, serve).then(
      () => this.#finish(stream, client, times),
      (cause) => this.#fail(cause),
    )
  }

  #valueOf(stream: OperationStream, operation: Operation): Uint8Array {
    if (operation.valueLength === 0) return NO_VALUE
    const value = stream.value(operation)
    // The next client's value is made in the same place.
    return this.#clients > 1 ? value.slice() : value
  }

  /** Ends when the write is acknowledged, and then the device has done its part. */
  async #answer(
    operation: Operation,
    outcome: Outcome,
    pending: Promise<void> | undefined,
    serve: (() => Promise<void>) | undefined,
  ): Promise<void> {
    if (pending !== undefined) {
      const { keyNumber } = operation
      this.#writing.set(keyNumber, (this.#writing.get(keyNumber) ?? 0) + 1)
      await pending
      const others = this.#writing.get(keyNumber)! - 1
      if (others === 0) this.#writing.delete(keyNumber)
      else this.#writing.set(keyNumber, others)
    }
    this.#effects.noteWrite(operation, outcome)
    await serve?.()
  }

  #finish(stream: OperationStream, client: Client, times: OperationTimes | null): void {
    const { operation, intendedNs, startNs } = client
    const endNs = this.#parts.timer.elapsedNs()
    times?.record(operation.kind, this.done, intendedNs, startNs, endNs)
    stream.acknowledge(operation)
    this.counts[operation.kind]!++
    this.done++
    client.freeNs = endNs
    this.#free.push(client)
    this.#wake()
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause }
    this.#wake()
  }

  /** Resolves when the next operation ends. */
  #completion(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Whether a write under way decides what a read of the operation finds. */
  #isUncertain({ keyNumber, scanLength }: Operation): boolean {
    return scanLength > 0 || this.#writing.has(keyNumber)
  }
}

function newClient(freeNs: number): Client {
  return {
    operation: new Operation(KEY_BYTES_MAX),
    outcome: new Outcome(),
    intendedNs: 0,
    startNs: 0,
    freeNs,
  }
}

const NO_VALUE = new Uint8Array(0)
