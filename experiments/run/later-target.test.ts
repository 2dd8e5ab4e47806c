/**
 * A target that answers with promises goes through the same loop and gives the same deterministic
 * half.
 */
import { expect, test } from 'vitest'
import { Ledger, MemoryStorage, systemClock } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { WORKLOADS } from '../../workloads/index.ts'
import { scheduled, steady } from '../load/arrivals.ts'
import { closedLoop, openLoop, type Pacing } from '../load/pacing.ts'
import { AnswerOracle } from '../measure/answer-oracle.ts'
import { VarveTarget } from '../targets/varve-target.ts'
import { CountedBooks } from './counted-books.ts'
import { Runner } from './runner.ts'
import { LaterTarget } from './testing/later-target.ts'

const SIZE = { records: 400, operations: 600 }

interface Case {
  readonly workload: string
  readonly later: boolean
  readonly pacing?: Pacing | null
  readonly valueBytes?: number
}

async function measure({ workload, later, pacing = null, ...size }: Case) {
  const strategy = STRATEGIES.get('leveling-partial')!
  const ledger = new Ledger()
  const runner = new Runner({
    open: (clock, onEvent, onJobStart) => {
      const varve = new VarveTarget({
        storage: new MemoryStorage(ledger),
        ledger,
        folder: 'db',
        strategy: strategy.create(strategy.parse({})),
        strategyParameters: {},
        engineOptions: { memtableBytes: 32 * 1024 },
        clock,
        seed: 1,
        onEvent,
        onJobStart,
      })
      const target = later ? new LaterTarget(varve) : varve
      return { target, books: new CountedBooks(target) }
    },
    workload: WORKLOADS.get(workload)!.create({}, { ...SIZE, seed: 7, repeat: 0, ...size }),
    ...SIZE,
    timer: systemClock,
    answers: new AnswerOracle({ expectedRecords: 1 }),
    load:
      pacing === null ? null : { kind: 'poisson', clients: 1, sustainablePerSecond: null, pacing },
    signal: new AbortController().signal,
    onProgress() {},
  })
  const measurement = runner.books.measurement(await runner.run())
  await runner.target.close()
  return measurement
}

test.each(['ycsb-a', 'ycsb-e', 'ycsb-f', 'delete-heavy'])('%s', async (workload) => {
  const [atOnce, later] = [
    await measure({ workload, later: false }),
    await measure({ workload, later: true }),
  ]
  expect(later.deterministic).toEqual(atOnce.deterministic)
  expect(later.deterministic.counts.merges).toBeGreaterThan(0)
  expect(later.deterministic.answers).toMatchObject({ wrong: 0 })
  const counts = ({ timed }: typeof later) =>
    Object.entries(timed.latencyByKind).map(([kind, { count }]) => [kind, count])
  expect(counts(later)).toEqual(counts(atOnce))
})

test('updates of whole values, and misses', async () => {
  const asked = { workload: 'ycsb-f', valueBytes: 300 }
  const atOnce = await measure({ ...asked, later: false })
  expect((await measure({ ...asked, later: true })).deterministic).toEqual(atOnce.deterministic)
})

const schedule = { ratePerSecond: 4000, shape: steady, clients: 1, seed: 3 } as const

test.each([
  ['an open loop', () => openLoop(scheduled({ ...schedule, spacing: 'exponential' }))],
  ['a closed loop of three clients', () => closedLoop(3)],
])('%s', async (_, pacing) => {
  const atOnce = await measure({ workload: 'ycsb-a', later: false })
  const { deterministic, timed } = await measure({
    workload: 'ycsb-a',
    later: true,
    pacing: pacing(),
  })
  expect(deterministic).toEqual(atOnce.deterministic)
  const { intendedLatencyByKind, arrivals } = timed
  const timedOperations = Object.values(intendedLatencyByKind ?? {}).map(({ count }) => count)
  const all = timedOperations.reduce((sum, count) => sum + count, 0)
  expect(arrivals!.overloaded ? 600 : all).toBe(600)
})
