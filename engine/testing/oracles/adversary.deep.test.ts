import { expect, test } from 'vitest'
import { seeded } from '../interleavings.ts'
import { runAdversary } from './adversary.ts'

// Ten thousand different specs in all.
test.each([
  [1, 'inline'],
  [1001, seeded(1)],
] as const)(
  'five thousand specs of any kind are refused by name or do no harm, seed %d, jobs %s',
  (seed, schedule) => {
    const { offered, accepted, shares } = runAdversary(seed, 110, 50, schedule)
    expect(offered).toBeGreaterThan(5000)
    expect(accepted / offered).toBeGreaterThan(0.3)
    for (const [kind, [, times]] of Object.entries(shares)) expect(times, kind).toBeGreaterThan(50)
  },
)
