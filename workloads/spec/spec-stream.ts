/**
 * Owns the stream of every spec: a phase that takes its operations from `SpecSteps`, makes each
 * value from its seed alone, and finishes the previous phase first. Invariant: `next` allocates
 * nothing. An operation is a function of the seed, the spec and the earlier acknowledgements.
 */

import type { JavaRandom } from '../java-random.ts'
import { ALL_FIELDS, Operation, type OperationKind, type OperationStream } from '../operation.ts'
import type { KeyFormat } from './key-format.ts'
import type { Payload } from './payload.ts'

/** Parts shared by all phases of a workload. */
export interface StreamParts {
  readonly random: JavaRandom
  readonly format: KeyFormat
  readonly payload: Payload
}

export interface StreamSteps {
  /** Called before the first `draw`, when the records of the previous phase exist. */
  begin(): void
  /** Fills the slot. `index` counts the phase's operations from 0. */
  draw(operation: Operation, index: number): void
  acknowledge(operation: Operation): void
}

export class SpecStream implements OperationStream {
  readonly expected: number
  readonly fieldNames: readonly Uint8Array[] = []
  readonly #payload: Payload
  readonly #steps: StreamSteps
  #before: OperationStream | null
  #begun = false
  #index = 0

  constructor(
    payload: Payload,
    expected: number,
    steps: StreamSteps,
    before: OperationStream | null,
  ) {
    this.expected = expected
    this.#payload = payload
    this.#steps = steps
    this.#before = before
  }

  next(operation: Operation): boolean {
    if (!this.#begun) this.#begin()
    if (this.#index === this.expected) return false
    this.#steps.draw(operation, this.#index++)
    return true
  }

  #begin(): void {
    this.#begun = true
    if (this.#before !== null) {
      const slot = new Operation()
      while (this.#before.next(slot)) this.#before.acknowledge(slot)
      this.#before = null
    }
    this.#steps.begin()
  }

  acknowledge(operation: Operation): void {
    this.#steps.acknowledge(operation)
  }

  writeValue(operation: Operation, target: Uint8Array, offset = 0): number {
    if (operation.valueLength > 0) target.set(this.value(operation), offset)
    return operation.valueLength
  }

  value(operation: Operation): Uint8Array {
    const [high, low] = [operation.valuePosition[0]!, operation.valuePosition[1]!]
    return this.#payload.make(high, low, operation.valueLength)
  }
}

const MISSING = 0x30

/**
 * Sets the fields of an operation that all kinds share. A missing key gets a byte that no key has.
 */
export function startOperation(
  operation: Operation,
  { format }: Pick<StreamParts, 'format'>,
  kind: OperationKind,
  keyNumber: number,
  missing: boolean,
): void {
  operation.kind = kind
  operation.keyNumber = keyNumber
  operation.scanLength = 0
  operation.fieldIndex = ALL_FIELDS
  operation.readFieldIndex = ALL_FIELDS
  operation.valueLength = 0
  let length = format.write(keyNumber, operation.keyBuffer)
  if (missing) operation.keyBuffer[length++] = MISSING
  operation.setKeyLength(length)
}

/** Plans a value of `bytes` bytes for the operation. One draw is skipped; it seeds the value. */
export function planValue(operation: Operation, random: JavaRandom, bytes: number): void {
  operation.valueLength = bytes
  operation.valuePosition[0] = random.seedHigh
  operation.valuePosition[1] = random.seedLow
  random.skip(1)
}
