import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { isLsmError } from '../../engine/base/errors.ts'
import { ALL_FIELDS, OPERATION_KIND } from '../operation.ts'
import { encodeRecord } from '../record-codec.ts'
import { imported } from './testing/imported.ts'
import { type PlainOperation, type PlainPhase, pourInto } from './testing/operations.ts'
import { openTrace, traceWorkload } from './trace-reader.ts'
import { TraceWriter } from './trace-writer.ts'
import { ycsbText } from './ycsb-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-ycsb-round-trip-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')

const { read, update, insert, scan, readModifyWrite } = OPERATION_KIND
const remove = OPERATION_KIND.delete
const COUNT = 3
const LENGTH = 6
const encoder = new TextEncoder()

/** Bytes of all kinds; those with a meaning in the text are more frequent. */
const anyByte = fc.oneof(fc.nat(255), fc.constantFrom(...encoder.encode(' \n\r\t,="[]\\0x#\xa0')))
const bytesOf = (byte: fc.Arbitrary<number>, minLength: number, maxLength: number) =>
  fc.array(byte, { minLength, maxLength, size: 'max' }).map((bytes) => Uint8Array.from(bytes))
const anyBytes = (minLength: number, maxLength: number) => bytesOf(anyByte, minLength, maxLength)
const without = (...excluded: number[]) => anyByte.filter((byte) => !excluded.includes(byte))

interface Shape {
  readonly key: fc.Arbitrary<Uint8Array>
  readonly value: fc.Arbitrary<Uint8Array>
}

/** Operations on records with fields `names`: whole records or single fields. */
function operationOf(names: readonly Uint8Array[], { key, value }: Shape) {
  const record = fc
    .shuffledSubarray([...names], { minLength: 1 })
    .chain((chosen) =>
      fc.tuple(...chosen.map((name) => value.map((bytes) => ({ name, value: bytes })))),
    )
    .map((fields) => encodeRecord(fields))
  return fc
    .record({
      kind: fc.constantFrom(read, update, insert, scan, remove),
      key,
      scanLength: fc.nat(1000),
      fieldIndex: fc.integer({ min: ALL_FIELDS, max: names.length - 1 }),
      record,
      value,
    })
    .map(({ kind, fieldIndex, scanLength, record, value, ...rest }): PlainOperation => {
      const writes = kind === update || kind === insert
      const field = kind === update ? fieldIndex : ALL_FIELDS
      const written = field === ALL_FIELDS ? record : value
      return {
        ...rest,
        kind,
        keyNumber: 0,
        arrivalNs: -1,
        fieldIndex: field,
        scanLength: kind === scan ? scanLength : 0,
        readFieldIndex: kind === read || kind === scan ? fieldIndex : ALL_FIELDS,
        value: writes ? written : new Uint8Array(0),
      }
    })
}

const prefixes = fc.constantFrom('field', 'fä', '\u{feff}f', 'a=b', ' x', '[ ', 'ÿ,"')

/** Phases of such operations, with the properties that name their fields. */
function phasesOf(shape: Shape, properties: Readonly<Record<string, string>> = {}) {
  return prefixes.chain((fieldnameprefix) => {
    const fieldNames = Array.from({ length: COUNT }, (_, i) => fieldnameprefix + i)
    const operations = fc.array(
      operationOf(
        fieldNames.map((name) => encoder.encode(name)),
        shape,
      ),
      { maxLength: 12, size: 'max' },
    )
    return fc.record({ load: operations, run: operations }).map(({ load, run }) => ({
      properties: {
        fieldcount: String(COUNT),
        fieldlength: String(LENGTH),
        fieldnameprefix,
        ...properties,
      },
      phases: [
        { name: 'load', fieldNames, operations: load },
        { name: 'run', fieldNames, operations: run },
      ],
    }))
  })
}

function exported(phases: readonly PlainPhase[], properties: Readonly<Record<string, string>>) {
  const writer = new TraceWriter(path, { workload: 'w', params: {}, keyNumbers: 'dense' })
  pourInto(writer, phases)
  writer.finish(properties)
  return Buffer.concat([...ycsbText(traceWorkload(openTrace(path)))])
}

/** The text does not contain empty phases, so they are left out of the comparison. */
const operationsOf = (phases: readonly PlainPhase[]) =>
  phases
    .filter(({ operations }) => operations.length > 0)
    .map(({ name, operations }) => ({
      name,
      operations: operations.map((one) => ({ ...one, keyNumber: 0 })),
    }))

async function expectSame(phases: readonly PlainPhase[], text: Uint8Array) {
  const again = await imported('ycsb', path, [text])
  expect(again.report.malformed).toBe(0)
  expect(operationsOf(again.phases)).toEqual(operationsOf(phases))
}

describe('YCSB’s text', () => {
  test('keeps every byte of the keys, names and values that it can express', async () => {
    const held = phasesOf(
      {
        key: bytesOf(without(0x20, 0x0a), 1, 12).filter((key) => key.at(-1) !== 0x0d),
        value: bytesOf(without(0x0a), LENGTH, LENGTH),
      },
      { writeallfields: 'true' },
    ).map(({ phases, properties }) => ({
      properties,
      phases: phases.map((phase) => ({
        ...phase,
        operations: phase.operations.filter(({ fieldIndex }) => fieldIndex === ALL_FIELDS),
      })),
    }))
    await fc.assert(
      fc.asyncProperty(held, async ({ phases, properties }) => {
        await expectSame(phases, exported(phases, properties))
      }),
      { numRuns: 60 },
    )
  })

  test('of any operations is refused, or reads back as the same operations', async () => {
    const distribution = fc.constantFrom('constant', 'uniform')
    const any = distribution.chain((fieldlengthdistribution) =>
      phasesOf(
        { key: anyBytes(0, 8), value: anyBytes(0, 2 * LENGTH) },
        { fieldlengthdistribution },
      ),
    )
    let refused = 0
    await fc.assert(
      fc.asyncProperty(any, async ({ phases, properties }) => {
        let text: Uint8Array
        try {
          text = exported(phases, properties)
        } catch (error) {
          expect(isLsmError(error, 'LSM_INVALID_ARGUMENT')).toBe(true)
          refused++
          return
        }
        await expectSame(phases, text)
      }),
      { numRuns: 300 },
    )
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(300)
  })

  const one = (change: Partial<PlainOperation>): PlainOperation => ({
    kind: update,
    keyNumber: 0,
    key: encoder.encode('k'),
    scanLength: 0,
    arrivalNs: -1,
    fieldIndex: 1,
    readFieldIndex: ALL_FIELDS,
    value: encoder.encode('123456'),
    ...change,
  })
  const record = (...fields: readonly [string, string][]) =>
    encodeRecord(
      fields.map(([name, value]) => ({
        name: encoder.encode(name),
        value: encoder.encode(value),
      })),
    )

  test.each<[string, Partial<PlainOperation>, Readonly<Record<string, string>>]>([
    ['an empty key', { key: new Uint8Array(0) }, {}],
    ['a key that holds a space', { key: encoder.encode('a b') }, {}],
    ['a key that holds a newline', { key: encoder.encode('a\n') }, {}],
    ['a key that ends in a carriage return', { kind: remove, key: encoder.encode('a\r') }, {}],
    ['a value that holds a newline', { value: encoder.encode('12345\n') }, {}],
    ['a value that holds a newline', { kind: readModifyWrite, value: encoder.encode('\n') }, {}],
    ['values that hold what looks like another field', { value: encoder.encode('1 field2=3') }, {}],
    ['a value that is not a record', { kind: insert, fieldIndex: ALL_FIELDS }, {}],
    [
      'unknown or repeated field "other"',
      {
        kind: insert,
        fieldIndex: ALL_FIELDS,
        value: record(['other', '123456']),
      },
      {},
    ],
    [
      'a whole record, where the text means one field',
      {
        fieldIndex: ALL_FIELDS,
        value: record(['field1', '123456']),
      },
      {},
    ],
    ['one field, where the text means a whole record', {}, { writeallfields: 'true' }],
    ['the property "note"', {}, { note: 'two\nlines' }],
    ['the load: field 0 is named "field0", by the text', {}, { fieldnameprefix: 'f' }],
  ])('refuses %s', (reason, change, properties) => {
    const operations = [one({}), one(change)]
    const phases = [{ name: 'load', fieldNames: ['field0', 'field1', 'field2'], operations }]
    const all = { fieldcount: '3', fieldlength: '6', ...properties }
    expect(() => exported(phases, all)).toThrow(`YCSB's text cannot hold `)
    expect(() => exported(phases, all)).toThrow(reason)
  })

  test('names the operation it refuses', () => {
    const operations = [one({}), one({ key: encoder.encode('a b') })]
    const phases = [{ name: 'load', fieldNames: ['field0', 'field1'], operations }]
    expect(() => exported(phases, {})).toThrow(
      /operation 2 of the load \(key 0x612062\): a key that holds a space; --format=csv/,
    )
  })
})
