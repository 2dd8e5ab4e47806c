/**
 * Owns the form that both YCSB phases share: counting, values, and finishing the previous phase
 * first, because both draw from one random stream.
 */

import { Operation, type OperationStream } from '../operation.ts'
import type { RecordValues } from './record-values.ts'

export interface PhaseSteps {
  /** Fills the slot with the next operation. */
  draw(operation: Operation): void
  acknowledge(operation: Operation): void
}

export class PhaseStream implements OperationStream {
  readonly expected: number
  readonly fieldNames: readonly Uint8Array[]
  readonly #values: RecordValues
  readonly #steps: PhaseSteps
  #before: OperationStream | null
  #left: number
  #scratch = new Uint8Array(0)

  constructor(
    values: RecordValues,
    expected: number,
    steps: PhaseSteps,
    before: OperationStream | null,
  ) {
    this.expected = expected
    this.fieldNames = values.bare ? [] : values.names
    this.#values = values
    this.#steps = steps
    this.#before = before
    this.#left = expected
  }

  next(operation: Operation): boolean {
    if (this.#before !== null) this.#finishBefore()
    if (this.#left === 0) return false
    this.#left--
    this.#steps.draw(operation)
    return true
  }

  #finishBefore(): void {
    const slot = new Operation()
    while (this.#before?.next(slot)) this.#before.acknowledge(slot)
    this.#before = null
  }

  acknowledge(operation: Operation): void {
    this.#steps.acknowledge(operation)
  }

  writeValue(operation: Operation, target: Uint8Array, offset = 0): number {
    return this.#values.write(operation, target, offset)
  }

  value(operation: Operation): Uint8Array {
    if (this.#scratch.length !== operation.valueLength) {
      this.#scratch = new Uint8Array(operation.valueLength)
    }
    this.#values.write(operation, this.#scratch, 0)
    return this.#scratch
  }
}
