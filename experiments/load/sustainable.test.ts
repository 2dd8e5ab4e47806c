/**
 * Whole experiments under a load, in memory and on the system's clock; no test depends on speed.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type RunResult, runResultSchema } from '../../results/schema.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { overDefaults } from '../cli/testing/over-defaults.ts'
import { runExperiment } from '../run/experiment.ts'
import { quietContext } from '../run/testing/quiet-context.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-load-'))
afterAll(() => rmSync(folder, { recursive: true }))

const small = ['--records=500', '--operations=500', '--set=memtableBytes=32KiB']

async function resultOf(...flags: string[]): Promise<RunResult> {
  const command = parseCommand(overDefaults([...small, '--storage=memory'], flags))
  if (command.kind !== 'run') throw new Error(command.kind)
  const [plan] = await resolvePlans(command.request)
  return runExperiment(plan!, quietContext(folder))
}

const gate = (result: RunResult, name: string) => result.gates.find((one) => one.name === name)

test('a share of the rate: the sustainable one is measured first, and leaves nothing behind', async () => {
  const closed = await resultOf()
  const open = await resultOf('--rate=50%', '--arrival=poisson', '--clients=3')
  expect(runResultSchema.parse(open)).toEqual(open)
  const { sustainablePerSecond, offeredPerSecond, kind, clients } = open.timed.arrivals!
  expect({ kind, clients }).toEqual({ kind: 'poisson', clients: 3 })
  // Five hundred exponential gaps: 5 standard errors.
  expect(Math.abs(offeredPerSecond! / sustainablePerSecond! - 0.5)).toBeLessThan(0.5 * 0.23)
  // Loads differ, operations do not: the two can be compared.
  expect(open.deterministic).toEqual(closed.deterministic)
  expect(open.id).not.toBe(closed.id)
  expect(open.command).toEqual(expect.arrayContaining(['--rate=50%', '--clients=3']))
  expect(gate(open, 'conservation')).toMatchObject({ passed: true })
  expect(readdirSync(folder)).toEqual([])
})

// One operation a nanosecond is too much for any machine.
test('a rate beyond any machine leaves nothing to quote as a latency', async () => {
  const result = await resultOf('--rate=1G', '--records=200', '--operations=5000')
  expect(result.timed.arrivals!.overloaded).toBe(true)
  expect(result.timed.latencyByKind).toEqual({})
  expect(result.timed.intendedLatencyByKind).toBeNull()
  expect(gate(result, 'overload')).toMatchObject({ passed: false })
  expect(gate(result, 'open-loop-latency')).toMatchObject({ passed: false })
})

test('an absolute rate measures nothing first, and claims no share', async () => {
  const { timed, gates } = await resultOf('--rate=1k')
  expect(timed.arrivals!.sustainablePerSecond).toBeNull()
  expect(gates.find(({ name }) => name === 'open-loop-latency')!.passed).toBe(false)
})

test('the simulator, which takes no time, is given no pace', async () => {
  await expect(resultOf('--target=simulator', '--rate=5')).rejects.toThrow('takes no time')
})

test('without operations there is no rate', async () => {
  await expect(resultOf('--rate=90%', '--operations=0')).rejects.toThrow('no rate')
})

test.each([
  ['values in a log', '--set=valueLog.thresholdBytes=100'],
  ['no compression', '--set=compression=none'],
  ['no block cache', '--set=blockCacheBytes=0'],
  ['scans', '--workload=ycsb-e', '--operations=100'],
  ['several clients', '--clients=5'],
])('every byte is accounted for: %s', async (_name, ...flags) => {
  const result = await resultOf(...flags)
  expect(gate(result, 'conservation')).toMatchObject({ passed: true })
  expect(gate(result, 'drained')).toMatchObject({ passed: true })
})

test('the log of events and its times are one, the peak is at least the drained amplification', async () => {
  const { deterministic, timed } = await resultOf()
  expect(timed.events).toHaveLength(deterministic.events.log.length)
  const { peakSpaceAmplification, amplification, oracle } = deterministic
  expect(peakSpaceAmplification).toBeGreaterThanOrEqual(amplification.burst.spaceAmplification!)
  expect(oracle).toMatchObject({ kind: 'exact', oneIn: 1, recordsTracked: 500 })
  for (const { kind, scores, candidates } of deterministic.events.log) {
    expect(scores === null, kind).toBe(kind === 'flush')
    expect(candidates === null, kind).toBe(kind === 'flush')
  }
  for (const { waWindow, levelBytes, shape } of deterministic.series) {
    expect(levelBytes).toHaveLength(shape.length)
    expect(waWindow === null || waWindow >= 0).toBe(true)
  }
})
