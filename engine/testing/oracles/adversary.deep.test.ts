import { expect, test } from 'vitest'
import { seeded } from '../interleavings.ts'
import { runAdversary } from './adversary.ts'

test.each(['inline', seeded(1)] as const)(
  'ten thousand specs of any kind are refused by name or do no harm, jobs %s',
  (schedule) => {
    const { offered, accepted, shares } = runAdversary(1, 220, 50, schedule)
    expect(offered).toBeGreaterThan(10_000)
    expect(accepted / offered).toBeGreaterThan(0.3)
    for (const [kind, [, times]] of Object.entries(shares)) expect(times, kind).toBeGreaterThan(100)
  },
)
