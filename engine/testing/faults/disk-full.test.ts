import { expect, test } from 'vitest'
import { fillDiskAtEach } from './disk-full.ts'

test.each([
  ['in the tree', 7],
  ['in a log', 29],
] as const)(
  'a disk full for one call loses and leaves open nothing, a reopen mends all: values %s',
  (...args) => {
    const [values, every] = args
    const { calls, told, tried } = fillDiskAtEach(every, values)
    expect(calls).toBeGreaterThan(250)
    // A failure in the last close is not counted here.
    expect(told).toBeGreaterThan(tried * 0.9)
  },
)
