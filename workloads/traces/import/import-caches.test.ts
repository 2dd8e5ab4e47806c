import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { OPERATION_KIND_NAMES } from '../../operation.ts'
import { imported, shown } from '../testing/imported.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-import-caches-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')

/** Bytes of a key that a row of a cache trace can hold. */
const keyBytes = (...excluded: number[]) =>
  fc
    .array(
      fc
        .oneof(fc.nat(255), fc.constantFrom(...Buffer.from(' ,="[]0x\\\r')))
        .filter((byte) => !excluded.includes(byte)),
      { minLength: 1, maxLength: 20 },
    )
    .map((bytes) => Uint8Array.from(bytes))
const NEWLINE = 0x0a
const COMMA = 0x2c

function rowsOf(keys: readonly Uint8Array[], row: (size: number) => readonly [string, string]) {
  return keys.flatMap((key) => {
    const [before, after] = row(key.length)
    return [Buffer.from(before), key, Buffer.from(after)]
  })
}

describe('Twitter’s cache trace', () => {
  test('has one request per row, with arrivals relative to the first', async () => {
    const rows = [
      '100,nz:u:eeW511,8,0,4,get,0',
      '100,nz:u:eeW511,8,312,4,set,86400',
      '101,a,b,c,5,7,9,add,60',
      '103,k1,6,5,9,incr,0',
      '102,k1,2,0,9,gets,0',
      '103,k1,2,0,9,delete,0',
    ]
    const { phases, report } = await imported('twitter', path, [`${rows.join('\n')}\n`])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      'run read nz:u:eeW511 @0',
      'run update nz:u:eeW511 312 B @0',
      'run insert a,b,c 7 B @1000000000',
      'run read-modify-write k10000 5 B @3000000000',
      'run read k1 @2000000000',
      'run delete k1 @3000000000',
    ])
    expect(Object.fromEntries(report.notes)).toEqual({
      'keys longer than the size their row gives': 2,
    })
  })

  test('of any rows reads back completely, even if keys contain commas', async () => {
    const row = fc.record({
      step: fc.nat(5),
      key: fc.stringMatching(/^[!-~]{1,20}$/),
      extra: fc.nat(10),
      bytes: fc.nat(400),
      verb: fc.constantFrom('get', 'set', 'delete'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 40, size: 'max' }),
        async (rows) => {
          let seconds = 1_600_000_000
          const expected: string[] = []
          const lines = rows.map(({ step, key, extra, bytes, verb }, i) => {
            seconds += i === 0 ? 0 : step
            const size = key.length + extra
            const name = { get: 'read', set: 'update', delete: 'delete' }[verb]
            const value = verb === 'set' && bytes > 0 ? ` ${bytes} B` : ''
            const arrival = (seconds - 1_600_000_000) * 1e9
            expected.push(`run ${name} ${key.padEnd(size, '0')}${value} @${arrival}`)
            return `${seconds},${key},${size},${bytes},3,${verb},0`
          })
          const { phases, report } = await imported('twitter', path, [`${lines.join('\n')}\n`])
          expect(shown(phases, OPERATION_KIND_NAMES)).toEqual(expected)
          expect(report).toMatchObject({ malformed: 0, operations: rows.length })
        },
      ),
      { numRuns: 40 },
    )
  })

  test('keeps any bytes of its keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(keyBytes(NEWLINE), { minLength: 1 }), async (keys) => {
        const rows = rowsOf(keys, (size) => ['0,', `,${size},10,1,set,0\n`])
        const { phases, report } = await imported('twitter', path, [Buffer.concat(rows)])
        expect(phases[1]!.operations.map(({ key }) => key)).toEqual(keys)
        expect(report).toMatchObject({ malformed: 0, notes: new Map() })
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    [`0,${'k'.repeat(70_000)},70000,1,1,set,0`, 'a key of 70000 bytes; at most 65535'],
    [`0,${'k'.repeat(70_000)},1,1,1,set,0`, 'a key of 70000 bytes; at most 65535'],
    ['0,k,65536,1,1,get,0', 'a key of 65536 bytes; at most 65535'],
    ['0,k,1,536870913,1,set,0', 'a value of 536870913 bytes; at most 536870912'],
    ['0,k,1,536870913,1,get,0', 'a value of 536870913 bytes; at most 536870912'],
    ['0,k,1,999999999999999,1,set,0', 'a value of 999999999999999 bytes'],
    ['0,k,1,9999999999999999,1,set,0', 'value size "9999999999999999"'],
    ['0,k,1,1.5,1,set,0', 'value size "1.5"'],
    ['0,k,NaN,1,1,set,0', 'key size "NaN"'],
    ['0,k,,1,1,set,0', 'key size ""'],
    ['0,k,-1,1,1,set,0', 'key size "-1"'],
    ['9000000,k,1,1,1,get,0', 'arrived 104 days after the first operation; at most 52'],
  ])('row %# exceeds a limit and is malformed', async (row, reason) => {
    const text = `0,a,1,1,1,get,0\n${row}\n0,b,65535,536870912,1,get,0\n`
    const { malformed, report } = await imported('twitter', path, [text], 1)
    expect(malformed).toEqual([expect.stringContaining(`trace.0:2: ${reason}`)])
    expect(report.operations).toBe(2)
    await expect(imported('twitter', path, [text])).rejects.toThrow(`trace.0:2: ${reason}`)
  })

  test.each([
    ['now,k,1,1,1,get,0', 'timestamp "now"'],
    ['1,k,1,1,get,0', '6 columns'],
    ['1,k,one,1,1,get,0', 'key size "one"'],
    ['1,k,1,-4,1,get,0', 'value size "-4"'],
    ['1,k,1,1,1,GET,0', 'unknown operation "GET"'],
    ['1,,1,1,1,get,0', 'the key is empty'],
  ])('%s is malformed', async (row, reason) => {
    const { malformed } = await imported('twitter', path, [`1,k,1,1,1,get,0\n${row}\n`], 1)
    expect(malformed).toHaveLength(1)
    expect(malformed[0]).toContain(`trace.0:2: ${reason}`)
  })
})

describe('Meta’s kvcache', () => {
  test.each([
    ['202206', 'key,op,size,op_count,key_size', 'k,GET,0,2,3', 'k,SET_LEASE,20,1,3', ''],
    ['202312', 'key,op,size,op_count,key_size,ttl', 'k,GET,0,2,3,5', 'k,SET,20,1,3,5', ''],
    [
      '202210',
      'op_time,key,key_size,op,op_count,size,cache_hits,ttl',
      '1000,k,3,GET_LEASE,2,0,1,5',
      '1000,k,3,SET,1,20,0,5',
      ' @0',
    ],
    [
      '202401',
      'op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase,sub_usecase',
      '1000,k,3,GET,2,0,1,5,a,b',
      '1000,k,3,SET,1,20,0,5,a,b',
      ' @0',
    ],
  ])('of %s: columns by name, and op_count requests per row', async (_, ...given) => {
    const [header, get, set, arrival] = given
    const { phases, report } = await imported('kvcache', path, [`${header}\n${get}\n${set}\n`])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      `run read k00${arrival}`,
      `run read k00${arrival}`,
      `run update k00 20 B${arrival}`,
    ])
    expect(report).toMatchObject({ operations: 3, otherLines: 1, malformed: 0 })
  })

  test('keeps any bytes of its keys', async () => {
    const keys = fc.array(keyBytes(NEWLINE, COMMA), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(keys, async (keys) => {
        const rows = rowsOf(keys, (size) => ['SET,', `,5,1,${size}\n`])
        const text = Buffer.concat([Buffer.from('op,key,size,op_count,key_size\n'), ...rows])
        const { phases, report } = await imported('kvcache', path, [text])
        expect(phases[1]!.operations.map(({ key }) => key)).toEqual(keys)
        expect(report).toMatchObject({ malformed: 0, notes: new Map() })
      }),
      { numRuns: 40 },
    )
  })

  test('gives every write different bytes', async () => {
    const text = 'key,op,size,op_count,key_size\nk,SET,20,3,1\n'
    const { phases } = await imported('kvcache', path, [text])
    const values = phases[1]!.operations.map(({ value }) => value.join())
    expect(new Set(values).size).toBe(3)
    expect((await imported('kvcache', path, [text])).phases).toEqual(phases)
  })

  test.each([
    ['k,FROB,1,1,1', 'unknown operation "FROB"'],
    ['k,GET,1,0,1', 'op_count "0"'],
    ['k,GET,1,10000001,1', 'op_count "10000001" is not a whole number from 1 to 10000000'],
    ['k,GET,1,999999999999999,1', 'op_count "999999999999999"'],
    ['k,GET,1,-1,1', 'op_count "-1"'],
    ['k,SET,536870913,3,1', 'a value of 536870913 bytes; at most 536870912'],
    ['k,SET,1,3,65536', 'a key of 65536 bytes; at most 65535'],
    ['k,SET,1e3,3,1', 'size "1e3"'],
    ['k,GET,x,1,1', 'size "x"'],
    ['k,GET,1,1', '4 columns where the header has 5'],
    [',GET,1,1,1', 'the key is empty'],
  ])('%s is malformed', async (row, reason) => {
    const text = `key,op,size,op_count,key_size\n${row}\nk,GET,1,1,1\n`
    const { malformed, report } = await imported('kvcache', path, [text], 1)
    expect(malformed).toEqual([expect.stringContaining(`trace.0:2: ${reason}`)])
    expect(report.operations).toBe(1)
  })

  test('without a known header is malformed in every line', async () => {
    const text = 'k,GET,1,1,1\nk,GET,1,1,1\n'
    await expect(imported('kvcache', path, [text], 1)).rejects.toThrow('no column "key"')
  })
})
