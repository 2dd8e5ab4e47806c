import { expect, test } from 'vitest'
import { runAdversary } from './adversary.ts'

test('ten thousand specs of any kind are refused by name or do no harm', () => {
  const { offered, accepted, shares } = runAdversary(1, 220, 50)
  expect(offered).toBeGreaterThan(10_000)
  expect(accepted / offered).toBeGreaterThan(0.3)
  for (const [kind, [, times]] of Object.entries(shares)) expect(times, kind).toBeGreaterThan(100)
})
