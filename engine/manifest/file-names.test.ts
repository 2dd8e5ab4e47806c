import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CURRENT,
  lostName,
  manifestName,
  numberAbove,
  optionsName,
  parseName,
  segmentName,
  tableName,
  temporaryName,
  walName,
} from './file-names.ts'

test('names equal RocksDB’s', () => {
  expect([tableName(7), walName(12), manifestName(4), optionsName(5), temporaryName(6)]).toEqual([
    '000007.sst',
    '000012.log',
    'MANIFEST-000004',
    'OPTIONS-000005',
    '000006.dbtmp',
  ])
  expect(tableName(1234567)).toBe('1234567.sst')
})

test('every name parses to the parts it was made of', () => {
  const makers = { table: tableName, wal: walName, manifest: manifestName, options: optionsName }
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (number) => {
      for (const [kind, nameOf] of Object.entries(makers)) {
        expect(parseName(nameOf(number))).toEqual({ kind, number })
      }
      expect(parseName(temporaryName(number))).toEqual({ kind: 'temporary', number })
    }),
  )
  expect(parseName(CURRENT)).toEqual({ kind: 'current', number: 0 })
})

test('a file that was set aside keeps its number and has its own kind', () => {
  expect(parseName(lostName(tableName(7)))).toEqual({ kind: 'lost', number: 7 })
  expect(parseName(lostName(walName(12)))).toEqual({ kind: 'lost', number: 12 })
  expect(parseName('notes.lost')).toBeNull()
})

test('the next number is above all taken numbers, and a number far above the counter is refused', () => {
  const names = [tableName(7), lostName(segmentName(30)), 'notes', CURRENT]
  expect(numberAbove('/db', names, 12)).toBe(31)
  expect(numberAbove('/db', names, 40)).toBe(40)
  const stray = walName(Number.MAX_SAFE_INTEGER)
  expect(() => numberAbove('/db', [...names, stray], 12)).toThrow(
    `/db/${stray}: not a file of this database, whose next number is 12; move it away`,
  )
})

test.each([
  '12.sst',
  '0000012.sst',
  '000012.sst.bak',
  'x000012.sst',
  '000012',
  'MANIFEST-12',
  'MANIFEST-000012.tmp',
  '000012.SST',
  'current',
  'LOCK',
  '',
  '99999999999999999999.sst',
])('%j is not a name of ours', (name) => {
  expect(parseName(name)).toBeNull()
})
