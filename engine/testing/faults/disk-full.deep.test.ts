import { expect, test } from 'vitest'
import { fillDiskAtEach } from './disk-full.ts'

test('a disk full for one call loses nothing acknowledged, leaves nothing open, and a reopen mends all', () => {
  const { calls, told, tried } = fillDiskAtEach(1)
  expect(calls).toBeGreaterThan(250)
  // A failure in the last close is not counted here.
  expect(told).toBeGreaterThan(tried * 0.9)
})
