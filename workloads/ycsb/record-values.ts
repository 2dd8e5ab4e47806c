/**
 * Owns the values of YCSB's writes, and the random draws that they take even if nobody reads the
 * value. Planning a write takes the draws in YCSB's order: for each field its length, and one int
 * that `RandomByteIterator`'s constructor discards; then, field by field in the order of a
 * `HashMap`, one int per six bytes. The latter are skipped in one step; the value is made from the
 * remembered position when it is needed.
 */

import { Constant } from '../distributions/constant.ts'
import type { NumberGenerator } from '../distributions/number-generator.ts'
import { hashMapOrder } from '../java-collections.ts'
import { JavaRandom, printableDraws } from '../java-random.ts'
import { ALL_FIELDS, type Operation } from '../operation.ts'
import { fieldBytes, writeFieldHeader } from '../record-codec.ts'
import { writeIntegrityValue } from './integrity-value.ts'

export class RecordValues {
  /** By field index. */
  readonly names: readonly Uint8Array[]
  readonly #random: JavaRandom
  readonly #replay = new JavaRandom(0)
  readonly #lengths: NumberGenerator
  /** Set if every field has the same length. Operations then carry no lengths. */
  readonly #constantLengths: Uint32Array | null
  readonly #order: readonly number[]
  /** A record's value is the bytes of its single field, without an encoding. */
  readonly bare: boolean
  /** Values are computed from key and field; planning them draws nothing. */
  readonly #integrity: boolean

  constructor(
    random: JavaRandom,
    names: readonly string[],
    lengths: NumberGenerator,
    bare: boolean,
    integrity = false,
  ) {
    this.#random = random
    this.names = names.map((name) => new TextEncoder().encode(name))
    this.#lengths = lengths
    this.#constantLengths =
      lengths instanceof Constant ? new Uint32Array(names.length).fill(lengths.value) : null
    this.#order = hashMapOrder(names)
    this.bare = bare
    this.#integrity = integrity
  }

  /** Plans a whole new record for the operation. */
  planRecord(operation: Operation): void {
    const count = this.names.length
    const lengths = this.#drawLengths(operation, count)
    operation.fieldIndex = ALL_FIELDS
    let draws = 0
    let bytes = 0
    for (let i = 0; i < count; i++) {
      draws += printableDraws(lengths[i]!)
      bytes += this.bare ? lengths[i]! : fieldBytes(this.names[i]!.length, lengths[i]!)
    }
    operation.valueLength = bytes
    this.#passOver(operation, draws)
  }

  /** Plans new bytes for one field. */
  planField(operation: Operation, fieldIndex: number): void {
    const lengths = this.#drawLengths(operation, 1)
    operation.fieldIndex = fieldIndex
    operation.valueLength = lengths[0]!
    this.#passOver(operation, printableDraws(lengths[0]!))
  }

  /** Writes the planned value and returns its length. */
  write(operation: Operation, target: Uint8Array, offset: number): number {
    if (operation.valueLength === 0) return 0
    const replay = this.#replay
    replay.moveTo(operation.valuePosition[0]!, operation.valuePosition[1]!)
    if (operation.fieldIndex !== ALL_FIELDS || this.bare) {
      const field = Math.max(operation.fieldIndex, 0)
      this.#fill(operation, field, target, offset, offset + operation.valueLength)
      return operation.valueLength
    }
    const lengths = this.#constantLengths ?? operation.fieldLengths
    let at = offset
    for (const field of this.#order) {
      const length = lengths[field]!
      at = writeFieldHeader(target, at, this.names[field]!, length)
      this.#fill(operation, field, target, at, at + length)
      at += length
    }
    return at - offset
  }

  #fill(operation: Operation, field: number, target: Uint8Array, start: number, end: number): void {
    if (!this.#integrity) this.#replay.fillPrintable(target, start, end)
    else writeIntegrityValue(operation.key, this.names[field]!, target, start, end)
  }

  /** Draws the lengths of `count` fields, and the discarded int of each. */
  #drawLengths(operation: Operation, count: number): Uint32Array {
    if (this.#constantLengths !== null) {
      if (!this.#integrity) this.#random.skip(count)
      return this.#constantLengths
    }
    if (operation.fieldLengths.length !== this.names.length) {
      operation.fieldLengths = new Uint32Array(this.names.length)
    }
    const lengths = operation.fieldLengths
    for (let i = 0; i < count; i++) {
      lengths[i] = this.#lengths.next()
      this.#random.skip(1)
    }
    return lengths
  }

  #passOver(operation: Operation, draws: number): void {
    operation.valuePosition[0] = this.#random.seedHigh
    operation.valuePosition[1] = this.#random.seedLow
    if (!this.#integrity) this.#random.skip(draws)
  }
}
