import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { ByteWriter } from '../../engine/base/coding.ts'
import { equalBytes } from '../../engine/base/compare.ts'
import { isLsmError } from '../../engine/base/errors.ts'
import { ALL_FIELDS, OPERATION_KIND, OPERATION_KIND_NAMES } from '../operation.ts'
import { rocksdbTrace } from './export/rocksdb-trace.ts'
import {
  ROCKSDB_RECORD,
  ROCKSDB_RECORD_HEAD_BYTES,
  ROCKSDB_TRACE_HEADER,
} from './rocksdb-format.ts'
import { imported, shown } from './testing/imported.ts'
import {
  arbitraryOperation,
  type PlainOperation,
  type PlainPhase,
  pourInto,
} from './testing/operations.ts'
import { openTrace, traceWorkload } from './trace-reader.ts'
import { TraceWriter } from './trace-writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-rocksdb-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')
const { read, update, insert, scan, readModifyWrite } = OPERATION_KIND

/** The operations as RocksDB's trace, made from a trace of ours. */
function exported(
  operations: readonly PlainOperation[],
  restMicroseconds = 0,
): {
  readonly bytes: Uint8Array
  readonly counts: { readonly writes: number; readonly gets: number; readonly seeks: number }
} {
  const phases: PlainPhase[] = [
    { name: 'load', fieldNames: [], operations: [] },
    { name: 'run', fieldNames: [], operations },
  ]
  const header = { workload: 'test', params: {}, keyNumbers: 'hashed' } as const
  const writer = new TraceWriter(path, header)
  pourInto(writer, phases)
  writer.finish()
  const counts = { writes: 0, gets: 0, seeks: 0 }
  const workload = traceWorkload(openTrace(path))
  const chunks = [...rocksdbTrace(workload, null, counts, 'all', restMicroseconds)]
  return { bytes: Buffer.concat(chunks), counts }
}

/** The part of an operation that RocksDB's trace can express: a put is a put, a scan is a seek. */
function asRocksdb(one: PlainOperation): readonly PlainOperation[] {
  const bare = { ...one, fieldIndex: ALL_FIELDS, readFieldIndex: ALL_FIELDS }
  const nothing = new Uint8Array(0)
  const get = { ...bare, kind: read, value: nothing }
  const put = { ...bare, kind: update }
  switch (one.kind) {
    case read:
      return [get]
    case update:
    case insert:
      return [put]
    case scan:
      return [{ ...bare, scanLength: 1 }]
    case readModifyWrite:
      return [get, put]
    default:
      return [bare]
  }
}

const microseconds = fc
  .array(fc.tuple(arbitraryOperation('hashed', 0), fc.nat(1e6)), { maxLength: 50, size: 'max' })
  .map((pairs) => {
    let clock = 0
    return pairs.map(([one, step], i) => {
      clock += i === 0 ? 0 : step
      return { ...one, arrivalNs: clock * 1000 }
    })
  })

describe('RocksDB’s trace', () => {
  test('of any operations reads back as the store calls', async () => {
    await fc.assert(
      fc.asyncProperty(microseconds, async (operations) => {
        const { bytes, counts } = exported(operations)
        const { phases, report } = await imported('rocksdb', path, [bytes])
        const expected = operations.flatMap(asRocksdb)
        expect(phases[1]?.operations ?? []).toEqual(expected)
        const of = (...kinds: number[]) =>
          expected.filter(({ kind }) => kinds.includes(kind)).length
        expect(counts).toEqual({
          writes: of(update, OPERATION_KIND.delete),
          gets: of(read),
          seeks: of(scan),
        })
        expect(report.malformed).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test('may end with a rest, a record that a replay waits for and leaves out', async () => {
    const [operations] = fc.sample(
      microseconds.filter((list) => list.length > 10),
      1,
    )
    const plain = exported(operations!)
    const rested = exported(operations!, 5e6)
    expect(rested.counts).toEqual(plain.counts)
    const endAt = plain.bytes.length - ROCKSDB_RECORD_HEAD_BYTES
    const timeAt = (at: number) => Buffer.from(rested.bytes).readBigUInt64LE(at)
    expect(rested.bytes.length).toBe(plain.bytes.length + ROCKSDB_RECORD_HEAD_BYTES)
    expect(rested.bytes[endAt + 8]).toBe(ROCKSDB_RECORD.blockCacheData)
    expect(timeAt(endAt)).toBe(Buffer.from(plain.bytes).readBigUInt64LE(endAt) + 5_000_000n)
    expect(timeAt(plain.bytes.length)).toBe(timeAt(endAt))
  })

  test('that ends early is reported with the offset; complete records are kept', async () => {
    const [operations] = fc.sample(
      microseconds.filter((list) => list.length > 10),
      1,
    )
    const { bytes } = exported(operations!)
    const cut = await imported('rocksdb', path, [bytes.subarray(0, bytes.length - 20)], 1)
    expect(cut.malformed[0]).toMatch(/trace\.0 at offset \d+: the file ends inside a record/)
    const expected = operations!.flatMap(asRocksdb)
    expect(cut.phases[1]!.operations).toEqual(expected.slice(0, -1))
    const unended = await imported('rocksdb', path, [bytes.subarray(0, -13)])
    expect([...unended.report.notes.keys()]).toContainEqual(expect.stringContaining('end record'))
  })

  test('ends at its end record, even if bytes of an older trace follow', async () => {
    const { bytes } = exported([])
    const garbage = new Uint8Array(50).fill(0xff)
    const { report } = await imported('rocksdb', path, [Buffer.concat([bytes, garbage])])
    expect(report).toMatchObject({ operations: 0, malformed: 0 })
  })

  test('of another format or version is refused', async () => {
    await expect(imported('rocksdb', path, ['READ user1\n'])).rejects.toThrow('not a RocksDB trace')
    const old = record(1, ROCKSDB_TRACE_HEADER.replace('0.2', '0.1'))
    await expect(imported('rocksdb', path, [old])).rejects.toThrow('RocksDB trace version 0.1')
    const huge = new ByteWriter()
      .raw(begin())
      .u64(1)
      .u8(4)
      .u32(2 ** 31)
      .copy()
    await expect(imported('rocksdb', path, [huge])).rejects.toThrow(/at offset \d+: a record of/)
  })
})

const bytesOf = (text: string) => new TextEncoder().encode(text)
const record = (type: number, payload: string | Uint8Array, clock = 1): Uint8Array => {
  const bytes = typeof payload === 'string' ? bytesOf(payload) : payload
  return new ByteWriter().u64(clock).u8(type).u32(bytes.length).raw(bytes).copy()
}
const impossibleTime = (): Uint8Array => {
  const bytes = record(4, new ByteWriter().u64(12).u32(0).text('k').view())
  return bytes.fill(0xff, 0, 8)
}
const begin = () => record(ROCKSDB_RECORD.begin, ROCKSDB_TRACE_HEADER)
const batchOf = (records: ByteWriter, count: number) =>
  new ByteWriter().u64(2).prefixed(new ByteWriter().u64(9).u32(count).raw(records.view()).view())

describe('a foreign RocksDB trace', () => {
  test('may hold column families, merges, multi-gets and batches', async () => {
    const puts = new ByteWriter().u8(1).text('a').text('A').u8(5).varint(3).text('b').text('BB')
    puts.u8(7).text('c').u8(2).text('d').text('operand').u8(3).text('a remark').u8(0).text('e')
    const keys = new ByteWriter().text('x').text('y').view()
    const multiGet = new ByteWriter().u64(2 ** 8 + 2 ** 9 + 2 ** 10).u32(2)
    multiGet.prefixed(new ByteWriter().u32(0).u32(0).view()).prefixed(keys)
    const seek = new ByteWriter()
      .u64(2 ** 4 + 2 ** 5 + 2 ** 7)
      .u32(0)
      .text('s')
      .text('upper')
    const trace = [
      begin(),
      record(3, batchOf(puts, 5).view(), 5),
      record(13, multiGet.view(), 7),
      record(6, seek.view(), 8),
      record(2, '', 9),
    ]
    const { phases, report } = await imported('rocksdb', path, [Buffer.concat(trace)])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      'run update a 1 B @0',
      'run update b 2 B @0',
      'run delete c @0',
      'run read-modify-write d 7 B @0',
      'run delete e @0',
      'run read x @2000',
      'run read y @2000',
      'run scan s ×1 @3000',
    ])
    expect([...report.notes.keys()].sort()).toEqual([
      'in a column family of its own: all keys went into one key space',
      'merges: read, then a put of the operand',
      'seeks for the previous key: scans of one record, forwards',
    ])
  })

  test.each([
    ['an unknown operation', record(99, new ByteWriter().u64(0).view()), 'record type 99'],
    ['a torn batch', record(3, batchOf(new ByteWriter().u8(1).u8(200), 1).view()), 'bytes wanted'],
    ['a missing key', record(4, new ByteWriter().u64(4).u32(0).view()), 'part 3 is missing'],
    [
      'a deletion of a range',
      record(3, batchOf(new ByteWriter().u8(15).text('a').text('b'), 1).view()),
      'a deletion of a range',
    ],
    ['a miscounted batch', record(3, batchOf(new ByteWriter(), 1).view()), 'of 0 records'],
    ['a time beyond 2^53', impossibleTime(), 'integer beyond 2^53'],
    [
      'a key that no store accepts',
      record(4, new ByteWriter().u64(12).u32(0).prefixed(new Uint8Array(65_536)).view()),
      'a key of 65536 bytes; at most 65535',
    ],
  ])('with %s is reported with the offset', async (_, bad, reason) => {
    const get = record(4, new ByteWriter().u64(12).u32(0).text('k').view())
    const bytes = Buffer.concat([begin(), get, bad, get, record(2, '')])
    const { malformed, phases } = await imported('rocksdb', path, [bytes], 1)
    expect(malformed).toHaveLength(1)
    expect(malformed[0]).toContain(`trace.0 at offset ${begin().length + get.length}: `)
    expect(malformed[0]).toContain(reason)
    expect(phases[1]!.operations).toHaveLength(2)
  })
})

test('a batch keeps the entries beside one that no store accepts', async () => {
  const entries = new ByteWriter().u8(1).text('a').text('A')
  entries.u8(1).prefixed(new Uint8Array(65_536)).text('B').u8(1).text('c').text('C')
  const trace = Buffer.concat([begin(), record(3, batchOf(entries, 3).view()), record(2, '')])
  const { phases, malformed } = await imported('rocksdb', path, [trace], 1)
  expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
    'run update a 1 B @0',
    'run update c 1 B @0',
  ])
  expect(malformed).toEqual([expect.stringContaining('a key of 65536 bytes; at most 65535')])
})

test('a record that spans many chunks is read completely', async () => {
  const value = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) % 251)
  const entries = new ByteWriter().u8(1).text('a').prefixed(value)
  const write = record(3, batchOf(entries, 1).view())
  const trace = Buffer.concat([begin(), write, write, record(2, '')])
  const { phases } = await imported('rocksdb', path, [trace])
  expect(phases[1]!.operations.map((one) => equalBytes(one.value, value))).toEqual([true, true])
})

test('a damaged trace gives operations, malformed records or a one-line error', async () => {
  const [operations] = fc.sample(
    microseconds.filter((list) => list.length > 10),
    1,
  )
  const { bytes } = exported(operations!)
  const damage = fc.record({
    at: fc.nat(bytes.length - 1),
    byte: fc.nat(255),
    length: fc.nat(bytes.length),
  })
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, byte, length }) => {
      const damaged = Uint8Array.from(bytes.subarray(0, length))
      if (at < length) damaged[at] = byte
      const error = await imported('rocksdb', path, [damaged], 1000).catch(
        (error: unknown) => error,
      )
      if (error instanceof Error) {
        expect(isLsmError(error), String(error.stack)).toBe(true)
        expect(error.message).not.toContain('\n')
      }
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['6b 1 0 536870913 1000', 'a value of 536870913 bytes; at most 536870912'],
  [`6b 1 0 ${'9'.repeat(40)} 1000`, 'a value of 1e+40 bytes'],
  [`${'6b'.repeat(65_536)} 0 0 0 1000`, 'a key of 65536 bytes; at most 65535'],
  ['6b 0 0 0 -1', 'not "hex-key type'],
  ['6b 1 0 1.5 1000', 'not "hex-key type'],
])('line %# of trace_analyzer is malformed', async (line, reason) => {
  const { malformed, report } = await imported('rocksdb-text', path, [`${line}\n6b 0 0 0 1\n`], 1)
  expect(malformed).toEqual([expect.stringContaining(`trace.0:1: ${reason}`)])
  expect(report.operations).toBe(1)
})

test('trace_analyzer’s text becomes operations with made-up values', async () => {
  const lines = [
    '0x6b31 1 0 5 1000',
    '6B31 0 0 0 1002',
    '6b32 2 0 0 1003',
    '6b 6 1 0 1004',
    ' 8 0 0 1004',
  ]
  const { phases, malformed, report } = await imported(
    'rocksdb-text',
    path,
    [`${[...lines, '6b 4 0 0 1', '6bb 0 0 0 1', '6b 0 0 0'].join('\n')}\n`],
    3,
  )
  expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
    'run update k1 5 B @0',
    'run read k1 @2000',
    'run delete k2 @3000',
    'run scan k ×1 @4000',
    'run read @4000',
  ])
  expect(malformed).toEqual([
    expect.stringContaining('trace.0:6: operation type 4'),
    expect.stringContaining('trace.0:7: the key has half a byte'),
    expect.stringContaining('trace.0:8: not "hex-key'),
  ])
  expect(report.notes.size).toBe(2)
})
