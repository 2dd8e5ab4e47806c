import { expect, test } from 'vitest'
import type { SeriesPoint } from '../../results/schema.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { type GateFacts, gatesOf, UNDECLARED_LOAD_ORDER, withSweepShare } from './gates.ts'
import { writeAmplificationDrift } from './steadiness.ts'

const point = (userBytes: number, bytesWritten: number): SeriesPoint => ({
  ...sampleResult().deterministic.series[0]!,
  userBytes,
  bytesWritten,
})

const steadySeries = Array.from({ length: 21 }, (_, i) => point(i * 100, i * 500))

const timedPoint = (atOperation: number, wallSeconds: number) => ({
  ...sampleResult().timed.series[0]!,
  atOperation,
  wallSeconds,
})

const steadyTimes = Array.from({ length: 21 }, (_, i) => timedPoint(i * 100, i))

const overloaded = sampleResult({ openLoop: 'overloaded' }).timed.arrivals!

const sound: GateFacts = {
  balance: {
    presentAtOpenBytes: 0,
    appendedBytes: 10,
    linkedBytes: 0,
    truncatedBytes: 0,
    removedBytes: 4,
    liveBytes: 6,
    conserved: true,
  },
  unexplainedBytes: 0,
  drained: {
    ...sampleResult().deterministic.amplification.drained,
    userBytes: 4000,
    liveLogicalBytes: 1000,
    debtBytes: 0,
  },
  memtableRawBytesAfterDrain: 0,
  burstDebtBytes: 5,
  runSeries: steadySeries,
  runTimedSeries: steadyTimes,
  mergesIntoLastLevel: 3,
  config: sampleResult({ openLoop: 'steady' }).config,
  command: ['npm', 'run', 'exp', '--', '--strategy=tiering'],
  memory: {
    blockCacheBytes: 999,
    memtableBytes: 100,
    machineBytes: 1e9,
    compression: 'lz4',
    directReads: false,
    storedShare: 0.5,
  },
  answers: {
    gets: 100,
    scans: 2,
    entries: 300,
    forgotten: 0,
    wrong: 0,
    mismatches: [],
    oneIn: 1,
    memoryBytes: 21_504,
  },
  arrivals: sampleResult({ openLoop: 'steady' }).timed.arrivals,
  runsAtOnce: 1,
}

const LOST: NonNullable<GateFacts['answers']>['mismatches'][number] = {
  operation: 400,
  by: 'end',
  key: 'record 7',
  expected: 'value 0badcafe',
  got: 'nothing',
}
const undeclared = { ...sound.config.workload, loadOrder: UNDECLARED_LOAD_ORDER }

function failed(change: Partial<GateFacts>): string[] {
  return gatesOf({ ...sound, ...change })
    .filter(({ name }) => name !== 'several-seeds')
    .filter((gate) => !gate.passed)
    .map((gate) => gate.name)
}

test('a sound run passes every gate, each with the figures that decided it', () => {
  const gates = gatesOf(sound)
  expect(failed({})).toEqual([])
  for (const { name, why } of gates) expect(why, name).toMatch(/\d|hashed/)
})

test.each([
  ['conservation', { balance: { ...sound.balance, conserved: false } }],
  ['answers', { answers: { ...sound.answers!, wrong: 1, mismatches: [LOST] } }],
  ['operating-system', { unexplainedBytes: -8 }],
  ['drained', { memtableRawBytesAfterDrain: 1 }],
  ['drained', { drained: { ...sound.drained, debtBytes: 1 } }],
  ['load-order', { config: { ...sound.config, workload: undeclared } }],
  ['steady-state', { drained: { ...sound.drained, userBytes: 2999 } }],
  ['steady-state', { runSeries: [] }],
  ['steady-state', { runSeries: [...steadySeries, point(2100, 20_000)] }],
  ['steady-throughput', { runTimedSeries: [...steadyTimes, timedPoint(2100, 50)] }],
  ['steady-state', { mergesIntoLastLevel: 2 }],
  ['dataset-beyond-cache', { memory: { ...sound.memory!, blockCacheBytes: 1000 } }],
  ['compressibility', { memory: { ...sound.memory!, storedShare: null } }],
  ['open-loop-latency', { arrivals: null }],
  ['open-loop-latency', { arrivals: { ...sound.arrivals!, sustainablePerSecond: null } }],
  ['open-loop-latency', { arrivals: { ...sound.arrivals!, offeredPerSecond: 38_001 } }],
  ['open-loop-latency', { arrivals: { ...sound.arrivals!, offeredPerSecond: null } }],
] satisfies [string, Partial<GateFacts>][])('%s fails on its own fact alone', (name, change) => {
  expect(failed(change)).toEqual([name])
})

test('a wrong answer is reported with its key, the expected value and the value read', () => {
  const answers = { ...sound.answers!, wrong: 3, mismatches: [LOST] }
  expect(gatesOf({ ...sound, answers }).find(({ name }) => name === 'answers')!.why).toBe(
    '3 wrong of 100 gets and 300 entries of scans compared with what was written; the first in the ' +
      'drained tree: record 7 has value 0badcafe, read nothing',
  )
})

test('an overloaded run has no latency to claim', () => {
  expect(failed({ arrivals: overloaded })).toEqual(['overload', 'open-loop-latency'])
})

test('a gate that cannot be judged is left out', () => {
  const nothing = {
    unexplainedBytes: null,
    memory: null,
    answers: null,
    arrivals: null,
    runTimedSeries: null,
  }
  const facts = { ...sound, ...nothing }
  expect(gatesOf(facts).map((gate) => gate.name)).toEqual([
    'conservation',
    'drained',
    'load-order',
    'steady-state',
    'open-loop-latency',
    'several-seeds',
  ])
})

test('a simulation, which takes no time, may be steady', () => {
  expect(failed({ runTimedSeries: null })).toEqual([])
})

test('drift compares the third quarter with the fourth', () => {
  expect(writeAmplificationDrift(steadySeries)).toBe(0)
  const series = [point(0, 0), point(10, 50), point(20, 100), point(30, 130), point(40, 180)]
  // Third quarter 3, fourth 5.
  expect(writeAmplificationDrift(series)).toBeCloseTo(0.5)
})

test('noise of the machine concerns only times', () => {
  const noise = { runTimedSeries: [...steadyTimes, timedPoint(2100, 50)] }
  const spoken = gatesOf({ ...sound, ...noise }).filter(({ passed }) => !passed)
  expect(spoken.map(({ name, covers }) => [name, covers])).toEqual([
    ['steady-throughput', ['time']],
    ['several-seeds', ['amplification', 'time']],
  ])
})

const remedyOf = (name: string, change: Partial<GateFacts>) =>
  gatesOf({ ...sound, ...change })
    .find((gate) => gate.name === name)!
    .remedy?.join(' ')
const run = (...flags: string[]) => ['npm run exp -- --strategy=tiering', ...flags].join(' ')
const command = (...flags: string[]) => [...sound.command, ...flags]
const closed = { arrivals: null, config: { ...sound.config, arrival: null } }
const atRate = (rate: string) => ({ ...sound.config, arrival: { ...sound.config.arrival!, rate } })

test.each([
  ['steady-state', { mergesIntoLastLevel: 2 }, run('--until=steady')],
  ['steady-throughput', { runTimedSeries: [...steadyTimes, timedPoint(2100, 50)] }, run('--force')],
  [
    'dataset-beyond-cache',
    { memory: { ...sound.memory!, blockCacheBytes: 1000 } },
    run('--set=blockCacheBytes=125'),
  ],
  ['open-loop-latency', closed, run('--rate=90%')],
  [
    'open-loop-latency',
    {
      arrivals: { ...sound.arrivals!, sustainablePerSecond: null },
      config: atRate('20k'),
      command: command('--rate=20k', '--clients=2'),
    },
    run('--rate=90%', '--clients=2'),
  ],
  [
    'overload',
    { arrivals: overloaded, config: atRate('90%'), command: command('--rate=90%') },
    run('--rate=45%'),
  ],
  [
    'open-loop-latency',
    {
      arrivals: { ...sound.arrivals!, offeredPerSecond: null },
      config: {
        ...sound.config,
        arrival: { ...sound.config.arrival!, kind: 'closed', rate: null },
      },
      command: command('--arrival=closed', '--clients=4'),
    },
    run('--clients=4', '--rate=90%'),
  ],
  ['several-seeds', {}, run('--repeat=10')],
] satisfies [string, Partial<GateFacts>, string][])(
  'a failed gate names the command that passes it: %s',
  (name, change, remedy) => {
    expect(remedyOf(name, change)).toBe(remedy)
  },
)

test.each([
  [
    'steady-state',
    'no operation of the run phase writes',
    { runSeries: [point(1, 1), point(1, 1)] },
  ],
  ['steady-state', 'a trace ends where it ends', { command: command('--trace=x'), runSeries: [] }],
  ['steady-state', 'it went on to the bound already', untilSteady()],
  ['steady-throughput', 'no try makes the run phase longer', { runTimedSeries: [] }],
  ['open-loop-latency', 'there is no run phase', { ...closed, runSeries: [] }],
  ['several-seeds', 'repeats of a trace are one sample', { command: command('--trace=x') }],
  ['drained', 'the strategy leaves work', { memtableRawBytesAfterDrain: 1 }],
] satisfies [string, string, Partial<GateFacts>][])(
  '%s has no remedy where %s',
  (name, _why, change) => {
    expect(gatesOf({ ...sound, ...change }).find((gate) => gate.name === name)).toMatchObject({
      passed: false,
    })
    expect(remedyOf(name, change)).toBeUndefined()
  },
)

test.each([
  ['steady-state', { mergesIntoLastLevel: 2 }, /^not steady yet: .* 2 merges into the last level/],
  ['steady-state', untilSteady(), /^not steady, with at most 5 operations allowed: /],
  ['steady-throughput', { runTimedSeries: [] }, /^throughput drift unknown: the run phase is/],
  ['compressibility', { memory: { ...sound.memory!, storedShare: null } }, /size .* is unknown$/],
  ['open-loop-latency', { arrivals: overloaded }, new RegExp(`^${overloaded.why}$`)],
] satisfies [string, Partial<GateFacts>, RegExp][])(
  '%s says why it failed',
  (name, change, why) => {
    expect(gatesOf({ ...sound, ...change }).find((gate) => gate.name === name)!.why).toMatch(why)
  },
)

test('with an absolute rate, the gate says how to measure the sustainable one', () => {
  const arrivals = { ...sound.arrivals!, sustainablePerSecond: null }
  const gate = gatesOf({ ...sound, arrivals }).find(({ name }) => name === 'open-loop-latency')!
  expect(gate.why).toContain(
    'The sustainable rate is unknown; use `--rate=90%` to measure it first.',
  )
})

test('ten seeds pass, ten repeats of one stream do not', () => {
  const result = { ...sampleResult(), gates: gatesOf(sound) }
  const seeds = (samples: number, runs: number) =>
    withSweepShare(result, { samples, runs }).find(({ name }) => name === 'several-seeds')!
  expect(seeds(10, 10)).toMatchObject({ passed: true })
  expect(seeds(9, 9)).toMatchObject({ passed: false, remedy: expect.anything() })
  expect(seeds(1, 10)).toMatchObject({ passed: false })
  expect(seeds(1, 10).why).toMatch(/^10 repeats of one stream of operations are one sample/)
  expect(seeds(1, 10).remedy).toBeUndefined()
})

function untilSteady(): Partial<GateFacts> {
  const until = { state: 'steady', operationsMax: 5 } as const
  return { config: { ...sound.config, until }, mergesIntoLastLevel: 2 }
}
