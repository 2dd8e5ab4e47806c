/**
 * Owns the shared parts of importers: the interface of a reader that receives chunks and passes
 * operations to a sink, the phases, foreign keys, and values whose content the trace does not
 * contain.
 */

import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../engine/wal/write-batch.ts'
import { ALL_FIELDS, Operation, type OperationKind } from '../../operation.ts'
import { hashKey } from '../key-hash.ts'
import type { OperationSink } from '../operation-sink.ts'
import type { ImportReport } from './import-report.ts'
import { type Line, LineSplitter } from './lines.ts'

/** Reads one file. Each file gets a new reader. */
export interface ForeignReader {
  write(chunk: Uint8Array): void
  end(): void
}

/** Thrown if the input is not an operation. It becomes a malformed line of the report. */
class Malformed extends Error {}

/** The state that the files of one import share. */
export class ImportContext {
  readonly report: ImportReport
  /** The slot in which every operation is passed on. */
  readonly operation = new Operation()
  /** Properties of the trace's origin, if the files contain them. */
  readonly properties: Record<string, string> = {}
  readonly #sink: OperationSink
  #phase: { readonly name: string; readonly fieldNames: readonly string[] } | null = null
  #unknownValues = 0
  #firstArrival = -1

  constructor(sink: OperationSink, report: ImportReport) {
    this.#sink = sink
    this.report = report
  }

  /**
   * A trace without a load has an empty load phase. If `name` is the last phase, that phase
   * continues.
   */
  beginPhase(name: string, fieldNames: readonly string[]): void {
    if (this.#phase?.name === name && equalNames(this.#phase.fieldNames, fieldNames)) return
    if (this.#phase === null && name !== 'load') this.#sink.beginPhase('load', fieldNames)
    this.#sink.beginPhase(name, fieldNames)
    this.#phase = { name, fieldNames }
  }

  /** An empty file also gives a trace. */
  finish(): void {
    if (this.#phase === null) this.beginPhase('load', [])
  }

  /**
   * Empties the slot for an operation on the key at bytes[start, end). Throws `Malformed` if no
   * store accepts the key.
   */
  begin(kind: OperationKind, bytes: Uint8Array, start = 0, end = bytes.length): Operation {
    const { operation } = this
    if (end - start > KEY_BYTES_MAX) {
      throw new Malformed(`a key of ${end - start} bytes; at most ${KEY_BYTES_MAX}`)
    }
    operation.kind = kind
    operation.copyKey(bytes, start, end)
    operation.keyNumber = hashKey(bytes, start, end)
    operation.scanLength = 0
    operation.fieldIndex = ALL_FIELDS
    operation.readFieldIndex = ALL_FIELDS
    operation.arrivalNs = -1
    operation.valueLength = 0
    return operation
  }

  /**
   * Sets the arrival time from the trace's clock, whose unit is `unitNs`. Throws `Malformed` if it
   * is too far from the first to be stored exactly.
   */
  arrive(clock: number, unitNs: number): void {
    if (this.#firstArrival < 0) this.#firstArrival = clock
    // Subtract the first arrival before changing the unit: nanoseconds since an epoch exceed the
    // safe integers.
    const sinceFirst = (clock - this.#firstArrival) * unitNs
    if (sinceFirst > ARRIVAL_NS_MAX) {
      const days = Math.floor(sinceFirst / NS_PER_DAY)
      const daysMax = Math.floor(ARRIVAL_NS_MAX / NS_PER_DAY)
      throw new Malformed(`arrived ${days} days after the first operation; at most ${daysMax}`)
    }
    if (sinceFirst < 0) this.report.note('arrived before the first operation, taken as with it')
    this.operation.arrivalNs = Math.max(0, sinceFirst)
  }

  /** Passes on the slot, with its value or without one. */
  add(value: Uint8Array | null = null): void {
    this.operation.valueLength = checkedValueBytes(value?.length ?? 0)
    this.#sink.add(this.operation, value)
    this.report.operations++
  }

  /** Passes on the slot with a made-up value of `bytes` bytes. Each such value differs. */
  addUnknownValue(bytes: number): void {
    const { operation } = this
    operation.valueLength = checkedValueBytes(bytes)
    operation.valuePosition[0] = UNKNOWN_VALUES_SEED
    operation.valuePosition[1] = this.#unknownValues++
    this.#sink.add(operation, null)
    this.report.operations++
  }
}

function equalNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
}

/** Returns `bytes`. Throws `Malformed` for a length that no store accepts. */
export function checkedValueBytes(bytes: number): number {
  if (bytes <= VALUE_BYTES_MAX) return bytes
  throw new Malformed(`a value of ${bytes} bytes; at most ${VALUE_BYTES_MAX}`)
}

const NS_PER_DAY = 86_400e9
/** Twice this, the largest step between two arrivals, is still a safe integer. */
const ARRIVAL_NS_MAX = 2 ** 52

/** Any constant works: equal imports give equal values. */
const UNKNOWN_VALUES_SEED = 0x7661_7276

/**
 * A reader of lines. `parse` returns the reason if it does not understand a line, or throws
 * `Malformed`.
 */
export function lineReader(
  path: string,
  report: ImportReport,
  parse: (line: Line) => string | null,
): ForeignReader {
  return new LineSplitter(
    (line) => {
      const reason = reasonOf(() => parse(line))
      if (reason !== null) report.fail(`${path}:${line.number}`, reason)
    },
    (number) => report.fail(`${path}:${number}`, 'the line is longer than 64 MiB'),
  )
}

/** The result of `work`, or the reason of the `Malformed` that it throws. */
export function reasonOf(work: () => string | null): string | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof Malformed) return error.message
    throw error
  }
}

const DIGITS = /^\d{1,15}$/

/** A whole number, or −1. */
export function wholeNumber(text: string | undefined): number {
  return text !== undefined && DIGITS.test(text) ? Number(text) : -1
}

const ZERO = 0x30

/**
 * The key of the trace, lengthened with zeros to the size it had before it was anonymised
 * (CacheLib, `KVReplayGenerator.h`; there to 256 bytes at most). It is never shortened, so keys
 * stay distinct. May return the given array. Throws `Malformed` for a size that no store accepts.
 */
export function sizedKey(key: Uint8Array, keyBytes: number): Uint8Array {
  if (keyBytes <= key.length) return key
  if (keyBytes > KEY_BYTES_MAX) {
    throw new Malformed(`a key of ${keyBytes} bytes; at most ${KEY_BYTES_MAX}`)
  }
  const sized = new Uint8Array(keyBytes).fill(ZERO)
  sized.set(key)
  return sized
}
