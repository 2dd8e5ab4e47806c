/**
 * Owns the loop of a run whose jobs run beside the operations: clients take operations from the
 * stream in its order, each one at a time, so up to `clients` are under way at once. While all of
 * them wait, jobs end and are installed.
 *
 * All clients write in this thread. They also read in this thread, or each in a thread of its own
 * (`read-threads.ts`): then an operation begins with its read there, and goes on here when the loop
 * finds the answer.
 *
 * Invariants:
 * - Operations start in the order of the stream, when they are due and a client is free.
 * - What was read is checked, unless a write of the same key was under way at the same time: then
 *   it is unknown whether the read saw it.
 * - A step ends after exactly `limit` completed operations; others may still be under way. A phase
 *   ends when none is.
 */
import type { Clock } from '../../engine/index.ts'
import {
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
} from '../../workloads/index.ts'
import type { Target } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import type { Passage } from '../load/passage.ts'
import type { AnswerOracle } from '../measure/answer-oracle.ts'
import type { LiveOracle } from '../measure/live-sizes.ts'
import { TraceHash } from '../measure/trace-hash.ts'
import { FetchedReads, readOf } from '../targets/fetched-reads.ts'
import type { ReadThread, ReadThreads } from '../targets/read-threads.ts'
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
  /** Null: clients read in this thread. */
  readonly readThreads: ReadThreads | null
  readonly liveSizes: LiveOracle
  /** Null: answers are not checked. */
  readonly answers: AnswerOracle | null
}

interface Client {
  readonly operation: Operation
  readonly outcome: Outcome
  /** Where it reads; null: here. */
  readonly thread: ReadThread | null
  /** Its thread was asked, and the answer was not used yet. */
  isReading: boolean
  /** Whether a write may change what the operation reads. */
  isUncertain: boolean
  value: Uint8Array
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
  readonly #fetched: FetchedReads | null
  readonly #effects: OperationEffects
  #all: readonly Client[]
  /** In the order in which they became free. */
  #free: Client[]
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
    const { target, liveSizes, answers } = parts
    this.#parts = parts
    this.#fetched = parts.readThreads === null ? null : new FetchedReads(target)
    this.#effects = new OperationEffects({ target: this.#fetched ?? target, liveSizes, answers })
    this.#turnNs = parts.timer.elapsedNs()
    this.#all = [newClient(this.#turnNs, null)]
    this.#free = [...this.#all]
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

  async beginRun(pacing: Pacing | null): Promise<void> {
    const { clients, readThreads, timer } = this.#parts
    const threads = await readThreads?.open(clients, () => this.#wake())
    const nowNs = timer.elapsedNs()
    this.#all = Array.from({ length: clients }, (_, at) => newClient(nowNs, threads?.[at] ?? null))
    this.#free = [...this.#all]
    this.#pacing = pacing
    pacing?.begin(nowNs)
  }

  async endRun(): Promise<void> {
    await this.#parts.readThreads?.close()
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
      this.#useAnswers(stream, times, until)
      if (this.done === until) break
      const client = this.#drawn ?? this.#draw(stream)
      if (client === null) {
        if (this.#isEnded && this.#free.length === this.#all.length) return 'ended'
        await this.#anyEnd()
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
    const { operation, outcome, thread } = client
    client.value = this.#valueOf(stream, operation)
    client.isUncertain = this.#writing.size > 0 && this.#isUncertain(operation)
    client.startNs = this.#parts.timer.elapsedNs()
    // Without a schedule the client has waited for nothing.
    if (this.#pacing === null) client.intendedNs = client.startNs
    if (thread !== null) {
      const isScan = operation.kind === OPERATION_KIND.scan
      if (isScan) outcome.isShown = this.#effects.showsScan()
      const kind = readOf(operation, outcome.isShown === true)
      if (kind !== null) {
        client.isReading = true
        thread.ask(kind, operation.key, operation.scanLength)
        return
      }
    }
    this.#apply(stream, client, times, null)
  }

  /** Goes on with operations whose threads have answered, until `until` are done. */
  #useAnswers(stream: OperationStream, times: OperationTimes | null, until: number): void {
    if (this.#fetched === null) return
    for (const client of this.#all) {
      const { thread } = client
      if (this.done === until) return
      if (!client.isReading || !thread!.isAnswered) continue
      client.isReading = false
      client.startNs = thread!.slot.startNs
      if (this.#pacing === null) client.intendedNs = client.startNs
      this.#fetched.from(thread)
      this.#apply(stream, client, times, thread!.slot.endNs)
      this.#fetched.from(null)
      thread!.release()
    }
  }

  /** `readNs`: when its thread ended its read; null if the operation has read nothing there. */
  #apply(
    stream: OperationStream,
    client: Client,
    times: OperationTimes | null,
    readNs: number | null,
  ): void {
    const { operation, outcome, value } = client
    const pending = this.#effects.apply(operation, value, stream.fieldNames, outcome)
    const serve = this.#parts.takeWork?.()
    const hasEnded = pending === undefined && serve === undefined
    const endNs = hasEnded ? (readNs ?? this.#parts.timer.elapsedNs()) : 0
    if (client.isUncertain) this.#effects.leaveReads(outcome)
    else this.#effects.checkReads(operation, outcome, this.done)
    if (hasEnded) {
      this.#effects.noteWrite(operation, outcome)
      this.#finish(stream, client, times, endNs)
      return
    }
    void this.#answer(operation, outcome, pending, serve).then(
      () => this.#finish(stream, client, times, this.#parts.timer.elapsedNs()),
      (cause) => this.#fail(cause),
    )
  }

  #valueOf(stream: OperationStream, operation: Operation): Uint8Array {
    if (operation.valueLength === 0) return NO_VALUE
    const value = stream.value(operation)
    // The next client's value is made in the same place.
    return this.#all.length > 1 ? value.slice() : value
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
      this.#doubtReadsOf(keyNumber)
      await pending
      const others = this.#writing.get(keyNumber)! - 1
      if (others === 0) this.#writing.delete(keyNumber)
      else this.#writing.set(keyNumber, others)
    }
    this.#effects.noteWrite(operation, outcome)
    await serve?.()
  }

  #finish(
    stream: OperationStream,
    client: Client,
    times: OperationTimes | null,
    endNs: number,
  ): void {
    const { operation, intendedNs, startNs } = client
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

  /** Resolves when an operation ends, or when a thread may have answered. */
  async #anyEnd(): Promise<void> {
    const { passage, readThreads } = this.#parts
    const ended = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    readThreads?.awaitMessage()
    const isAnswered = this.#all.some(({ isReading, thread }) => isReading && thread!.isAnswered)
    if (!isAnswered) await passage.whileWaiting(ended)
  }

  /** Whether a write under way decides what a read of the operation finds. */
  #isUncertain({ keyNumber, scanLength }: Operation): boolean {
    return scanLength > 0 || this.#writing.has(keyNumber)
  }

  /** A write of the key begins. */
  #doubtReadsOf(keyNumber: number): void {
    for (const client of this.#all) {
      const { operation, isReading } = client
      const isSame = operation.keyNumber === keyNumber || operation.scanLength > 0
      if (isReading && isSame) client.isUncertain = true
    }
  }
}

function newClient(freeNs: number, thread: ReadThread | null): Client {
  return {
    operation: new Operation(KEY_BYTES_MAX),
    outcome: new Outcome(),
    thread,
    isReading: false,
    isUncertain: false,
    value: NO_VALUE,
    intendedNs: 0,
    startNs: 0,
    freeNs,
  }
}

const NO_VALUE = new Uint8Array(0)
