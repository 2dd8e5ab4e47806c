import { expect, test } from 'vitest'
import type { SuiteResult } from '../../../results/suite-schema.ts'
import { lookOf } from '../../cli/terminal.ts'
import { atMostClaim, equalClaim, type Suite, withinClaim } from '../../suites/suite.ts'
import { suiteTables } from './suite-table.ts'

test('claims that do not hold come last, in capitals', () => {
  const suite = { columns: [{ heading: 'buffers', figure: 'buffers' }] } as unknown as Suite
  const result = {
    runs: [
      { name: 'one', figures: { buffers: 335, other: 1 } },
      { name: 'levels', figures: { buffers: '0 0 0 1 4 22 88' } },
      { name: 'two', figures: {} },
    ],
    claims: [
      equalClaim('tables', 'abcdefabcdefabcd', '0123', 'source'),
      withinClaim('copies', 4.0117, 3.75, 0.08, 'source'),
      atMostClaim('memory', 100, 200, 'source'),
    ],
  } as unknown as SuiteResult
  const lines = suiteTables(suite, result, lookOf({}))
    .split('\n')
    .filter((line) => !/^[┌├└]/.test(line))
    .map((line) => line.replaceAll(/ +/g, ' '))
  expect(lines).toEqual([
    '│ run │ buffers │',
    '│ one │ 335 │',
    '│ levels │ 0 0 0 1 4 22 88 │',
    '│ two │ – │',
    '│ claim │ measured │ expected │ held │',
    '│ copies │ 4.012 │ 3.75 ± 8 % │ held │',
    '│ memory │ 100 │ ≤ 200 │ held │',
    '│ tables │ abcdefabcdef… │ 0123 │ NOT HELD │',
    '2 of 3 claims held',
  ])
})
