/**
 * Owns the compact form of values made by YCSB's generator: a trace stores the position in its
 * random numbers and the fields' lengths, which take a hundredth of the bytes. A field's value or a
 * bare value is a sequence of draws. A record is its fields in the order of a `HashMap`, as
 * `RecordValues` encodes them.
 *
 * Invariant: a value is stored in this form only after it was made again here and was equal.
 */

import { equalBytes } from '../../engine/base/compare.ts'
import type { NumberGenerator } from '../distributions/number-generator.ts'
import { JavaRandom } from '../java-random.ts'
import { ALL_FIELDS, Operation } from '../operation.ts'
import { fieldBytes } from '../record-codec.ts'
import { RecordValues } from '../ycsb/record-values.ts'

/** Every operation brings its lengths. */
const LENGTHS_GIVEN: NumberGenerator = {
  next() {
    throw new Error('no lengths are drawn here')
  },
}

/** Persisted, so never renumber. */
export const VALUE_FORM = { none: 0, bytes: 1, seeded: 2, seededLengths: 3 } as const
export type ValueForm = (typeof VALUE_FORM)[keyof typeof VALUE_FORM]

export class SeededValues {
  readonly fieldCount: number
  readonly #random = new JavaRandom(0)
  readonly #records: RecordValues
  /** Bytes of a record with empty fields. */
  readonly #overheadBytes: number
  readonly #probe = new Operation()
  #made = new Uint8Array(0)

  constructor(fieldNames: readonly string[]) {
    this.fieldCount = fieldNames.length
    this.#records = new RecordValues(this.#random, fieldNames, LENGTHS_GIVEN, false)
    const encoder = new TextEncoder()
    const overheads = fieldNames.map((name) => fieldBytes(encoder.encode(name).length, 0))
    this.#overheadBytes = overheads.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** Whether the operation's value is a record, which is made field by field. */
  isRecord(operation: Operation): boolean {
    return this.fieldCount > 0 && operation.fieldIndex === ALL_FIELDS
  }

  /**
   * The bytes per field if all fields have the same length; −1 if no such length gives the value's
   * length.
   */
  equalLength(valueLength: number): number {
    const length = (valueLength - this.#overheadBytes) / this.fieldCount
    return Number.isInteger(length) && length >= 0 ? length : -1
  }

  /** Whether the slot's `fieldLengths` add up to a record of its length. */
  lengthsAddUp({ fieldLengths, valueLength }: Operation): boolean {
    if (fieldLengths.length !== this.fieldCount) return false
    return fieldLengths.reduce((sum, bytes) => sum + bytes, this.#overheadBytes) === valueLength
  }

  /** Makes the value from the slot's `valuePosition` and, for a record, from its `fieldLengths`. */
  write(operation: Operation, target: Uint8Array, offset: number): number {
    if (this.isRecord(operation)) return this.#records.write(operation, target, offset)
    this.#random.moveTo(operation.valuePosition[0]!, operation.valuePosition[1]!)
    this.#random.fillPrintable(target, offset, offset + operation.valueLength)
    return operation.valueLength
  }

  /** The form in which `value`, the slot's value, can be stored. Does not change the slot. */
  formOf(operation: Operation, value: Uint8Array): ValueForm {
    const probe = this.#probe
    probe.fieldIndex = operation.fieldIndex
    probe.valueLength = operation.valueLength
    probe.valuePosition.set(operation.valuePosition)
    if (!this.isRecord(operation)) {
      return this.#makes(probe, value) ? VALUE_FORM.seeded : VALUE_FORM.bytes
    }
    const equal = this.equalLength(operation.valueLength)
    if (equal >= 0) {
      setFieldCount(probe, this.fieldCount).fill(equal)
      if (this.#makes(probe, value)) return VALUE_FORM.seeded
    }
    if (this.lengthsAddUp(operation)) {
      probe.fieldLengths = operation.fieldLengths
      const makes = this.#makes(probe, value)
      probe.fieldLengths = new Uint32Array(0)
      if (makes) return VALUE_FORM.seededLengths
    }
    return VALUE_FORM.bytes
  }

  #makes(probe: Operation, value: Uint8Array): boolean {
    if (this.#made.length !== value.length) this.#made = new Uint8Array(value.length)
    this.write(probe, this.#made, 0)
    return equalBytes(this.#made, value)
  }
}

/** Makes room in the slot for the lengths of `count` fields. */
export function setFieldCount(operation: Operation, count: number): Uint32Array {
  if (operation.fieldLengths.length !== count) operation.fieldLengths = new Uint32Array(count)
  return operation.fieldLengths
}
