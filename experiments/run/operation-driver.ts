/**
 * Owns the hot loop: takes operations from a stream, applies them to the target when they are due,
 * and keeps what only this place sees: the oracle of live sizes, the trace hash, read accounts and
 * times. It allocates nothing per operation except a merged record, and reads the clock twice. What the
 * target answered is checked when the operation's time has been taken.
 *
 * An update of one field of a record is YCSB's on a store without fields: read, merge, write, its
 * read on an account of its own; of a missing record it writes nothing. A read-modify-write is a
 * read, then such an update. The value is made before the clock starts.
 */
import { type Clock, type ManualClock, ReadCounters } from '../../engine/index.ts'
import {
  ALL_FIELDS,
  mergeField,
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
} from '../../workloads/index.ts'
import type { Target } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import { SLEEP_NS } from '../load/waiting.ts'
import type { AnswerOracle } from '../measure/answer-oracle.ts'
import type { LiveOracle } from '../measure/live-sizes.ts'
import { Overhead, PAYLOAD_SAMPLE } from '../measure/overhead.ts'
import { ReadTally } from '../measure/read-tally.ts'
import { ScannedEntries } from '../measure/scanned-entries.ts'
import { TraceHash } from '../measure/trace-hash.ts'
import type { OperationTimes } from './operation-times.ts'

/** A scan of so many entries costs its blocks, not its seeks. */
export const LONG_SCAN_ENTRIES_MIN = 64

/** Logical milliseconds an operation: the strategies see a steady 1,000 operations a second. */
const OPERATION_MS = 1

/** One scan in so many is checked; its time includes the copying of what it showed. */
const CHECKED_SCANS = 32

/** RocksDB's and LevelDB's traces hold longer ones nowhere. */
const KEY_BYTES_MAX = 65_535

/** An open loop gives the event loop a turn at the latest after so long. */
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

/** `early`: the next operation is due only at `dueNs`. */
export type Stepped = 'sliced' | 'ended' | 'early'

export class OperationDriver {
  readonly liveSizes: LiveOracle
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
  /** After `early`. */
  dueNs = 0

  readonly #overhead = new Overhead()
  #values = 0

  readonly #answers: AnswerOracle | null
  /** What the operation read last and wrote, to be checked after its time; `NOTHING` of neither. */
  #found: Uint8Array | undefined = NOTHING
  #written: Uint8Array = NOTHING
  readonly #shown = new ScannedEntries()
  #isShown = false
  #scans = 0

  readonly #target: Target
  readonly #logicalClock: ManualClock
  readonly #timer: Clock
  readonly #operation = new Operation(KEY_BYTES_MAX)
  readonly #lastGets = new ReadCounters()
  readonly #lastScans = new ReadCounters()
  #pacing: Pacing | null = null
  #value: Uint8Array = NO_VALUE
  #intendedNs = 0
  /** An operation was taken from the stream and is not due yet. */
  #drawn = false

  constructor(parts: DriverParts) {
    this.#target = parts.target
    this.#logicalClock = parts.logicalClock
    this.#timer = parts.timer
    this.liveSizes = parts.liveSizes
    this.#answers = parts.answers
  }

  beginPhase(): void {
    this.counts.fill(0)
  }

  /**
   * What follows, to the last phase of the run, has its overhead told and keeps to the pacing;
   * without one each operation is due when the one before is done.
   */
  beginRun(pacing: Pacing | null): void {
    this.#overhead.reset()
    this.#pacing = pacing
    pacing?.begin(this.#timer.elapsedNs())
  }

  /** What the harness took an operation of the run; null before the first. */
  overhead(): ReturnType<Overhead['figures']> {
    return this.#overhead.figures()
  }

  /** Applies up to `limit` operations. */
  step(stream: OperationStream, limit: number, times: OperationTimes | null): Stepped {
    const timer = this.#timer
    const from = this.done
    const begunNs = timer.elapsedNs()
    const stepped =
      this.#pacing === null
        ? this.#stepAtOnce(stream, limit, times)
        : this.#stepPaced(stream, limit, times, this.#pacing, begunNs + STEP_NS_MAX)
    this.#overhead.addSlice(this.done - from, timer.elapsedNs() - begunNs)
    return stepped
  }

  #stepAtOnce(stream: OperationStream, limit: number, times: OperationTimes | null): Stepped {
    const timer = this.#timer
    for (let i = 0; i < limit; i++) {
      if (!this.#draw(stream)) return 'ended'
      const startNs = timer.elapsedNs()
      this.#apply(this.#operation, this.#value, stream)
      this.#finish(stream, times, startNs, startNs, timer.elapsedNs())
    }
    return 'sliced'
  }

  #stepPaced(
    stream: OperationStream,
    limit: number,
    times: OperationTimes | null,
    pacing: Pacing,
    untilNs: number,
  ): Stepped {
    const timer = this.#timer
    for (let i = 0; i < limit; i++) {
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
      this.#apply(this.#operation, this.#value, stream)
      const endNs = timer.elapsedNs()
      pacing.completed(endNs)
      this.#finish(stream, times, this.#intendedNs, startNs, endNs)
      this.#drawn = false
    }
    return 'sliced'
  }

  /** Takes the next operation and makes its value; false at the end. */
  #draw(stream: OperationStream): boolean {
    const operation = this.#operation
    if (!stream.next(operation)) return false
    this.traceHash.add(
      operation.kind + ((operation.fieldIndex + 1) << 3),
      operation.keyNumber,
      operation.valueLength + operation.scanLength,
    )
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

  #finish(
    stream: OperationStream,
    times: OperationTimes | null,
    intendedNs: number,
    startNs: number,
    endNs: number,
  ): void {
    const operation = this.#operation
    this.#overhead.othersNs += endNs - startNs
    if (times !== null) times.record(operation.kind, this.done, intendedNs, startNs, endNs)
    if (this.#answers !== null) this.#check(operation, this.#answers)
    stream.acknowledge(operation)
    this.counts[operation.kind]!++
    this.done++
  }

  /** Reads come before writes in every kind. The first of two reads of a key is not looked at. */
  #check(operation: Operation, answers: AnswerOracle): void {
    const { key, keyNumber } = operation
    if (this.#found !== NOTHING) {
      answers.checkGet(key, this.#found, this.done)
      this.#found = NOTHING
    }
    if (this.#written !== NOTHING) {
      answers.put(key, keyNumber, this.#written)
      this.#written = NOTHING
    } else if (operation.kind === OPERATION_KIND.delete) answers.delete(key)
    if (this.#isShown) {
      answers.checkScan(key, this.#shown, this.done)
      this.#isShown = false
    }
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
    this.#found = found
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
    this.#found = record
    const bytes = record === undefined ? 0 : operation.keyLength + record.length
    this.updateRead.take(target.getCounters, this.#lastGets, bytes)
    if (record === undefined) return
    this.#put(operation, mergeField(record, stream.fieldNames[operation.fieldIndex]!, value))
  }

  #put(operation: Operation, value: Uint8Array): void {
    this.#target.put(operation.key, value)
    this.#written = value
    this.liveSizes.put(operation.keyNumber, operation.keyLength + value.length)
  }

  #scan(operation: Operation): void {
    const target = this.#target
    this.#isShown = this.#answers !== null && this.#scans++ % CHECKED_SCANS === 0
    if (this.#isShown) this.#shown.clear()
    target.scan(operation.key, operation.scanLength, this.#isShown ? this.#shown : null)
    const tally = operation.scanLength < LONG_SCAN_ENTRIES_MIN ? this.shortScan : this.longScan
    tally.take(target.scanCounters, this.#lastScans, target.scannedBytes)
  }
}

const NO_VALUE = new Uint8Array(0)
/** Stands for no array at all. */
const NOTHING = new Uint8Array(0)
