import { expect, test } from 'vitest'
import { explainReason } from './formula.ts'

test.each([
  ['runs ≥ T', { level: 1, runs: 4, T: 4 }, {}, 'runs ≥ T: 4 ≥ 4 (level 1)'],
  ['runs(0) ≥ 1', { runs: 3 }, {}, 'runs(0) ≥ 1: 3 ≥ 1'],
  [
    'bytes ≥ (T − ½)·unit',
    { level: 1, bytes: 4413440, limit: 3670016, unit: 1048576 },
    { T: 4 },
    'bytes ≥ (T − ½)·unit: 4,413,440 ≥ (4 − ½)·1,048,576 (level 1, limit 3,670,016)',
  ],
  ['age ≥ ttl', { age: 1.23456789 }, { ttl: 'one day' }, 'age ≥ ttl: 1.235 ≥ one day'],
  ['something is old', {}, {}, 'something is old'],
])('%s with %j', (formula, values, params, expected) => {
  expect(explainReason({ trigger: 'why', formula, values }, params)).toBe(`why: ${expected}`)
})
