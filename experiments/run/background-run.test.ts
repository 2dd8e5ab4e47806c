// Runs whose jobs run beside the operations: in logical time, and in worker threads.

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
  folder = mkdtempSync(join(tmpdir(), 'varve-background-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function resultFor(...flags: string[]): Promise<RunResult> {
  const small = ['--records=1000', '--operations=1000', '--set=memtableBytes=64KiB']
  const command = parseCommand(overDefaults(small, flags))
  if (command.kind !== 'run') throw new Error(command.kind)
  const [plan] = await resolvePlans(command.request)
  return runExperiment(plan!, quietContext(folder))
}

/** Everything that is equal in equal runs: all except the machine's. */
function repeatable({ deterministic, timed }: RunResult) {
  const { peakRssBytes: _, operatingSystem: __, ...logical } = timed
  return { deterministic, logical }
}

const passes = ({ gates }: RunResult, name: string) =>
  gates.find((gate) => gate.name === name)?.passed

function checkBackground(result: RunResult): void {
  expect(runResultSchema.parse(result)).toEqual(result)
  expect(contradictionsIn(result)).toEqual([])
  expect(passes(result, 'conservation')).toBe(true)
  expect(passes(result, 'answers')).toBe(true)
  expect(passes(result, 'drained')).toBe(true)
  const { jobs } = result.timed.background!
  expect(jobs).toHaveLength(result.deterministic.events.log.length)
  for (const { queuedSeconds, startedSeconds, endedSeconds, installedSeconds } of jobs) {
    const times = [queuedSeconds, startedSeconds, endedSeconds, installedSeconds]
    expect(times).toEqual([...times].sort((a, b) => a - b))
  }
}

function stoppedSeconds({ timed }: RunResult): number {
  const { stalls, stallEvents } = timed.background!
  const stops = stallEvents.log.filter(({ step }) => step === 'stop')
  const seconds = Object.values(stalls).reduce((sum, { stopSeconds }) => sum + stopSeconds, 0)
  const logged = stops.reduce((sum, { delayedSeconds }) => sum + delayedSeconds, 0)
  expect(logged).toBeCloseTo(seconds, 9)
  return seconds
}

/** A device that this load keeps busy. */
const BUSY = [
  '--scheduling=virtual',
  '--storage=memory',
  '--set=deviceWriteMBps=8',
  '--set=deviceReadMBps=16',
  '--set=deviceOperationUs=20',
]

/** A device that takes next to no time. */
const THREAD_BOUND = [
  '--scheduling=virtual',
  '--storage=memory',
  '--workload=ycsb-c',
  '--set=deviceReadMBps=1000000',
  '--set=deviceLatencyUs=0',
  '--set=deviceOperationUs=7',
]

describe('logical time', () => {
  test.each([
    ['one client', []],
    ['sixteen clients', ['--clients=16']],
    ['an open loop', ['--rate=2k', '--arrival=poisson', '--clients=8']],
    ['a share of the sustainable rate', ['--rate=80%']],
    ['greedy, with more jobs', ['--set=scheduling=greedy', '--set=backgroundJobs=4']],
    ['scans', ['--workload=ycsb-e', '--operations=300', '--clients=4']],
  ])('%s twice: equal times, stalls and bytes to the bit', async (_, flags) => {
    const first = await resultFor(...BUSY, ...flags)
    checkBackground(first)
    expect(repeatable(await resultFor(...BUSY, ...flags))).toEqual(repeatable(first))
  })

  test('golden figures: they change only with the model, the engine or the workload', async () => {
    const settings = ['--clients=4', '--set=compression=none', '--set=slowdown=rate']
    const { timed } = await resultFor(...BUSY, ...settings)
    const { stalls, jobs } = timed.background!
    expect({
      seconds: timed.phases.map(({ wallSeconds }) => wallSeconds),
      readP99Us: timed.latencyByKind.read!.p99Us,
      updateP99Us: timed.latencyByKind.update!.p99Us,
      level0: stalls.level0,
      memtables: stalls.memtables,
      jobs: jobs.length,
    }).toMatchInlineSnapshot(`
      {
        "jobs": 32,
        "level0": {
          "slowdownSeconds": 0.279019048,
          "stopSeconds": 0,
        },
        "memtables": {
          "slowdownSeconds": 0,
          "stopSeconds": 0.03944039499999982,
        },
        "readP99Us": 1434.623,
        "seconds": [
          0.435406259,
          0.505441994,
          0.051150246,
        ],
        "updateP99Us": 22249.471,
      }
    `)
  })

  test('a slow device stops the writers of a load, a fast one hardly', async () => {
    const slow = await resultFor(...BUSY, '--workload=ycsb-load', '--operations=0')
    expect(stoppedSeconds(slow)).toBeGreaterThan(0)
    const [load] = slow.timed.phases
    const fast = await resultFor(
      '--scheduling=virtual',
      '--storage=memory',
      '--workload=ycsb-load',
      '--operations=0',
      '--set=deviceWriteMBps=10000',
      '--set=deviceFileUs=0',
    )
    expect(stoppedSeconds(fast)).toBeLessThan(stoppedSeconds(slow) / 20)
    expect(fast.timed.phases[0]!.wallSeconds).toBeLessThan(load!.wallSeconds)
  })

  test('on a device that takes no time, a read takes its time of the thread', async () => {
    const { timed } = await resultFor(...THREAD_BOUND)
    expect(timed.latencyByKind.read!.p50Us).toBeCloseTo(7, 1)
  })

  test('clients share a thread: sixteen of them wait for each other', async () => {
    const one = await resultFor(...THREAD_BOUND)
    const many = await resultFor(...THREAD_BOUND, '--clients=16')
    const p50 = ({ timed }: RunResult) => timed.latencyByKind.read!.p50Us
    expect(p50(many) / p50(one)).toBeGreaterThan(12)
  })
})

describe('threads', () => {
  test.each([
    ['one client', 'one-thread', []],
    ['eight clients', 'threads', ['--clients=8']],
    ['an open loop', 'threads', ['--rate=5k', '--clients=4', '--operations=1000']],
    ['scans', 'threads', ['--workload=ycsb-e', '--operations=300', '--clients=4']],
    [
      'large values',
      'threads',
      ['--value-bytes=200000', '--records=40', '--operations=40', '--clients=2'],
    ],
  ])('%s: every byte is counted, and every answer is right', async (_, clientsIn, flags) => {
    const result = await resultFor('--scheduling=threads', ...flags)
    checkBackground(result)
    expect(result.deterministic.events.total).toBeGreaterThan(10)
    expect(result.timed.background!.clientsIn).toBe(clientsIn)
  })
})
