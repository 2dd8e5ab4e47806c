import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { WORKLOADS } from '../../catalog.ts'
import { ALL_FIELDS, OPERATION_KIND_NAMES } from '../../operation.ts'
import { decodeRecord } from '../../record-codec.ts'
import { imported, shown } from '../testing/imported.ts'
import { plainPhases } from '../testing/operations.ts'
import { ycsbText } from '../ycsb-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-import-ycsb-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')

/** As the client prints it. Records have one field of eight bytes, except the ten-field insert. */
const CLIENT_OUTPUT = `***************** properties *****************
"fieldlength"="8"
"fieldcount"="3"
"dotransactions"="true"
"workload"="site.ycsb.workloads.CoreWorkload"
**********************************************
READ usertable user1 [ <all fields>]
READ usertable user2 [ field1 ]
UPDATE usertable user3 [ field2= a=b ]c[ ]
INSERT usertable user4 [ field1= field0= field0=01234567 field2=xxxxxxx  ]
SCAN usertable user5 17 [ <all fields>]
DELETE usertable user6
[OVERALL], RunTime(ms), 731
[READ], Operations, 2
`

describe('a YCSB client’s output', () => {
  test('becomes operations; properties and statistics are skipped', async () => {
    const { phases, report, properties } = await imported('ycsb', path, [CLIENT_OUTPUT])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      'run read user1',
      'run read user2',
      'run update user3 8 B',
      'run insert user4 66 B',
      'run scan user5 ×17',
      'run delete user6',
    ])
    expect(report).toMatchObject({ operations: 6, otherLines: 8, malformed: 0 })
    expect(properties.fieldlength).toBe('8')
    expect(phases.map(({ name }) => name)).toEqual(['load', 'run'])
  })

  test('separates fields by their length, for any bytes', async () => {
    const { phases } = await imported('ycsb', path, [CLIENT_OUTPUT])
    const [all, one, update, insert] = phases[1]!.operations
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
    expect([all!.readFieldIndex, one!.readFieldIndex]).toEqual([ALL_FIELDS, 1])
    expect([update!.fieldIndex, text(update!.value)]).toEqual([2, ' a=b ]c['])
    expect(insert!.fieldIndex).toBe(ALL_FIELDS)
    expect(decodeRecord(insert!.value).map(({ name, value }) => [text(name), text(value)])).toEqual(
      [
        ['field1', ' field0='],
        ['field0', '01234567'],
        ['field2', 'xxxxxxx '],
      ],
    )
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('is read as %s too, whatever its name', async (_, pack) => {
    const plain = await imported('ycsb', path, [CLIENT_OUTPUT])
    const packed = await imported('ycsb', path, [pack(CLIENT_OUTPUT)])
    expect(packed.phases).toEqual(plain.phases)
    const torn = pack(CLIENT_OUTPUT).subarray(0, -20)
    await expect(imported('ycsb', path, [torn])).rejects.toThrow(/trace\.0.*: damaged or truncated/)
  })

  test('of a load and of a run make one trace from two files', async () => {
    const load = '"dotransactions"="false"\nINSERT usertable user1 [ field0=a ]\n'
    const run = '"dotransactions"="true"\r\nREAD usertable user1 [ <all fields>]\r\n'
    const { phases } = await imported('ycsb', path, [load, run])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      'load insert user1 15 B',
      'run read user1',
    ])
  })

  test('may have the short form: the verb and the key', async () => {
    const text = 'UPDATE user1\nREAD user2\nSCAN user3 7\nINSERT user4\nDELETE user5\n'
    const { phases, report } = await imported('ycsb', path, [text])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      'run update user1 100 B',
      'run read user2',
      'run scan user3 ×7',
      'run insert user4 1140 B',
      'run delete user5',
    ])
    const [update, , , insert] = phases[1]!.operations
    expect(update!.fieldIndex).toBe(0)
    expect(decodeRecord(insert!.value)).toHaveLength(10)
    expect([...report.notes.values()]).toEqual([2])
  })

  test.each([
    ['READS usertable user1 [ <all fields>]', 'neither an operation'],
    ['READ usertable user1 [ <all fields>', 'the fields are not closed'],
    ['READ usertable user1 [ field77 ]', 'unknown field "field77"'],
    ['READ', 'neither an operation'],
    ['READ usertable user 1 [ <all fields>]', '4 words before the fields'],
    ['SCAN usertable user1 many [ <all fields>]', 'scan length "many"'],
    ['UPDATE usertable user1 [ ]', 'a write without fields'],
    ['INSERT usertable user1 [ colour=red ]', 'unknown or repeated field "colour"'],
    [`INSERT ${'k'.repeat(70_000)}`, 'a key of 70000 bytes; at most 65535'],
    ['"fieldcount"="1000000000000"', 'property fieldcount: 1000000000000 fields; it takes 1'],
    ['"fieldcount"="0"', 'property fieldcount: 0 fields; it takes 1 to 10000'],
    ['"fieldlength"="-1"', 'property fieldlength: "-1" is not a whole number'],
  ])('%s is malformed: the error has file, line, reason and limit', async (line, reason) => {
    const text = `READ user1\n${line}\nREAD user2\n${line}\n`
    const passed = await imported('ycsb', path, [text], 2)
    expect(passed.phases[1]!.operations).toHaveLength(2)
    expect(passed.report.malformed).toBe(2)
    expect(passed.malformed[0]).toContain(`${path}.0:2: ${reason}`)
    expect(passed.malformed[1]).toContain(`${path}.0:4: ${reason}`)
    await expect(imported('ycsb', path, [text], 1)).rejects.toThrow(`${path}.0:4: ${reason}`)
    await expect(imported('ycsb', path, [text], 0)).rejects.toThrow(`${path}.0:2: ${reason}`)
  })
})

test('sizes that no store accepts are malformed where they are used', async () => {
  const text = '"fieldlength"="600000000"\nREAD user1\nINSERT user2\nUPDATE user3\n'
  const { malformed, report } = await imported('ycsb', path, [text], 2)
  expect(malformed).toEqual([
    expect.stringContaining('trace.0:3: a value of 6000000140 bytes; at most 536870912'),
    expect.stringContaining('trace.0:4: a value of 600000000 bytes; at most 536870912'),
  ])
  expect(report.operations).toBe(1)
})

test('properties that are not UTF-8 are malformed', async () => {
  const text = Buffer.from('"fieldnameprefix"="f\xe4"\nREAD user1\n', 'latin1')
  await expect(imported('ycsb', path, [text])).rejects.toThrow('trace.0:1: a property that is not')
})

test('a key in the short form keeps its last byte', async () => {
  const key = Buffer.from('user\xa0', 'latin1')
  const text = Buffer.concat([Buffer.from('READ '), key, Buffer.from('\nDELETE '), key])
  const { phases } = await imported('ycsb', path, [text])
  const bytes = Uint8Array.from(key)
  expect(phases[1]!.operations.map(({ key }) => key)).toEqual([bytes, bytes])
})

describe('our own text', () => {
  type Phases = ReturnType<typeof plainPhases>
  const withoutNumbers = (phases: Phases) =>
    phases.map(({ operations, ...phase }) => ({
      ...phase,
      operations: operations.map((one) => ({ ...one, keyNumber: 0 })),
    }))

  test('of any workload reads back as the same operations', async () => {
    const workload = fc.record({
      name: fc.constantFrom('ycsb-a', 'ycsb-b', 'ycsb-d', 'ycsb-e'),
      seed: fc.nat(1e9),
      fieldcount: fc.integer({ min: 1, max: 12 }),
      fieldlength: fc.nat(60),
      fieldlengthdistribution: fc.constantFrom('constant', 'uniform'),
      readallfields: fc.boolean(),
      writeallfields: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(workload, async ({ name, seed, ...params }) => {
        const given = { ...params, minfieldlength: 0 }
        const size = { records: 15, operations: 40, seed, repeat: 0 }
        const create = () => WORKLOADS.get(name)!.create(given, size)
        const { phases, report } = await imported('ycsb', path, [
          Buffer.concat([...ycsbText(create())]),
        ])
        expect(report.malformed).toBe(0)
        expect(withoutNumbers(phases as Phases)).toEqual(withoutNumbers(plainPhases(create())))
      }),
      { numRuns: 25 },
    )
  })
})

const reference = process.env.VARVE_YCSB_DATA ?? ''
const files = [
  ...['client/load-a', 'client/run-a', 'golden/ops-seed42-a', 'golden/ops-seed42-f'],
  ...['seeded/wl-a', 'seeded/wl-b', 'seeded/wl-d', 'seeded/wl-f'],
].map((name) => `${name}.txt.gz`)
const title =
  reference === ''
    ? "YCSB's own output: not imported, since VARVE_YCSB_DATA names no folder"
    : `YCSB's own output in ${reference}`

describe.skipIf(reference === '')(title, () => {
  test.each(files)('%s: no line is skipped', async (name) => {
    const file = join(reference, name)
    expect(existsSync(file)).toBe(true)
    const { report } = await imported('ycsb', path, [readFileSync(file)])
    expect(report.malformed).toBe(0)
    expect(report.operations).toBeGreaterThanOrEqual(1000)
  })
})
