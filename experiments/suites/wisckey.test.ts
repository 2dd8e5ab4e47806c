import { expect, test } from 'vitest'
import { fifoWriteAmplification } from './wisckey.ts'

test('the law of FIFO cleaning: 1.255, 1.876, 2.69 at half, .7 and .8 full', () => {
  expect(fifoWriteAmplification(0.5)).toBeCloseTo(1.255, 3)
  expect(fifoWriteAmplification(0.7)).toBeCloseTo(1.876, 3)
  expect(fifoWriteAmplification(0.8)).toBeCloseTo(2.69, 2)
})
