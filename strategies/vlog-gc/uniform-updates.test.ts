// At small scale and one fill fraction; all of WiscKey's: uniform-updates.deep.test.ts.

import { expect, test } from 'vitest'
import { vlogWa } from '../model/value-log.ts'
import { updateUniformly } from './testing/uniform-updates.ts'

test('a log cleaned first in first out writes each value 1/(1 − u) times, and repeats itself', () => {
  const load = { gcPolicy: 'fifo', fill: 0.7, keys: 1500, rounds: [3, 3], seed: 1 } as const
  const { waLog, fullest } = updateUniformly(load)
  expect(Math.abs(waLog / vlogWa(0.7) - 1)).toBeLessThan(0.05)
  expect(fullest).toBeLessThan(1.05)
  const short = { ...load, keys: 300, rounds: [1, 1] } as const
  expect(updateUniformly(short)).toEqual(updateUniformly(short))
})
