import { expect, test } from 'vitest'
import { vlogWa } from '../model/value-log.ts'
import { updateUniformly } from './testing/uniform-updates.ts'

test.each([
  [0.5, 1.255],
  [0.7, 1.876],
  [0.8, 2.69],
])('cleaned first in first out, a log %f live writes each value %f times', (fill, copies) => {
  const rounds = [3, 4] as const
  const { waLog, fullest } = updateUniformly({
    gcPolicy: 'fifo',
    fill,
    keys: 5000,
    rounds,
    seed: 1,
  })
  console.log(`f = ${fill}: ${waLog.toFixed(3)}, 1/(1 − u) = ${vlogWa(fill).toFixed(3)}`)
  expect(Math.abs(waLog / copies - 1)).toBeLessThan(0.05)
  // Data written between two checks of the log is not cleaned yet.
  expect(fullest).toBeLessThan(1.02)
})
