import { expect, test } from 'vitest'
import { schedulesFrom } from '../interleavings.ts'
import { fillDiskAtEach } from './disk-full.ts'

const [inline, ...seeded] = schedulesFrom(5, 2)

test.each([
  ['in the tree', inline!, 7],
  ['in a log', inline!, 29],
  ...seeded.flatMap((schedule) => [
    ['in the tree', schedule, 17] as const,
    ['in a log', schedule, 61] as const,
  ]),
] as const)(
  'a disk full for one call loses and leaves open nothing, a reopen mends all: values %s, jobs %s',
  (values, schedule, every) => {
    const { calls, told, tried } = fillDiskAtEach(every, values, schedule)
    expect(calls).toBeGreaterThan(250)
    // A failure in the last close is not counted here.
    expect(told).toBeGreaterThan(tried * 0.9)
  },
)
