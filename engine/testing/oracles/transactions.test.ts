import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setParanoid } from '../../base/assert.ts'
import { schedules } from '../interleavings.ts'
import { transactionScripts } from './transaction-steps.ts'
import { runTransactionScript } from './transactions.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

test('transactions answer and conflict as their model, step by step', async () => {
  let committed = 0
  let conflicts = 0
  await fc.assert(
    fc.asyncProperty(transactionScripts(300), schedules, async (script, schedule) => {
      const figures = await runTransactionScript(script, schedule)
      committed += figures.committed
      conflicts += figures.conflicts
    }),
    { numRuns: 40 },
  )
  expect(committed).toBeGreaterThan(300)
  expect(conflicts).toBeGreaterThan(50)
})
