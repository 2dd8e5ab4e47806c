import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeSettings, readSettings } from './settings.ts'

const schema = z.strictObject({
  memtableBytes: z.int().min(4096).max(65_536).default(8192).describe('The buffer.'),
  compression: z.enum(['none', 'lz4']).default('none'),
  ratio: z.number().gt(0).lt(1).default(0.5),
  sync: z.boolean().default(false),
  maxAgeMs: z.int().min(1).nullable().default(null),
})

const read = (given: Record<string, string | number | boolean>) =>
  readSettings(schema, given, 'engine option')

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
  [{ maxAgeMs: '0' }, 'engine option maxAgeMs=0: expected integer ≥ 1 or null'],
])('%j is refused', (given, message) => expect(() => read(given)).toThrow(message))

test('settings describe themselves', () => {
  expect(describeSettings(schema)[0]).toEqual({
    name: 'memtableBytes',
    default: 8192,
    range: 'integer 4096 … 65536',
    description: 'The buffer.',
  })
})

test('settings of a group go by its name and theirs', () => {
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

test('a dot in a name is no group', () => {
  const dotted = z.strictObject({ 'a.b': z.number().default(1) })
  expect(readSettings(dotted, { 'a.b': '2.5' }, 'parameter')).toEqual({ 'a.b': 2.5 })
})
