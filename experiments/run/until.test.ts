/**
 * Runs that continue until they are steady: deterministic, bounded, and paired by the requested
 * operations.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import { sampleKey } from '../../results/identity.ts'
import type { RunResult } from '../../results/schema.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { overDefaults } from '../cli/testing/over-defaults.ts'
import { untilLines } from '../commands/exp/closing-table.ts'
import { runExperiment } from './experiment.ts'
import { quietContext } from './testing/quiet-context.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-until-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SMALL = ['--records=300', '--operations=300', '--set=memtableBytes=16KiB', '--storage=memory']

const resultOf = (...flags: string[]) => runOf('--until=steady', ...flags)

async function runOf(...flags: string[]): Promise<RunResult> {
  const command = parseCommand(overDefaults(SMALL, flags))
  if (command.kind !== 'run') throw new Error(command.kind)
  const [plan] = await resolvePlans(command.request)
  return runExperiment(plan!, quietContext(folder))
}

const gate = (result: RunResult, name: string) => result.gates.find((one) => one.name === name)!

test('the run phase ends when write amplification settles, always at the same operation', async () => {
  const [first, again] = [await resultOf(), await resultOf()]
  expect(again.deterministic).toEqual(first.deterministic)
  const { until, phases } = first.deterministic
  expect(until).toMatchObject({ reached: true })
  expect(until!.operations).toBeGreaterThan(300)
  expect(until!.operations).toBeLessThan(first.config.until!.operationsMax)
  const run = phases.find(({ name }) => name === 'run')!
  expect(Object.values(run.operationsByKind).reduce((a, b) => a + b)).toBe(until!.operations)
  expect(gate(first, 'steady-state')).toMatchObject({ passed: true })
  expect(contradictionsIn(first)).toEqual([])
  expect(untilLines([first])[0]).toContain(
    `steady after ${until!.operations.toLocaleString('en-US')} operations`,
  )
})

test('strategies settle at different operations and are still paired', async () => {
  const tiering = await resultOf()
  const leveling = await resultOf('--strategy=leveling')
  const operations = [tiering, leveling].map(({ deterministic }) => deterministic.until!.operations)
  expect(operations[0]).not.toBe(operations[1])
  expect(tiering.deterministic.traceHash).not.toBe(leveling.deterministic.traceHash)
  expect(sampleKey(tiering)).toBe(sampleKey(leveling))
})

test('a sample is identified by the requested operations, not by the points of the series', async () => {
  const [plain, until] = [await runOf('--operations=301'), await resultOf('--operations=301')]
  expect(until.deterministic.traceHash).not.toBe(plain.deterministic.traceHash)
  expect(until.deterministic.askedTraceHash).toBe(plain.deterministic.traceHash)
})

test('a tree that settles early still runs all requested operations', async () => {
  const { deterministic } = await resultOf('--operations=3000')
  expect(deterministic.until!.operations).toBeGreaterThanOrEqual(3_000)
})

test('a simulated run continues as well, and an open loop keeps its pace', async () => {
  const simulated = await resultOf('--target=simulator')
  expect(simulated.deterministic.until).toMatchObject({ reached: true })
  const paced = await resultOf('--rate=50%')
  expect(paced.deterministic.until).toMatchObject({ reached: true })
  expect(paced.deterministic).toEqual((await resultOf()).deterministic)
})

test('without writes nothing settles: the run ends before the bound, and says why', async () => {
  const { deterministic, gates, config } = await resultOf('--workload=ycsb-c')
  const { until } = deterministic
  expect(until).toMatchObject({
    reached: false,
    why: 'the run phase writes nothing, so nothing settles',
  })
  expect(until!.operations).toBeLessThan(config.until!.operationsMax)
  expect(gates.find(({ name }) => name === 'steady-state')).not.toHaveProperty('remedy')
})

test('the bound ends a run that does not settle', async () => {
  // One write in two hundred: the bound comes before three times the data.
  const rare = ['--param=readproportion=0.995', '--param=updateproportion=0.005']
  const result = await resultOf('--records=100', '--operations=100', ...rare)
  const { until } = result.deterministic
  expect(until).toMatchObject({ reached: false, operations: 5_000 })
  expect(result.config.until!.operationsMax).toBe(5_000)
  expect(untilLines([result])[0]).toMatch(/not steady after 5,000 operations, the most allowed: /)
})

test.each([
  [['--operations=0'], '--until: without operations nothing settles'],
  [['--workload=ycsb-load'], '--until: ycsb-load has only a load; name a workload'],
  [['--workload=shifting'], /--until: shifting has \d+ run phases; it takes one/],
  [['--target=leveldb', '--storage=node'], '--until: leveldb does not report when it is steady'],
])('%j is a mistake', async (flags, message) => {
  await expect(resultOf(...flags)).rejects.toThrow(message)
})

test('another state is a mistake', () => {
  expect(() => parseCommand(['--until=stedy'])).toThrow('did you mean "steady"')
})
