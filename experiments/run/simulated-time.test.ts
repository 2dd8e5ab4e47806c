// The simulator in logical time, against the engine in logical time and against itself.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import { type RunResult, runResultSchema } from '../../results/schema.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { overDefaults } from '../cli/testing/over-defaults.ts'
import { runExperiment } from './experiment.ts'
import { quietContext } from './testing/quiet-context.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-simulated-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A device that this load keeps busy. */
const BUSY = [
  '--records=1000',
  '--operations=1000',
  '--set=memtableBytes=64KiB',
  '--scheduling=virtual',
  '--storage=memory',
  '--set=compression=none',
  '--set=deviceWriteMBps=8',
  '--set=deviceReadMBps=16',
  '--set=deviceOperationUs=20',
]

async function resultFor(...flags: string[]): Promise<RunResult> {
  const command = parseCommand(overDefaults(BUSY, flags))
  if (command.kind !== 'run') throw new Error(command.kind)
  const [plan] = await resolvePlans(command.request)
  const result = await runExperiment(plan!, quietContext(folder))
  expect(runResultSchema.parse(result)).toEqual(result)
  expect(contradictionsIn(result)).toEqual([])
  return result
}

/** Times of everything that happens during a load. */
function loadTimes({ timed, deterministic }: RunResult) {
  const { stalls, stallEvents, jobs } = timed.background!
  const seconds = timed.phases.map(({ wallSeconds }) => wallSeconds)
  return { seconds, stalls, stallEvents, jobs, counts: deterministic.counts }
}

describe('a load takes the times of the engine, to the nanosecond', () => {
  test.each([
    ['--strategy=tiering'],
    ['--strategy=leveling', '--set=slowdown=debt'],
    ['--strategy=leveling-partial', '--set=slowdown=beats', '--set=memtablesMax=3'],
    ['--strategy=universal', '--set=slowdown=spring', '--set=scheduling=greedy'],
    ['--strategy=leveling', '--set=compactionBytesPerSecond=4000000', '--set=scheduling=rocksdb'],
  ])('%s %s %s', async (...flags) => {
    const load = ['--workload=ycsb-load', '--operations=0', ...flags]
    const engine = await resultFor(...load, '--target=varve')
    const simulated = loadTimes(await resultFor(...load, '--target=simulator'))
    expect(simulated).toEqual(loadTimes(engine))
    const held = Object.values(simulated.stalls)
    expect(held.some((times) => times.slowdownSeconds + times.stopSeconds > 0)).toBe(true)
  })
})

describe('equal seeds', () => {
  test.each([
    ['one client', []],
    ['sixteen clients', ['--clients=16']],
    ['an open loop', ['--rate=500', '--arrival=poisson', '--clients=8']],
    ['a share of the sustainable rate', ['--rate=80%', '--clients=4']],
    ['scans', ['--workload=ycsb-e', '--operations=300', '--clients=4']],
  ])('%s: equal times, stalls and counts to the bit', async (_, flags) => {
    const repeatable = ({ deterministic, timed }: RunResult) => {
      const { peakRssBytes: __, ...logical } = timed
      return { deterministic, logical }
    }
    const simulator = ['--target=simulator', ...flags]
    const first = await resultFor(...simulator)
    expect(repeatable(await resultFor(...simulator))).toEqual(repeatable(first))
    const other = await resultFor(...simulator, '--seed=7')
    expect(repeatable(other)).not.toEqual(repeatable(first))
    const failed = first.gates.filter(({ passed }) => !passed).map(({ name }) => name)
    expect(failed).toContain('measured')
    expect(failed).not.toContain('conservation')
    expect(failed).not.toContain('repeatable')
    expect(Object.keys(first.timed.latencyByKind).length).toBeGreaterThan(1)
  })
})

test('a read waits for one block of the table that holds its key', async () => {
  const reads = ['--target=simulator', '--workload=ycsb-c', '--set=deviceReadMBps=4.096']
  const { timed } = await resultFor(...reads, '--set=deviceLatencyUs=100')
  // A block of 4 KiB takes 1000 µs, its answer 100, and the thread 20.
  expect(timed.latencyByKind.read!.p50Us).toBeCloseTo(1120, -1)
})
