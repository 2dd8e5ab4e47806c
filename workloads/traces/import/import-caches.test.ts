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

describe('Twitter’s cache trace', () => {
  test('is a request a row, its arrival in seconds since the first', async () => {
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

  test('of any rows reads back whole, whatever commas its keys hold', async () => {
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
  ])('of %s: columns by their names, a row so many requests', async (_, ...given) => {
    const [header, get, set, arrival] = given
    const { phases, report } = await imported('kvcache', path, [`${header}\n${get}\n${set}\n`])
    expect(shown(phases, OPERATION_KIND_NAMES)).toEqual([
      `run read k00${arrival}`,
      `run read k00${arrival}`,
      `run update k00 20 B${arrival}`,
    ])
    expect(report).toMatchObject({ operations: 3, otherLines: 1, malformed: 0 })
  })

  test('gives every write bytes of its own', async () => {
    const text = 'key,op,size,op_count,key_size\nk,SET,20,3,1\n'
    const { phases } = await imported('kvcache', path, [text])
    const values = phases[1]!.operations.map(({ value }) => value.join())
    expect(new Set(values).size).toBe(3)
    expect((await imported('kvcache', path, [text])).phases).toEqual(phases)
  })

  test.each([
    ['k,FROB,1,1,1', 'unknown operation "FROB"'],
    ['k,GET,1,0,1', 'op_count "0"'],
    ['k,GET,x,1,1', 'size "x"'],
    ['k,GET,1,1', '4 columns where the header has 5'],
    [',GET,1,1,1', 'the key is empty'],
  ])('%s is malformed', async (row, reason) => {
    const text = `key,op,size,op_count,key_size\n${row}\nk,GET,1,1,1\n`
    const { malformed, report } = await imported('kvcache', path, [text], 1)
    expect(malformed).toEqual([expect.stringContaining(`trace.0:2: ${reason}`)])
    expect(report.operations).toBe(1)
  })

  test('without a header it knows is malformed throughout', async () => {
    const text = 'k,GET,1,1,1\nk,GET,1,1,1\n'
    await expect(imported('kvcache', path, [text], 1)).rejects.toThrow('no column "key"')
  })
})
