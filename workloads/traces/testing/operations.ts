/**
 * Owns operations as plain data for tests: random operations, and those of a workload, so that two
 * streams can be compared with `toEqual`.
 */

import fc from 'fast-check'
import {
  ALL_FIELDS,
  OPERATION_KIND,
  Operation,
  type OperationKind,
  type OperationStream,
  type Workload,
} from '../../operation.ts'
import { hashKey } from '../key-hash.ts'
import type { OperationSink } from '../operation-sink.ts'

export interface PlainOperation {
  readonly kind: OperationKind
  readonly keyNumber: number
  readonly key: Uint8Array
  readonly scanLength: number
  readonly fieldIndex: number
  readonly readFieldIndex: number
  readonly arrivalNs: number
  readonly value: Uint8Array
}

export interface PlainPhase {
  readonly name: string
  readonly fieldNames: readonly string[]
  readonly operations: readonly PlainOperation[]
}

const { read, update, insert, scan, readModifyWrite } = OPERATION_KIND
const WRITES: readonly number[] = [update, insert, readModifyWrite]

export function arbitraryOperation(
  keyNumbers: 'dense' | 'hashed',
  fieldCount: number,
): fc.Arbitrary<PlainOperation> {
  const field =
    fieldCount === 0 ? fc.constant(ALL_FIELDS) : fc.integer({ min: -1, max: fieldCount - 1 })
  return fc
    .record({
      kind: fc.integer({ min: 0, max: 5 }) as fc.Arbitrary<OperationKind>,
      keyNumber: fc.oneof(fc.nat(200), fc.maxSafeNat()),
      key: fc.uint8Array({ maxLength: 300, size: 'max' }),
      scanLength: fc.oneof(fc.nat(100), fc.nat(1e9)),
      fieldIndex: field,
      readFieldIndex: field,
      arrivalNs: fc.oneof(fc.constant(-1), fc.nat(), fc.nat(2 ** 50)),
      value: fc.uint8Array({ maxLength: 600, size: 'max' }),
    })
    .map((drawn) => {
      const { kind, key } = drawn
      const writes = WRITES.includes(kind)
      return {
        ...drawn,
        keyNumber: keyNumbers === 'dense' ? drawn.keyNumber : hashKey(key),
        scanLength: kind === scan ? drawn.scanLength : 0,
        fieldIndex: writes && kind !== insert ? drawn.fieldIndex : ALL_FIELDS,
        readFieldIndex: [read, scan, readModifyWrite].includes(kind as 0)
          ? drawn.readFieldIndex
          : ALL_FIELDS,
        value: writes ? drawn.value : new Uint8Array(0),
      }
    })
}

/** Passes `phases` to `sink` through one slot, as a workload does. */
export function pourInto(sink: OperationSink, phases: readonly PlainPhase[]): void {
  const slot = new Operation(0)
  for (const { name, fieldNames, operations } of phases) {
    sink.beginPhase(name, fieldNames)
    for (const plain of operations) {
      fill(slot, plain)
      sink.add(slot, plain.value.length === 0 ? null : plain.value)
    }
  }
}

function fill(slot: Operation, plain: PlainOperation): void {
  slot.kind = plain.kind
  slot.keyNumber = plain.keyNumber
  slot.copyKey(plain.key)
  slot.scanLength = plain.scanLength
  slot.fieldIndex = plain.fieldIndex
  slot.readFieldIndex = plain.readFieldIndex
  slot.arrivalNs = plain.arrivalNs
  slot.valueLength = plain.value.length
}

/** All operations of a workload, phase after phase. Each is acknowledged at once. */
export function plainPhases(workload: Workload): PlainPhase[] {
  const streams = [{ name: 'load', stream: workload.load }, ...workload.phases]
  return streams.map(({ name, stream }) => ({
    name,
    fieldNames: stream.fieldNames.map((bytes) => new TextDecoder().decode(bytes)),
    operations: plainOperations(stream),
  }))
}

function plainOperations(stream: OperationStream): PlainOperation[] {
  const slot = new Operation()
  const seen: PlainOperation[] = []
  while (stream.next(slot)) {
    const { kind, keyNumber, scanLength, fieldIndex, readFieldIndex, arrivalNs } = slot
    const key = slot.key.slice()
    const value = slot.valueLength > 0 ? stream.value(slot).slice() : new Uint8Array(0)
    seen.push({ kind, keyNumber, key, scanLength, fieldIndex, readFieldIndex, arrivalNs, value })
    stream.acknowledge(slot)
  }
  return seen
}
