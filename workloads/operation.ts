/**
 * Owns what a workload is to those who run it: a stream of operations that fills a slot of the
 * caller's, so that nothing is allocated per operation. Keys are made at once; values only on
 * request, from the position in the random stream that the slot remembers, so a run that needs
 * lengths alone (a simulator, an oracle) never makes them.
 *
 * Invariant: a stream is a function of its seed and parameters; when values are made, how often,
 * or never, changes nothing that follows.
 */

import { assert } from '../engine/base/assert.ts'

/** Small integers, for tables and comparisons in hot loops. Never renumber: traces carry them. */
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

/** `fieldIndex` and `readFieldIndex` when they mean the whole record. */
export const ALL_FIELDS = -1

/** The slot that a stream fills. It is made once and used for every operation. */
export class Operation {
  kind: OperationKind = OPERATION_KIND.read
  /** The record: 0 … loaded + inserted − 1, or 52 bits of the key's hash (`Workload.keyNumbers`). */
  keyNumber = 0
  /** Exactly the key's bytes; borrowed, overwritten by the stream's next operation in this slot. */
  key: Uint8Array
  keyLength = 0
  /** Records a scan asks for, the start key's included; 0 for other kinds. */
  scanLength = 0
  /** The field a write replaces, or `ALL_FIELDS`: the value is the whole record, put blind. */
  fieldIndex = ALL_FIELDS
  /** The field a read returns, or `ALL_FIELDS`. */
  readFieldIndex = ALL_FIELDS
  /** Bytes of the value a write carries (`writeValue`); 0 where it carries none. */
  valueLength = 0
  /** When it arrived at the system it was recorded from, since that stream's start; −1: unknown. */
  arrivalNs = -1
  /** The stream's own: where in its random numbers the value begins (two 32-bit halves) … */
  readonly valuePosition = new Int32Array(2)
  /** … and the bytes of each field it carries, where they vary. */
  fieldLengths: Uint32Array = new Uint32Array(0)
  /** The stream's own: what a value that was recorded as bytes is a part of. */
  valueSource: Uint8Array | null = null

  #buffer: Uint8Array
  #views: Uint8Array[] = []

  /** `keyBytesMax` bounds the keys that streams write into `keyBuffer`; `copyKey` has no bound. */
  constructor(keyBytesMax = 256) {
    this.#buffer = new Uint8Array(keyBytesMax)
    this.key = this.#buffer.subarray(0, 0)
  }

  /** For streams: where to write the key, from offset 0; `setKeyLength` follows. */
  get keyBuffer(): Uint8Array {
    return this.#buffer
  }

  /** For streams: sets `key` and `keyLength`. One view a length is made and kept. */
  setKeyLength(length: number): void {
    assert(length <= this.#buffer.length, `a key of ${length} bytes`)
    this.keyLength = length
    this.key = this.#views[length] ??= this.#buffer.subarray(0, length)
  }

  /** For streams of foreign keys: sets `key` and `keyLength` to a copy, of any length. */
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
  /** Operations the stream holds from start to end. */
  readonly expected: number
  /** Names of a record's fields by index; empty when values are bare bytes without fields. */
  readonly fieldNames: readonly Uint8Array[]
  /** Fills `operation` and returns true, or returns false at the end. */
  next(operation: Operation): boolean
  /**
   * Tells that the operation is done. Only after this may an inserted record be drawn by later
   * operations, as in YCSB; other kinds ignore it.
   */
  acknowledge(operation: Operation): void
  /**
   * Writes the value that `operation` carries at `target[offset]` and returns its length,
   * `operation.valueLength`: an encoded record (`record-codec.ts`), or with a field index that
   * field's new bytes. Equal at each call, until the slot's next operation.
   */
  writeValue(operation: Operation, target: Uint8Array, offset?: number): number
  /** The same in an array of exactly that length; borrowed until the stream's next `value`. */
  value(operation: Operation): Uint8Array
}

/** The load phase and what follows it, in this order; all draw from one random stream. */
export interface Workload {
  readonly load: OperationStream
  /** A phase begins where the phase before it ends, whether or not that one was consumed. */
  readonly phases: readonly WorkloadPhase[]
  /** The properties it was made from, by the names of the workload's origin. */
  readonly properties: Readonly<Record<string, string>>
  /**
   * `dense` (the default): `keyNumber` counts records from 0, fit to index an array. `hashed`: the
   * keys are foreign and arbitrary, and `keyNumber` is 52 bits of the key's hash.
   */
  readonly keyNumbers?: 'dense' | 'hashed'
}

/** A part of the run phase, with operations of its own. */
export interface WorkloadPhase {
  readonly name: string
  readonly stream: OperationStream
  /** How fast operations should arrive where the load is open; the stream itself knows no time. */
  readonly sineRate?: SineRate
}

/** a·sin(b·t + c) + d operations a second, t in seconds since the phase began. */
export interface SineRate {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}
