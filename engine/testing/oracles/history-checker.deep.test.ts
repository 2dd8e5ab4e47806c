import { expect, test } from 'vitest'
import { schedulesFrom } from '../interleavings.ts'
import { runTransactions } from './transaction-history.ts'

// A hundred thousand transactions in all, half of them with jobs that end in any order.
test.each(schedulesFrom(11, 1))(
  'fifty thousand random transactions are serializable, jobs %s',
  async (schedule) => {
    const plan = { seed: 11, isolation: 'serializable', transactions: 50_000, schedule } as const
    const { committed, conflicts, anomalies } = await runTransactions(plan)
    expect(anomalies).toEqual([])
    expect(committed).toBeGreaterThan(20_000)
    expect(conflicts).toBeGreaterThan(5000)
  },
)

test('twenty thousand under snapshot skew writes, and do nothing worse', async () => {
  const plan = { seed: 12, isolation: 'snapshot', transactions: 20_000 } as const
  const { anomalies } = await runTransactions(plan)
  const names = new Set(anomalies.map(({ name }) => name))
  expect([...names].sort()).toEqual(['G2', 'G2-item'])
})
