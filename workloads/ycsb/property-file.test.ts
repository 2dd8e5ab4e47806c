import { describe, expect, test } from 'vitest'
import { WORKLOADS } from '../catalog.ts'
import { javaStringHash } from '../java-collections.ts'
import { Operation, type OperationStream } from '../operation.ts'
import { decodeRecord } from '../record-codec.ts'
import { REFERENCE_SEED, REFERENCE_TRACES, sha256Of } from '../testing/reference.ts'
import { ycsbText } from '../traces/ycsb-text.ts'
import { propertyFileWorkload, readProperties } from './property-file.ts'

/** YCSB's unchanged `workloads/workloadf`, including comments and blank lines. */
const WORKLOAD_F = `# Yahoo! Cloud System Benchmark
# Workload F: Read-modify-write workload
#   Application example: user database, where user records are read and modified by the user
#                        or to record user activity.

recordcount=1000
operationcount=1000
workload=site.ycsb.workloads.CoreWorkload

readallfields=true

readproportion=0.5
updateproportion=0
scanproportion=0
insertproportion=0
readmodifywriteproportion=0.5

requestdistribution=zipfian

`

function read(text: string, siblings: Readonly<Record<string, string>> = {}) {
  const readSibling = (path: string) => siblings[path] ?? 'nothing'
  return propertyFileWorkload({ name: 'mine', path: './mine.properties', text, readSibling })
}

const context = { records: 50, operations: 200, seed: 42, repeat: 0 }

function drain(stream: OperationStream) {
  const operation = new Operation()
  const seen: { key: number; kind: number; value: Uint8Array; text: string }[] = []
  while (stream.next(operation)) {
    const { kind, keyNumber } = operation
    const text = String.fromCharCode(...operation.key)
    seen.push({ kind, text, key: keyNumber, value: stream.value(operation).slice() })
    stream.acknowledge(operation)
  }
  return seen
}

describe('a YCSB property file', () => {
  test('is accepted unchanged: its sizes, and the stream of the preset', () => {
    const workload = read(WORKLOAD_F)
    expect(workload.size).toEqual({ records: 1000, operations: 1000 })
    expect(workload.withoutEffect).toEqual([])
    expect(workload.sources.readproportion).toBe('./mine.properties')
    expect(workload.sources.fieldcount).toBe('YCSB 0.17.0, CoreWorkload')
    const reference = { ...context, reference: true }
    const preset = WORKLOADS.get('ycsb-f')!.create({}, reference)
    const { phases } = workload.create({}, reference)
    expect(drain(phases[0]!.stream)).toEqual(drain(preset.phases[0]!.stream))
  })

  test.each(REFERENCE_TRACES.map((trace, index) => [index, trace] as const))(
    'gives YCSB’s own trace %i byte for byte',
    (_, { workload, params, records, operations, sha256 }) => {
      const preset = WORKLOADS.get(workload)!.create({}, context).properties
      const properties = { ...preset, ...params, recordcount: records, operationcount: operations }
      const lines = Object.entries(properties).map(([name, value]) => `${name}=${String(value)}`)
      const file = read(lines.join('\n'))
      const size = { records: file.size!.records!, operations: file.size!.operations! }
      const seed = { seed: REFERENCE_SEED, repeat: 0, reference: true }
      expect(sha256Of(ycsbText(file.create({}, { ...size, ...seed })))).toBe(sha256)
    },
  )

  test('names the properties without effect on the stream, including a database’s', () => {
    const text = `${WORKLOAD_F}threadcount=8\nmeasurementtype=hdrhistogram\nrocksdb.dir=/tmp/x\ntable=t\n`
    const workload = read(text)
    const listed = ['threadcount', 'measurementtype', 'rocksdb.dir', 'table']
    expect(workload.withoutEffect).toEqual(listed)
    expect(workload.parse({})).toEqual(read(WORKLOAD_F).parse({}))
  })

  test('is overridden by flags', () => {
    expect(read(WORKLOAD_F).parse({ readproportion: 0.25 })).toMatchObject({
      readproportion: 0.25,
      readmodifywriteproportion: 0.5,
    })
  })

  test('with dotransactions=false is only the load', () => {
    expect(read(`${WORKLOAD_F}dotransactions=false`).create({}, context).phases).toEqual([])
  })

  test.each([
    [
      'readpropotion=1',
      'line 1: unknown YCSB property "readpropotion"; did you mean "readproportion"?',
    ],
    ['\n\nfieldcont=1', 'line 3: unknown YCSB property "fieldcont"; did you mean "fieldcount"?'],
    ['threadcuont=1', '"threadcuont"; did you mean "threadcount"?'],
    ['exponential.fraction=1', '"exponential.fraction"; did you mean "exponential.frac"?'],
    ['fieldcount=many', 'line 1: fieldcount=many: '],
    ['fieldcount=0', 'line 1: fieldcount=0: '],
    ['requestdistribution=zipf', 'line 1: requestdistribution=zipf: '],
    ['fieldcount=0x10', 'line 1: fieldcount=0x10: '],
    ['fieldcount=1,000', 'line 1: fieldcount=1,000: '],
    ['readproportion=0b1', 'line 1: readproportion=0b1: '],
    ['readproportion=Infinity', 'line 1: readproportion=Infinity: '],
    ['recordcount=99999999999999999999', 'recordcount=99999999999999999999: too large'],
    ['recordcount=1e3', 'line 1: recordcount=1e3: expected a whole number'],
    ['workload=site.ycsb.workloads.TimeSeriesWorkload', "only YCSB's CoreWorkload is known here"],
  ])('%j is refused in one line', (text, message) => {
    const refusal = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    expect(() => read(text)).toThrow(refusal)
    expect(() => read(text)).toThrow(message)
    expect(() => read(text)).toThrow('./mine.properties')
    expect(() => read(text)).not.toThrow(/\n/)
  })
})

test('its lines are parsed as by java.util.Properties', () => {
  const text = [
    '# a comment',
    '! another',
    '  a = 1  ',
    'b: 2',
    'c 3',
    'd\\=e = 4\\\n   5',
    'f=\\u0041\\t\\\\',
    'empty',
    'a=6',
  ].join('\r\n')
  expect(
    readProperties(text.replace('\\\n', '\\\r\n')).map(({ name, value }) => [name, value]),
  ).toEqual([
    ['a', '6'],
    ['b', '2'],
    ['c', '3'],
    ['d=e', '45'],
    ['f', 'A\t\\'],
    ['empty', ''],
  ])
})

describe('part of a table', () => {
  const text = 'insertstart=20\ninsertcount=10\nrequestdistribution=uniform\nrecordcount=50\n'

  test('insertstart and insertcount select the loaded records and limit the requests', () => {
    const { load, phases } = read(text).create({}, context)
    expect(drain(load).map(({ key }) => key)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
    const asked = new Set(drain(phases[0]!.stream).map(({ key }) => key))
    expect([...asked].toSorted()).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
  })

  test('beyond recordcount they are refused', () => {
    const create = () => read(text).create({}, { ...context, records: 29 })
    expect(create).toThrow('insertstart=20 and insertcount=10 go beyond recordcount=29')
  })
})

describe('dataintegrity', () => {
  /** `buildDeterministicValue`, with whole strings hashed each time, as YCSB does. */
  function expected(key: string, field: string, size: number): string {
    let text = `${key}:${field}`
    while (text.length < size) {
      text += ':'
      text += String(javaStringHash(text))
    }
    return text.slice(0, size)
  }

  test.each([0, 5, 22, 100])('values of %i bytes are computed from key and field', (size) => {
    const workload = read(`dataintegrity=true\nfieldcount=3\nfieldlength=${size}`)
    const { load } = workload.create({}, context)
    for (const { text, value } of drain(load)) {
      for (const field of decodeRecord(value)) {
        const name = String.fromCharCode(...field.name)
        expect(String.fromCharCode(...field.value)).toBe(expected(text, name, size))
      }
    }
  })

  test('an update of one field has that field’s value', () => {
    const { phases } = read('dataintegrity=true\nfieldcount=1\nupdateproportion=1').create(
      {},
      context,
    )
    for (const { text, value } of drain(phases[0]!.stream)) {
      if (value.length > 0)
        expect(String.fromCharCode(...value)).toBe(expected(text, 'field0', 100))
    }
  })
})

describe('a histogram of field lengths', () => {
  const file = 'fieldlengthdistribution=histogram\nfieldlengthhistogram=h.txt\nfieldcount=1'

  test('is read from the neighbouring file', () => {
    const histogram = 'BlockSize\t10\n0\t1\n1\t3\n2\t0\n'
    const { load } = read(file, { 'h.txt': histogram }).create({}, { ...context, records: 2000 })
    const counts = new Map<number, number>()
    for (const { value } of drain(load)) {
      const { length } = decodeRecord(value)[0]!.value
      counts.set(length, (counts.get(length) ?? 0) + 1)
    }
    // A draw of 0 … 3 minus the bucket's count, at most 0: two of four draws fall in the first
    // bucket.
    expect([...counts.keys()].toSorted()).toEqual([10, 20])
    expect(counts.get(10)! / 2000).toBeCloseTo(0.5, 1)
  })

  test.each([
    ['Blocks\t10', 'line 1: expected "BlockSize"'],
    ['BlockSize\t10\n1\t5', 'line 2: expected bucket 0'],
    ['BlockSize\t10\n0\t5\n1\tmany', 'line 3: expected bucket 1'],
    ['BlockSize\t10\n0\t0', 'the counts sum to 0'],
  ])('%j is refused', (histogram, message) => {
    const workload = read(file, { 'h.txt': histogram })
    expect(() => workload.create({}, context)).toThrow(message)
  })

  test('is allowed only with its distribution', () => {
    expect(() => read('fieldlengthdistribution=histogram').parse({})).toThrow(
      /fieldlengthhistogram goes/,
    )
  })
})
