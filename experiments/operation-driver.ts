/**
 * Owns the hot loop: takes operations from a stream, applies them to the target, and keeps what
 * only this place sees: the oracle of live sizes, the trace hash, read accounts and service times.
 * It allocates nothing per operation except a merged record, and reads the clock twice.
 *
 * An update of one field of a record is YCSB's on a store without fields: read, merge, write, its
 * read on an account of its own; of a missing record it writes nothing. A read-modify-write is a
 * read, then such an update. The value is made before the clock starts.
 */
import { type Clock, type ManualClock, ReadCounters } from '../engine/index.ts'
import {
  ALL_FIELDS,
  mergeField,
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
} from '../workloads/index.ts'
import type { LatencyRecorder } from './latency.ts'
import { LiveSizes } from './live-sizes.ts'
import { ReadTally } from './read-tally.ts'
import type { Target } from './target.ts'
import { TraceHash } from './trace-hash.ts'

/** A scan of so many entries costs its blocks, not its seeks. */
export const LONG_SCAN_ENTRIES_MIN = 64

/** Logical milliseconds an operation: the strategies see a steady 1,000 operations a second. */
const OPERATION_MS = 1

export interface DriverParts {
  readonly target: Target
  /** The time the target sees. */
  readonly logicalClock: ManualClock
  /** The time that is measured. */
  readonly timer: Clock
  readonly expectedRecords: number
}

export class OperationDriver {
  readonly liveSizes: LiveSizes
  readonly traceHash = new TraceHash()
  readonly getHit = new ReadTally()
  readonly getMiss = new ReadTally()
  readonly updateRead = new ReadTally()
  readonly shortScan = new ReadTally()
  readonly longScan = new ReadTally()
  /** By operation kind, since `beginPhase`. */
  readonly counts = new Float64Array(OPERATION_KIND_NAMES.length)
  /** Operations since the load began. */
  done = 0

  readonly #target: Target
  readonly #logicalClock: ManualClock
  readonly #timer: Clock
  readonly #operation = new Operation()
  readonly #lastGets = new ReadCounters()
  readonly #lastScans = new ReadCounters()

  constructor(parts: DriverParts) {
    this.#target = parts.target
    this.#logicalClock = parts.logicalClock
    this.#timer = parts.timer
    this.liveSizes = new LiveSizes(parts.expectedRecords)
  }

  beginPhase(): void {
    this.counts.fill(0)
  }

  /** Applies up to `limit` operations; false when the stream has ended before. */
  step(stream: OperationStream, limit: number, latencies: LatencyRecorder | null): boolean {
    const operation = this.#operation
    const timer = this.#timer
    for (let i = 0; i < limit; i++) {
      if (!stream.next(operation)) return false
      this.#logicalClock.advance(OPERATION_MS)
      const { kind, keyNumber } = operation
      this.traceHash.add(
        kind + ((operation.fieldIndex + 1) << 3),
        keyNumber,
        operation.valueLength + operation.scanLength,
      )
      const value = operation.valueLength > 0 ? stream.value(operation) : NO_VALUE
      const startNs = timer.elapsedNs()
      this.#apply(operation, value, stream)
      const endNs = timer.elapsedNs()
      if (latencies !== null) latencies.record(kind, endNs - startNs)
      stream.acknowledge(operation)
      this.counts[kind]!++
      this.done++
    }
    return true
  }

  #apply(operation: Operation, value: Uint8Array, stream: OperationStream): void {
    switch (operation.kind) {
      case OPERATION_KIND.read:
        this.#read(operation)
        return
      case OPERATION_KIND.update:
        this.#update(operation, value, stream)
        return
      case OPERATION_KIND.insert:
        this.#put(operation, value)
        return
      case OPERATION_KIND.scan:
        this.#scan(operation)
        return
      case OPERATION_KIND.readModifyWrite:
        this.#read(operation)
        this.#update(operation, value, stream)
        return
      case OPERATION_KIND.delete:
        this.#target.delete(operation.key)
        this.liveSizes.delete(operation.keyNumber)
    }
  }

  #read(operation: Operation): void {
    const target = this.#target
    const found = target.get(operation.key)
    if (found === undefined) this.getMiss.take(target.getCounters, this.#lastGets, 0)
    else {
      const bytes = operation.keyLength + found.length
      this.getHit.take(target.getCounters, this.#lastGets, bytes)
    }
  }

  #update(operation: Operation, value: Uint8Array, stream: OperationStream): void {
    if (operation.fieldIndex === ALL_FIELDS) {
      this.#put(operation, value)
      return
    }
    const target = this.#target
    const record = target.get(operation.key)
    const bytes = record === undefined ? 0 : operation.keyLength + record.length
    this.updateRead.take(target.getCounters, this.#lastGets, bytes)
    if (record === undefined) return
    this.#put(operation, mergeField(record, stream.fieldNames[operation.fieldIndex]!, value))
  }

  #put(operation: Operation, value: Uint8Array): void {
    this.#target.put(operation.key, value)
    this.liveSizes.put(operation.keyNumber, operation.keyLength + value.length)
  }

  #scan(operation: Operation): void {
    const target = this.#target
    target.scan(operation.key, operation.scanLength)
    const tally = operation.scanLength < LONG_SCAN_ENTRIES_MIN ? this.shortScan : this.longScan
    tally.take(target.scanCounters, this.#lastScans, target.scannedBytes)
  }
}

const NO_VALUE = new Uint8Array(0)
