/**
 * Owns the loop that puts a stream of operations to a peer: the same meaning of every kind as the
 * driver of our own engine (`operation-driver.ts`), the same trace hash and the same oracle of live
 * sizes, so that two runs of one stream can be compared. It awaits only what is a promise. Gets are
 * checked against what was written when their time has been taken; scans are not.
 */
import type { Clock } from '../../../engine/index.ts'
import {
  ALL_FIELDS,
  mergeField,
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
} from '../../../workloads/index.ts'
import { AnswerOracle } from '../../measure/answer-oracle.ts'
import type { LatencyRecorder } from '../../measure/latency.ts'
import { LiveSizes } from '../../measure/live-sizes.ts'
import { TraceHash } from '../../measure/trace-hash.ts'
import type { PeerStore } from './peer-store.ts'

const KEY_BYTES_MAX = 65_535

export class PeerDriver {
  readonly traceHash = new TraceHash()
  /** By operation kind, since `beginPhase`. */
  readonly counts = new Float64Array(OPERATION_KIND_NAMES.length)
  /** Key + value bytes of puts and key bytes of deletes. */
  userBytes = 0
  /** Operations since the load began. */
  done = 0

  readonly #store: PeerStore
  readonly #timer: Clock
  /** Null: the keys are foreign, and no array is indexed by their hashes. */
  readonly #liveSizes: LiveSizes | null
  readonly answers: AnswerOracle
  /** What the operation read last and wrote, to be checked after its time; `NOTHING` of neither. */
  #found: Uint8Array | undefined = NOTHING
  #written: Uint8Array = NOTHING
  readonly #operation = new Operation(KEY_BYTES_MAX)

  constructor(store: PeerStore, timer: Clock, expectedRecords: number | null) {
    this.#store = store
    this.#timer = timer
    this.#liveSizes = expectedRecords === null ? null : new LiveSizes(expectedRecords)
    this.answers = new AnswerOracle({ expectedRecords: expectedRecords ?? 0 })
  }

  get liveLogicalBytes(): number | null {
    return this.#liveSizes?.liveBytes ?? null
  }

  beginPhase(): void {
    this.counts.fill(0)
  }

  /** Applies up to `limit` operations; false when the stream has ended before. */
  async step(
    stream: OperationStream,
    limit: number,
    latencies: LatencyRecorder | null,
  ): Promise<boolean> {
    const operation = this.#operation
    const timer = this.#timer
    for (let i = 0; i < limit; i++) {
      if (!stream.next(operation)) return false
      const { kind, keyNumber } = operation
      this.traceHash.add(
        kind + ((operation.fieldIndex + 1) << 3),
        keyNumber,
        operation.valueLength + operation.scanLength,
      )
      const value = operation.valueLength > 0 ? stream.value(operation) : NO_VALUE
      const startNs = timer.elapsedNs()
      const pending = this.#apply(operation, value, stream)
      if (pending !== undefined) await pending
      latencies?.record(kind, timer.elapsedNs() - startNs)
      this.#check(operation)
      stream.acknowledge(operation)
      this.counts[kind]!++
      this.done++
    }
    return true
  }

  #check({ key, keyNumber, kind }: Operation): void {
    const { answers } = this
    if (this.#found !== NOTHING) answers.checkGet(key, this.#found, this.done)
    if (this.#written !== NOTHING) answers.put(key, keyNumber, this.#written)
    else if (kind === OPERATION_KIND.delete) answers.delete(key)
    this.#found = NOTHING
    this.#written = NOTHING
  }

  #apply(operation: Operation, value: Uint8Array, stream: OperationStream): Pending {
    const store = this.#store
    switch (operation.kind) {
      case OPERATION_KIND.read:
        this.#found = store.get(operation.key)
        return undefined
      case OPERATION_KIND.update:
        return this.#update(operation, value, stream)
      case OPERATION_KIND.insert:
        return this.#put(operation, value)
      case OPERATION_KIND.scan: {
        const scanned = store.scan(operation.key, operation.scanLength)
        return typeof scanned === 'number' ? undefined : scanned
      }
      case OPERATION_KIND.readModifyWrite:
        this.#found = store.get(operation.key)
        return this.#update(operation, value, stream)
      case OPERATION_KIND.delete:
        this.userBytes += operation.keyLength
        this.#liveSizes?.delete(operation.keyNumber)
        return store.delete(operation.key) ?? undefined
    }
  }

  #update(operation: Operation, value: Uint8Array, stream: OperationStream): Pending {
    if (operation.fieldIndex === ALL_FIELDS) return this.#put(operation, value)
    const record = this.#store.get(operation.key)
    this.#found = record
    if (record === undefined) return undefined
    const merged = mergeField(record, stream.fieldNames[operation.fieldIndex]!, value)
    return this.#put(operation, merged)
  }

  #put(operation: Operation, value: Uint8Array): Pending {
    const bytes = operation.keyLength + value.length
    this.userBytes += bytes
    this.#liveSizes?.put(operation.keyNumber, bytes)
    this.#written = value
    return this.#store.put(operation.key, value) ?? undefined
  }
}

/** Those that occurred, by the workload's names of the kinds. */
export function countsByKind(counts: Float64Array): Record<string, number> {
  return Object.fromEntries(
    OPERATION_KIND_NAMES.map((kind, index) => [kind, counts[index]!] as const).filter(
      ([, count]) => count > 0,
    ),
  )
}

type Pending = Promise<unknown> | undefined

const NO_VALUE = new Uint8Array(0)
/** Stands for no array at all. */
const NOTHING = new Uint8Array(0)
