/**
 * Calls the public functions with values of a wrong kind: each gives one clear error, no result.
 */

import { expect, test } from 'vitest'
import { loadStrategy, STRATEGIES, schedulingPolicyOf, valueLogPolicyOf } from './index.ts'

const leveling = STRATEGIES.get('leveling')!
const NO_PARAMS = [null, 1, 'T=4', [], new Map([['T', 4]]), { t: 4 }]

test.each<[string, readonly unknown[], (value: never) => unknown]>([
  ['loadStrategy', [undefined, null, 1, {}, '', 'levelling'], (value) => loadStrategy(value)],
  [
    'create',
    [...NO_PARAMS, { T: '4' }, { T: Number.NaN }, { T: 2.5 }],
    (value) => leveling.create(value),
  ],
  ['parse', NO_PARAMS, (value) => leveling.parse(value)],
  [
    'valueLogPolicyOf',
    [undefined, null, 'fifo', {}, { gcPolicy: 'lifo' }],
    (value) => valueLogPolicyOf(value),
  ],
  ['schedulingPolicyOf', [null, 1, {}, '', 'unfair'], (value) => schedulingPolicyOf(value)],
])('%s', async (_, wrong, call) => {
  for (const value of wrong) {
    const answer = Promise.resolve().then(() => call(value as never))
    await expect(answer).rejects.toThrow(expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' }))
  }
})
