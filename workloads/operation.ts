/**
 * Owns the interface of a workload to its runners: a stream of operations that fills the caller's
 * slot, so that nothing is allocated per operation. Keys are made at once. Values are made only on
 * request, from the position in the random stream that the slot remembers, so a run that needs only
 * lengths (a simulator, an oracle) never makes them.
 *
 * Invariant: a stream is a function of its seed and parameters. Making values once, several times
 * or never does not change the later operations.
 */

import { assert } from '../engine/base/assert.ts'

/** Small integers, for tables and comparisons in hot loops. Traces store them: never renumber. */
export const OPERATION_KIND = {
  read: 0,
  update: 1,
  insert: 2,
  scan: 3,
  readModifyWrite: 4,
  delete: 5,
} as const

/** One of the numbers of `OPERATION_KIND`. */
export type OperationKind = (typeof OPERATION_KIND)[keyof typeof OPERATION_KIND]

/** By kind. */
export const OPERATION_KIND_NAMES = [
  'read',
  'update',
  'insert',
  'scan',
  'read-modify-write',
  'delete',
] as const

/** Value of `fieldIndex` and `readFieldIndex` that means the whole record. */
export const ALL_FIELDS = -1

/** The slot that a stream fills. It is made once and used for every operation. */
export class Operation {
  kind: OperationKind = OPERATION_KIND.read
  /**
   * Number of the record: 0 … loaded + inserted − 1, or 52 bits of the key's hash
   * (`Workload.keyNumbers`).
   */
  keyNumber = 0
  /**
   * Exactly the key's bytes. Borrowed: the stream's next operation in this slot overwrites them.
   */
  key: Uint8Array
  keyLength = 0
  /** Number of records that a scan asks for, including the start key's; 0 for other kinds. */
  scanLength = 0
  /**
   * The field that a write replaces, or `ALL_FIELDS`: the value is then the whole record, put
   * blind.
   */
  fieldIndex = ALL_FIELDS
  /** The field that a read returns, or `ALL_FIELDS`. */
  readFieldIndex = ALL_FIELDS
  /** Bytes of the value that a write carries (`writeValue`); 0 without a value. */
  valueLength = 0
  /** Arrival time in the recorded system, since the start of the stream; −1 if unknown. */
  arrivalNs = -1
  /**
   * For the stream only: the position in its random numbers where the value starts (two 32-bit
   * halves) …
   */
  readonly valuePosition = new Int32Array(2)
  /** … and the length of each field in the value, if lengths vary. */
  fieldLengths: Uint32Array = new Uint32Array(0)
  /** For the stream only: the bytes that contain a recorded value. */
  valueSource: Uint8Array | null = null

  #buffer: Uint8Array
  #views: Uint8Array[] = []

  /** `keyBytesMax` limits keys that streams write into `keyBuffer`; `copyKey` has no limit. */
  constructor(keyBytesMax = 256) {
    this.#buffer = new Uint8Array(keyBytesMax)
    this.key = this.#buffer.subarray(0, 0)
  }

  /** For streams: write the key here, from offset 0, then call `setKeyLength`. */
  get keyBuffer(): Uint8Array {
    return this.#buffer
  }

  /** For streams: sets `key` and `keyLength`. One view per length is made and kept. */
  setKeyLength(length: number): void {
    assert(length <= this.#buffer.length, `a key of ${length} bytes`)
    this.keyLength = length
    this.key = this.#views[length] ??= this.#buffer.subarray(0, length)
  }

  /** For streams of foreign keys: sets `key` and `keyLength` to a copy of any length. */
  copyKey(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start
    if (length > this.#buffer.length) {
      this.#buffer = new Uint8Array(length)
      this.#views = []
    }
    const target = this.#buffer
    for (let i = 0; i < length; i++) target[i] = source[start + i]!
    this.setKeyLength(length)
  }
}

/** Operations one after another. */
export interface OperationStream {
  /** Number of operations in the whole stream. */
  readonly expected: number
  /** Names of a record's fields by index; empty if values are bare bytes without fields. */
  readonly fieldNames: readonly Uint8Array[]
  /** Fills `operation` and returns true. Returns false at the end. */
  next(operation: Operation): boolean
  /**
   * Reports that the operation is done. As in YCSB, later operations may draw an inserted record
   * only after this. Other kinds ignore it.
   */
  acknowledge(operation: Operation): void
  /**
   * Writes the value of `operation` at `target[offset]` and returns its length,
   * `operation.valueLength`. The value is an encoded record (`record-codec.ts`) or, with a field
   * index, the new bytes of that field. Every call gives the same bytes until the slot's next
   * operation.
   */
  writeValue(operation: Operation, target: Uint8Array, offset?: number): number
  /** The same as an array of exactly that length. Borrowed until the stream's next `value`. */
  value(operation: Operation): Uint8Array
}

/** The load phase, then the run phases, in this order. All draw from one random stream. */
export interface Workload {
  readonly load: OperationStream
  /** A phase starts where the previous phase ends, whether or not that one was consumed. */
  readonly phases: readonly WorkloadPhase[]
  /** The properties from which the workload was made, under the names of its origin. */
  readonly properties: Readonly<Record<string, string>>
  /**
   * `dense` (the default): `keyNumber` counts records from 0, so it can index an array. `hashed`:
   * the keys are foreign and arbitrary, and `keyNumber` is 52 bits of the key's hash.
   */
  readonly keyNumbers?: 'dense' | 'hashed'
}

/** A part of the run phase, with operations of its own. */
export interface WorkloadPhase {
  readonly name: string
  readonly stream: OperationStream
  /** The arrival rate for an open-loop load. The stream itself has no time. */
  readonly sineRate?: SineRate
}

/** a·sin(b·t + c) + d operations per second, with t in seconds since the start of the phase. */
export interface SineRate {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}
