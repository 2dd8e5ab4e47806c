import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeSettings, readSettings, type SettingValue, textOfSetting } from './settings.ts'

const runs = z.int().min(1).max(999)
const schema = z.strictObject({
  memtableBytes: z.int().min(4096).max(65_536).default(8192).describe('The buffer.'),
  compression: z.enum(['none', 'lz4']).default('none'),
  ratio: z.number().gt(0).lt(1).default(0.5),
  sync: z.boolean().default(false),
  maxAgeMs: z.int().min(1).nullable().default(null),
  runs: z.union([runs, z.array(runs).min(1)]).default([3, 1]),
  names: z.array(z.string()).default([]),
})

const read = (given: Readonly<Record<string, SettingValue>>) =>
  readSettings(schema, given, 'engine option', '--set')

test('values take the type of their schema', () => {
  expect(
    read({ memtableBytes: '16KiB', compression: 'lz4', sync: 'true', maxAgeMs: '2k' }),
  ).toEqual({ memtableBytes: 16_384, compression: 'lz4', sync: true, maxAgeMs: 2000 })
  expect(read({ maxAgeMs: 'null' })).toEqual({ maxAgeMs: null })
})

test.each([
  [{ memtablebytes: '1' }, 'unknown engine option "memtablebytes"; did you mean "memtableBytes"?'],
  [{ memtableBytes: '1KiB' }, 'engine option memtableBytes=1KiB: expected integer 4096 … 65536'],
  [{ compression: 'gzip' }, 'engine option compression=gzip: expected one of none, lz4'],
  [{ ratio: '1' }, 'engine option ratio=1: expected number > 0 and < 1'],
  [{ sync: 'maybe' }, 'engine option sync=maybe: expected boolean'],
  [{ ratio: '0.2,0.4' }, 'ratio=0.2,0.4: takes one value (--set=ratio=0.2), not 2'],
  [{ ratio: [0.2, 0.4] }, 'ratio=0.2,0.4: takes one value (--set=ratio=0.2), not 2'],
  [{ memtableBytes: '8KiB,16KiB' }, 'takes one value (--set=memtableBytes=8KiB), not 2'],
  [{ compression: 'lz4,none' }, 'takes one value (--set=compression=lz4), not 2'],
  [{ memtableBytes: '8.192' }, 'memtableBytes=8.192: expected integer'],
  [{ ratio: '1e-320' }, 'ratio=1e-320: expected number'],
  [{ runs: '3,x' }, 'runs=3,x: expected integer 1 … 999, or a list of them: a,b,c'],
  [{ runs: [[1]] as never }, 'expected integer 1 … 999, or a list'],
  [{ sync: 1 }, 'engine option sync=1: expected boolean'],
  [JSON.parse('{"__proto__": 1}'), 'unknown engine option "__proto__"'],
  [{ constructor: 1 } as never, 'unknown engine option "constructor"'],
  [{ maxAgeMs: '0' }, 'engine option maxAgeMs=0: expected integer ≥ 1 or null'],
])('%j is refused', (given, message) => expect(() => read(given)).toThrow(message))

test('a list is typed with commas, also where it could be a number with separators', () => {
  expect(read({ runs: '9,2,1', names: 'a' })).toEqual({ runs: [9, 2, 1], names: ['a'] })
  expect(read({ runs: '1,234' })).toEqual({ runs: [1, 234] })
  expect(read({ runs: '234' })).toEqual({ runs: 234 })
  expect(read({ runs: [5, 6], maxAgeMs: null })).toEqual({ runs: [5, 6], maxAgeMs: null })
  for (const runs of [[7], [7, 8], 7]) expect(read({ runs: textOfSetting(runs) })).toEqual({ runs })
})

test('settings are described by their schema', () => {
  expect(describeSettings(schema)[0]).toEqual({
    name: 'memtableBytes',
    default: 8192,
    range: 'integer 4096 … 65536',
    description: 'The buffer.',
  })
})

test('settings of a group are named by group and name', () => {
  const grouped = z.strictObject({
    sync: z.boolean().default(false),
    log: z.strictObject({ limitBytes: z.int().min(1).default(64), on: z.boolean() }).prefault({
      on: false,
    }),
  })
  const given = { 'log.limitBytes': '1KiB', sync: 'true', 'log.on': 'true' }
  const values = { sync: true, log: { limitBytes: 1024, on: true } }
  expect(readSettings(grouped, given, 'engine option')).toEqual(values)
  expect(describeSettings(grouped).map(({ name }) => name)).toEqual([
    'sync',
    'log.limitBytes',
    'log.on',
  ])
  expect(() => readSettings(grouped, { 'log.limit': '1' }, 'engine option')).toThrow(
    'did you mean "log.limitBytes"?',
  )
})

test('a dot in a name does not make a group', () => {
  const dotted = z.strictObject({ 'a.b': z.number().default(1) })
  expect(readSettings(dotted, { 'a.b': '2.5' }, 'parameter')).toEqual({ 'a.b': 2.5 })
})
