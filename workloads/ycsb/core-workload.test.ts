import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALL_FIELDS, OPERATION_KIND, Operation, type OperationStream } from '../operation.ts'
import { decodeRecord, fieldBytes } from '../record-codec.ts'
import { type CoreProperties, corePropertiesSchema } from './core-properties.ts'
import { createCoreWorkload } from './core-workload.ts'

const { read, update, insert, scan } = OPERATION_KIND
const size = { records: 200, operations: 500 }
const options = { seed: 42, bare: false }
const mixed: Partial<CoreProperties> = {
  readproportion: 0.3,
  updateproportion: 0.3,
  insertproportion: 0.2,
  scanproportion: 0.1,
  readmodifywriteproportion: 0.1,
  requestdistribution: 'zipfian',
}

function create(given: Partial<CoreProperties> = mixed, { seed, bare } = options) {
  return createCoreWorkload(corePropertiesSchema.parse(given), size, { seed, bare })
}

interface Seen {
  readonly kind: number
  readonly keyNumber: number
  readonly fieldIndex: number
  readonly readFieldIndex: number
  readonly scanLength: number
  readonly valueLength: number
  readonly value: string
}

/**
 * All operations, each acknowledged before the next; with their values unless `values` is false.
 */
function drain(stream: OperationStream, values = true, operation = new Operation()): Seen[] {
  const seen: Seen[] = []
  while (stream.next(operation)) {
    const value = values ? new TextDecoder().decode(stream.value(operation)) : ''
    const { kind, keyNumber, fieldIndex, readFieldIndex, scanLength, valueLength } = operation
    seen.push({ kind, keyNumber, fieldIndex, readFieldIndex, scanLength, valueLength, value })
    stream.acknowledge(operation)
  }
  return seen
}

const withoutValues = (list: readonly Seen[]) => list.map((seen) => ({ ...seen, value: '' }))

describe('a stream', () => {
  test('is a function of its seed', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        const [once, again] = [0, 1].map(() => drain(create(mixed, { seed, bare: false }).run))
        expect(again).toEqual(once)
        const other = drain(create(mixed, { seed: seed === 0 ? 1 : seed - 1, bare: false }).run)
        expect(other).not.toEqual(once)
      }),
      { numRuns: 20 },
    )
  })

  test('holds the reported number of operations', () => {
    const { load, run } = create()
    expect([load.expected, run.expected]).toEqual([200, 500])
    expect(drain(load)).toHaveLength(200)
    expect(drain(run)).toHaveLength(500)
    expect(run.next(new Operation())).toBe(false)
  })

  test.each(['constant', 'uniform', 'zipfian'] as const)(
    'is the same whether values are made once, twice or never (%s lengths)',
    (fieldlengthdistribution) => {
      const make = () => create({ ...mixed, fieldlengthdistribution }).run
      const values = drain(make())
      expect(drain(make(), false)).toEqual(withoutValues(values))
      const run = make()
      const operation = new Operation()
      for (const expected of values) {
        run.next(operation)
        const target = new Uint8Array(operation.valueLength + 7)
        expect(run.writeValue(operation, target, 7)).toBe(operation.valueLength)
        expect(new TextDecoder().decode(target.subarray(7))).toBe(expected.value)
        expect(run.value(operation)).toEqual(target.subarray(7))
        run.acknowledge(operation)
      }
    },
  )

  test('fills several slots whose values are asked for later, in any order', () => {
    const inOrder = drain(create({ ...mixed, fieldlengthdistribution: 'uniform' }).load)
    const { load } = create({ ...mixed, fieldlengthdistribution: 'uniform' })
    const slots = inOrder.map(() => new Operation())
    for (const slot of slots) load.next(slot)
    const backwards = slots.toReversed().map((slot) => new TextDecoder().decode(load.value(slot)))
    expect(backwards.toReversed()).toEqual(inOrder.map((seen) => seen.value))
  })

  test('accepts slots that other streams have used', () => {
    const varying = create({ ...mixed, fieldlengthdistribution: 'uniform' })
    const constant = create()
    const slot = new Operation()
    drain(create({ readproportion: 1, updateproportion: 0, readallfields: false }).run, true, slot)
    expect(slot.readFieldIndex).not.toBe(ALL_FIELDS)
    drain(constant.load, true, slot)
    const used = drain(varying.load, true, slot)
    expect(used).toEqual(drain(create({ ...mixed, fieldlengthdistribution: 'uniform' }).load))
    expect(drain(constant.run, true, slot)).toEqual(drain(create().run))
  })
})

describe('the load', () => {
  test('inserts records 0, 1, … as whole encoded records of ten fields of 100 bytes', () => {
    const { load } = create()
    const operation = new Operation()
    for (let record = 0; load.next(operation); record++) {
      expect(operation).toMatchObject({ kind: insert, keyNumber: record, fieldIndex: ALL_FIELDS })
      expect(operation.valueLength).toBe(10 * fieldBytes('field0'.length, 100))
      const fields = decodeRecord(load.value(operation))
      expect(fields.map(({ name }) => new TextDecoder().decode(name))).toEqual(
        [1, 0, 7, 6, 9, 8, 3, 2, 5, 4].map((index) => `field${index}`),
      )
      for (const { value } of fields) expect(value).toHaveLength(100)
    }
  })

  test('is finished by the run, whatever part of it was consumed', () => {
    const whole = create()
    drain(whole.load)
    const expected = drain(whole.run)
    for (const consumed of [0, 1, 199]) {
      const { load, run } = create()
      const operation = new Operation()
      for (let i = 0; i < consumed; i++) load.next(operation)
      expect(drain(run)).toEqual(expected)
      expect(load.next(operation)).toBe(false)
    }
  })
})

describe('the run', () => {
  test.each(['uniform', 'zipfian', 'latest', 'hotspot', 'exponential', 'sequential'] as const)(
    '%s: asks only for existing records',
    (requestdistribution) => {
      const { run } = create({ ...mixed, requestdistribution })
      let records = size.records
      for (const { kind, keyNumber } of drain(run)) {
        if (kind === insert) expect(keyNumber).toBe(records++)
        else expect(keyNumber).toBeLessThan(records)
        expect(keyNumber).toBeGreaterThanOrEqual(0)
      }
      expect(records).toBeGreaterThan(size.records)
    },
  )

  test('asks for an inserted record only after it is acknowledged', () => {
    const keys = (acknowledged: boolean) => {
      const { run } = create({ ...mixed, requestdistribution: 'latest' })
      const operation = new Operation()
      let highest = 0
      while (run.next(operation)) {
        if (operation.kind !== insert) highest = Math.max(highest, operation.keyNumber)
        if (acknowledged) run.acknowledge(operation)
      }
      return highest
    }
    expect(keys(false)).toBe(size.records - 1)
    expect(keys(true)).toBeGreaterThan(size.records)
  })

  test('mixes operations by their proportions, with the slots each kind needs', () => {
    const seen = drain(create({ ...mixed, maxscanlength: 10 }).run)
    const of = (kind: number) => seen.filter((operation) => operation.kind === kind)
    expect(of(read).length / seen.length).toBeCloseTo(0.3, 0.5)
    expect(of(read)[0]).toMatchObject({ valueLength: 0, scanLength: 0, value: '' })
    for (const { fieldIndex, valueLength } of of(update)) {
      expect(fieldIndex).toBeGreaterThanOrEqual(0)
      expect(valueLength).toBe(100)
    }
    for (const { scanLength } of of(scan)) {
      expect(scanLength).toBeGreaterThanOrEqual(1)
      expect(scanLength).toBeLessThanOrEqual(10)
    }
  })

  test('draws the fields that reads return and updates write from the whole range', () => {
    const seen = drain(create({ ...mixed, readallfields: false, fieldcount: 3 }).run)
    const reads = seen.filter(({ kind }) => kind === read).map((seen) => seen.readFieldIndex)
    const updates = seen.filter(({ kind }) => kind === update).map((seen) => seen.fieldIndex)
    expect([...new Set(reads)].sort()).toEqual([0, 1, 2])
    expect([...new Set(updates)].sort()).toEqual([0, 1, 2])
  })

  test('writes whole records if all fields are written', () => {
    const whole = { fieldIndex: ALL_FIELDS, valueLength: 10 * fieldBytes('field0'.length, 100) }
    const seen = drain(create({ ...mixed, writeallfields: true }).run)
    for (const { kind, fieldIndex, valueLength } of seen) {
      if (kind === update) expect({ fieldIndex, valueLength }).toEqual(whole)
    }
  })
})

test('bare values are the bytes of their single field, and streams name no fields', () => {
  const given = { ...mixed, fieldcount: 1, fieldlength: 33, writeallfields: true }
  const encoded = drain(create(given).run)
  const { load, run } = create(given, { seed: 42, bare: true })
  expect([load.fieldNames, run.fieldNames]).toEqual([[], []])
  const bare = drain(run)
  const header = fieldBytes('field0'.length, 0)
  for (const [i, { value, valueLength }] of bare.entries()) {
    expect(valueLength === 0 || valueLength === 33).toBe(true)
    expect(value).toBe(encoded[i]!.value.slice(header))
  }
})
