/**
 * Owns an operation's bytes within a frame: a byte of flags, then only the fields it needs.
 *
 *  | u8 flags | varint keyNumber | varint key bytes, key | varint field + 1, varint readField + 1 |
 *  | varint scan length | varint zigzag(arrival − previous one) | varint value bytes, value |
 *
 *  flags: bits 0–2 kind, bits 3–4 value form, bit 5 names a field, bit 6 has an arrival
 *  value: its bytes; or two u32, a position in YCSB's random numbers; or these and each field's
 *         length as a varint
 *
 * The key number is present only if keys are dense, fields and arrival only if flagged, the scan
 * length only in scans. Invariant: decoding restores every public field of the slot, and its value.
 */

import { assert } from '../../engine/base/assert.ts'
import { VALUE_BYTES_MAX } from '../../engine/wal/write-batch.ts'
import {
  ALL_FIELDS,
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  type Operation,
  type OperationKind,
} from '../operation.ts'
import { hashKey } from './key-hash.ts'
import { SeededValues, setFieldCount, VALUE_FORM, type ValueForm } from './seeded-values.ts'

const KIND_MASK = 7
const FORM_SHIFT = 3
const FORM_MASK = 3
const HAS_FIELD = 1 << 5
const HAS_ARRIVAL = 1 << 6
/** Flags, varints and a position. Field lengths are counted separately. */
const HEAD_BYTES_MAX = 96
const LENGTH_BYTES_MAX = 8
/** After this many values in a row that are not YCSB's, the generator is no longer tried. */
const MISSES_MAX = 64

/** Encodes operations one after another until `take` is called. */
export class OperationEncoder {
  /** Number of operations since the last `take`. */
  operations = 0
  #bytes: Uint8Array
  #length = 0
  #arrivalBefore = 0
  #misses = 0
  #values = new SeededValues([])
  readonly #dense: boolean

  constructor(keyNumbers: 'dense' | 'hashed', capacityBytes: number) {
    this.#dense = keyNumbers === 'dense'
    this.#bytes = new Uint8Array(capacityBytes)
  }

  get byteLength(): number {
    return this.#length
  }

  beginPhase(fieldNames: readonly string[]): void {
    this.#values = new SeededValues(fieldNames)
    this.#misses = 0
  }

  /** The operations since the last call. Borrowed until the next `add`. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    this.operations = 0
    this.#arrivalBefore = 0
    return taken
  }

  /**
   * `value` is the operation's bytes. It is null if they are what YCSB's generator makes from the
   * slot's position, with equal lengths for all fields of a record.
   */
  add(operation: Operation, value: Uint8Array | null): void {
    const { kind, keyLength, fieldIndex, readFieldIndex, arrivalNs } = operation
    const form = this.#formOf(operation, value)
    const namesField = fieldIndex !== ALL_FIELDS || readFieldIndex !== ALL_FIELDS
    const lengthsBytes = this.#values.fieldCount * LENGTH_BYTES_MAX
    this.#reserve(HEAD_BYTES_MAX + lengthsBytes + keyLength + operation.valueLength)
    this.#bytes[this.#length++] =
      kind |
      (form << FORM_SHIFT) |
      (namesField ? HAS_FIELD : 0) |
      (arrivalNs >= 0 ? HAS_ARRIVAL : 0)
    if (this.#dense) this.#varint(operation.keyNumber)
    this.#varint(keyLength)
    this.#raw(operation.key)
    if (namesField) {
      this.#varint(fieldIndex + 1)
      this.#varint(readFieldIndex + 1)
    }
    if (kind === OPERATION_KIND.scan) this.#varint(operation.scanLength)
    if (arrivalNs >= 0) {
      const step = arrivalNs - this.#arrivalBefore
      this.#varint(step < 0 ? -2 * step - 1 : 2 * step)
      this.#arrivalBefore = arrivalNs
    }
    if (form !== VALUE_FORM.none) this.#value(form, operation, value)
    this.operations++
  }

  #formOf(operation: Operation, value: Uint8Array | null): ValueForm {
    if (operation.valueLength === 0) return VALUE_FORM.none
    if (value === null) return VALUE_FORM.seeded
    assert(value.length === operation.valueLength, 'a value of another length than its slot says')
    if (this.#misses === MISSES_MAX) return VALUE_FORM.bytes
    const form = this.#values.formOf(operation, value)
    this.#misses = form === VALUE_FORM.bytes ? this.#misses + 1 : 0
    return form
  }

  #value(form: ValueForm, operation: Operation, value: Uint8Array | null): void {
    this.#varint(operation.valueLength)
    if (form === VALUE_FORM.bytes) {
      this.#raw(value!)
      return
    }
    this.#u32(operation.valuePosition[0]!)
    this.#u32(operation.valuePosition[1]!)
    if (form !== VALUE_FORM.seededLengths) return
    for (const length of operation.fieldLengths) this.#varint(length)
  }

  #varint(value: number): void {
    const bytes = this.#bytes
    let rest = value
    while (rest >= 0x80) {
      bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    bytes[this.#length++] = rest
  }

  #u32(value: number): void {
    const bytes = this.#bytes
    bytes[this.#length++] = value
    bytes[this.#length++] = value >>> 8
    bytes[this.#length++] = value >>> 16
    bytes[this.#length++] = value >>> 24
  }

  #raw(source: Uint8Array): void {
    this.#bytes.set(source, this.#length)
    this.#length += source.length
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#length + extra, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Decodes the operations of one frame whose checksum has been verified. */
export class OperationDecoder {
  readonly #bytes: Uint8Array
  readonly #dense: boolean
  readonly #values: SeededValues
  #at = 0
  #arrivalBefore = 0

  /** The filled slots keep `bytes`; their values are parts of it. */
  constructor(bytes: Uint8Array, keyNumbers: 'dense' | 'hashed', values: SeededValues) {
    this.#bytes = bytes
    this.#dense = keyNumbers === 'dense'
    this.#values = values
  }

  /** Number of bytes not yet decoded. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /**
   * Fills the slot with the next operation. False if the bytes are not an operation: they end
   * within it, or hold a kind or size that no writer writes.
   */
  next(operation: Operation): boolean {
    const bytes = this.#bytes
    const flags = bytes[this.#at++]!
    operation.kind = (flags & KIND_MASK) as OperationKind
    if (this.#dense) operation.keyNumber = this.#varint()
    const keyLength = this.#varint()
    const keyEnd = this.#at + keyLength
    const isKind = operation.kind < OPERATION_KIND_NAMES.length
    // Negated, so that it also fails for NaN, which a read past the end gives.
    if (!isKind || !(keyEnd <= bytes.length)) return false
    operation.copyKey(bytes, this.#at, keyEnd)
    if (!this.#dense) operation.keyNumber = hashKey(bytes, this.#at, keyEnd)
    this.#at = keyEnd
    const namesField = (flags & HAS_FIELD) !== 0
    operation.fieldIndex = namesField ? this.#varint() - 1 : ALL_FIELDS
    operation.readFieldIndex = namesField ? this.#varint() - 1 : ALL_FIELDS
    operation.scanLength = operation.kind === OPERATION_KIND.scan ? this.#varint() : 0
    operation.arrivalNs = (flags & HAS_ARRIVAL) === 0 ? -1 : this.#arrival()
    const isValue = this.#value((flags >> FORM_SHIFT) & FORM_MASK, operation)
    return isValue && this.left >= 0 && operation.valueLength <= VALUE_BYTES_MAX
  }

  #arrival(): number {
    const zigzag = this.#varint()
    const step = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2
    this.#arrivalBefore += step
    return this.#arrivalBefore
  }

  /** False if the lengths of a record's fields do not match the number of its bytes. */
  #value(form: number, operation: Operation): boolean {
    operation.valueSource = null
    operation.valueLength = form === VALUE_FORM.none ? 0 : this.#varint()
    if (form === VALUE_FORM.none) return true
    const position = operation.valuePosition
    if (form === VALUE_FORM.bytes) {
      operation.valueSource = this.#bytes
      position[0] = this.#at
      this.#at += operation.valueLength
      return true
    }
    position[0] = this.#u32()
    position[1] = this.#u32()
    const values = this.#values
    if (!values.isRecord(operation)) return true
    const lengths = setFieldCount(operation, values.fieldCount)
    if (form === VALUE_FORM.seeded) {
      const equal = values.equalLength(operation.valueLength)
      lengths.fill(equal)
      return equal >= 0
    }
    for (let i = 0; i < lengths.length; i++) lengths[i] = this.#varint()
    return values.lengthsAddUp(operation)
  }

  #varint(): number {
    const bytes = this.#bytes
    let byte = bytes[this.#at++]!
    if (byte < 0x80) return byte
    let value = 0
    let scale = 1
    while (byte >= 0x80) {
      value += (byte & 0x7f) * scale
      scale *= 0x80
      byte = bytes[this.#at++]!
    }
    return value + byte * scale
  }

  #u32(): number {
    const bytes = this.#bytes
    const at = this.#at
    this.#at = at + 4
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  }
}
