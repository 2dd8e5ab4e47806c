/**
 * Owns what importers share: the form of a reader that is fed chunks and hands operations to a sink,
 * the phases they begin, keys as foreign ones, and values whose content a trace does not tell.
 */

import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../engine/wal/write-batch.ts'
import { ALL_FIELDS, Operation, type OperationKind } from '../../operation.ts'
import { hashKey } from '../key-hash.ts'
import type { OperationSink } from '../operation-sink.ts'
import type { ImportReport } from './import-report.ts'
import { type Line, LineSplitter } from './lines.ts'

/** Reads one file; a new one is made for the next. */
export interface ForeignReader {
  write(chunk: Uint8Array): void
  end(): void
}

/** Thrown where what is being read makes no operation; becomes a malformed line of the report. */
class Malformed extends Error {}

/** What the files of one import have in common. */
export class ImportContext {
  readonly report: ImportReport
  /** The slot every operation is handed over in. */
  readonly operation = new Operation()
  /** The origin's own, as far as the files tell. */
  readonly properties: Record<string, string> = {}
  readonly #sink: OperationSink
  #phase: { readonly name: string; readonly fieldNames: readonly string[] } | null = null
  #unknownValues = 0
  #firstArrival = -1

  constructor(sink: OperationSink, report: ImportReport) {
    this.#sink = sink
    this.report = report
  }

  /** A trace without a load has an empty one. A phase of that name goes on if it is the last. */
  beginPhase(name: string, fieldNames: readonly string[]): void {
    if (this.#phase?.name === name && equalNames(this.#phase.fieldNames, fieldNames)) return
    if (this.#phase === null && name !== 'load') this.#sink.beginPhase('load', fieldNames)
    this.#sink.beginPhase(name, fieldNames)
    this.#phase = { name, fieldNames }
  }

  /** Even of an empty file comes a trace. */
  finish(): void {
    if (this.#phase === null) this.beginPhase('load', [])
  }

  /**
   * Empties the slot for an operation on the key at bytes[start, end). Throws `Malformed` for a key
   * that no store here takes.
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
   * When the operation arrived by the trace's own clock, whose unit is `unitNs`. Throws `Malformed`
   * where that is too far from the first to be kept exactly.
   */
  arrive(clock: number, unitNs: number): void {
    if (this.#firstArrival < 0) this.#firstArrival = clock
    // Since the first, before the unit changes: nanoseconds of an epoch are no safe integers.
    const sinceFirst = (clock - this.#firstArrival) * unitNs
    if (sinceFirst > ARRIVAL_NS_MAX) {
      const days = Math.floor(sinceFirst / NS_PER_DAY)
      const daysMax = Math.floor(ARRIVAL_NS_MAX / NS_PER_DAY)
      throw new Malformed(`arrived ${days} days after the first operation; at most ${daysMax}`)
    }
    if (sinceFirst < 0) this.report.note('arrived before the first operation, taken as with it')
    this.operation.arrivalNs = Math.max(0, sinceFirst)
  }

  /** Hands over the slot with the value it carries, or with none. */
  add(value: Uint8Array | null = null): void {
    this.operation.valueLength = checkedValueBytes(value?.length ?? 0)
    this.#sink.add(this.operation, value)
    this.report.operations++
  }

  /** Hands over the slot with a value of so many bytes, each a different one. */
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

/** `bytes`. Throws `Malformed` for a value that no store here takes. */
export function checkedValueBytes(bytes: number): number {
  if (bytes <= VALUE_BYTES_MAX) return bytes
  throw new Malformed(`a value of ${bytes} bytes; at most ${VALUE_BYTES_MAX}`)
}

const NS_PER_DAY = 86_400e9
/** Twice as much, a step between two, is still a safe integer. */
const ARRIVAL_NS_MAX = 2 ** 52

/** Any constant would do; equal imports give equal values. */
const UNKNOWN_VALUES_SEED = 0x7661_7276

/** A reader of lines: `parse` returns why it does not understand one, or throws `Malformed`. */
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

/** What `work` returns, or the reason of the `Malformed` that it throws. */
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
 * A key as the trace gives it, lengthened with zeros to the size it had before it was made anonymous
 * (CacheLib, `KVReplayGenerator.h`; there to 256 bytes at most). Never shortened: keys stay distinct.
 * May be the array given. Throws `Malformed` for a size that no store here takes.
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
