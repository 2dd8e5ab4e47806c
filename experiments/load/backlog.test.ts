/** The verdict on a queue, for few operations and for so many that stretches are joined. */
import { expect, test } from 'vitest'
import { Backlog } from './backlog.ts'

const MS = 1e6

/** One operation a millisecond, each late by `lagMs` of its position in the run (0 … 1). */
function verdict(operations: number, lagMs: (share: number, index: number) => number) {
  const backlog = new Backlog()
  for (let index = 0; index < operations; index++) {
    const intendedNs = index * MS
    const startNs = intendedNs + lagMs(index / operations, index) * MS
    backlog.add(intendedNs, startNs, startNs + 1)
  }
  return backlog.figures()
}

const SIZES = [40, 1_000, 1_024, 1_025, 5_000, 100_000]

test.each(SIZES)('%d operations: a queue that grows to the end is overloaded', (operations) => {
  expect(verdict(operations, (share) => share * operations).overloaded).toBe(true)
})

test.each(SIZES)('%d operations: a stall that drains is not', (operations) => {
  const stall = (share: number) => (share > 0.8 && share < 0.85 ? 5_000 : 0)
  expect(verdict(operations, stall).overloaded).toBe(false)
})

// Four operations in eight find the queue empty, the first four or the last. Stretches of four are
// joined in pairs, so both must give the same verdict.
test.each([0, 1])('a queue that is empty now and then, at parity %d, stands nowhere', (parity) => {
  const { overloaded, why } = verdict(5_000, (share, index) =>
    Math.floor(index / 4) % 2 === parity ? 0 : share * 5_000,
  )
  expect(overloaded).toBe(false)
  expect(why).toContain('standing backlog 0.0 ms in the third quarter of the run, 0.0 ms in the')
})

test('each quarter has the queue that its own operations found', () => {
  const { why } = verdict(4_000, (share) => Math.floor(share * 4) * 1_000)
  expect(why).toContain('standing backlog 2000.0 ms in the third quarter of the run, 3000.0 ms in')
})
