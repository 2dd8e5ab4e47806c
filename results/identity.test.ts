/** Tests field by field which differences separate two designs or two samples, and which do not. */
import { expect, test } from 'vitest'
import { designId, designKey, groupByDesign, sampleKey, sampleValues } from './identity.ts'
import type { RunResult } from './schema.ts'
import { samplePeer } from './testing/sample-peer.ts'
import { sampleResult } from './testing/sample-result.ts'

const base = sampleResult()
const { config } = base
const configured = (change: Partial<RunResult['config']>): RunResult => ({
  ...base,
  config: { ...config, ...change },
})
const strategy = (change: Partial<RunResult['config']['strategy']>) =>
  configured({ strategy: { ...config.strategy, ...change } })
const workload = (change: Partial<RunResult['config']['workload']>) =>
  configured({ workload: { ...config.workload, ...change } })
const ratios = (targetRatio: number | null, achievedRatio: number) =>
  workload({ valueCompression: { targetRatio, achievedRatio } })

test.each([
  ['strategy', strategy({ name: 'fluid' })],
  ['parameters', strategy({ params: { T: 8 } })],
  ['the module of a user’s strategy', strategy({ moduleDigest: 'feedfacefeedface' })],
  ['an engine option', configured({ engine: { ...config.engine, memtableBytes: 7 } })],
  ['target', configured({ target: 'simulator (exact)' })],
  ['start', configured({ aged: { tree: 'feedfacefeedface' } })],
  ['arrival', sampleResult({ openLoop: 'steady' })],
  [
    'scheduling',
    configured({
      scheduling: {
        executor: 'threads',
        policy: 'fair',
        backgroundJobs: 2,
        memtablesMax: 1,
        slowdown: 'rate',
      },
    }),
  ],
  ['workload', workload({ name: 'ycsb-b' })],
  ['a parameter of the workload', workload({ params: { theta: 0.5 } })],
  ['load order', workload({ loadOrder: 'ordered' })],
  ['the requested compression', ratios(0.5, 0.5)],
  ['records', configured({ records: 7 })],
  ['operations', configured({ operations: 7 })],
  ['size of values', configured({ valueBytes: 7 })],
  ['the state to reach', configured({ until: { state: 'steady', operationsMax: 7 } })],
  ['a peer', samplePeer(base)],
])('designs differ by %s', (_what, other) => {
  expect(designKey(other)).not.toBe(designKey(base))
  expect(designId(other)).not.toBe(designId(base))
  expect(groupByDesign([base, other])).toHaveLength(2)
})

test.each([
  ['seed', configured({ seed: 7 })],
  ['repeat', configured({ repeat: 7 })],
  ['the achieved compression', ratios(null, 0.37)],
  ['the primitives of a strategy', strategy({ primitives: null })],
  ['the machine', { ...base, environment: { ...base.environment, cpuModel: 'another' } }],
  ['the measured times', { ...base, timed: { ...base.timed, gcSeconds: 9 } }],
  ['id and command', { ...base, id: 'x', command: ['x'] }],
  ['the order of parameters', strategy({ params: { ...config.strategy.params } })],
] satisfies [string, RunResult][])('designs do not differ by %s', (_what, other) => {
  expect(designKey(other)).toBe(designKey(base))
})

test('aged trees of two seeds count as the same start', () => {
  const from = (tree: string) => configured({ aged: { tree } })
  expect(designKey(from('00000000feedface'))).toBe(designKey(from('feedfacefeedface')))
})

test('the order of parameters does not matter', () => {
  const [one, two] = [
    { T: 4, K: 2 },
    { K: 2, T: 4 },
  ].map((params) => strategy({ params }))
  expect(designKey(one!)).toBe(designKey(two!))
})

test('a sample is identified by its requested stream of operations', () => {
  const stream = (traceHash: string, askedTraceHash: string | null = null): RunResult => ({
    ...base,
    deterministic: { ...base.deterministic, traceHash, askedTraceHash },
  })
  expect(sampleKey(stream('aaaaaaaa'))).not.toBe(sampleKey(stream('bbbbbbbb')))
  expect(sampleKey(stream('aaaaaaaa', 'cccccccc'))).toBe(sampleKey(stream('bbbbbbbb', 'cccccccc')))
  expect(sampleKey(samplePeer(base))).toBe(sampleKey(base))
})

test('repeats of a sample count once, with their mean', () => {
  const run = (traceHash: string, peakPhysicalBytes: number): RunResult => ({
    ...base,
    deterministic: { ...base.deterministic, traceHash, peakPhysicalBytes },
  })
  const results = [run('aaaaaaaa', 1), run('aaaaaaaa', 3), run('bbbbbbbb', 10)]
  const [group] = groupByDesign(results)
  expect(group!.samples.size).toBe(2)
  expect(sampleValues(group!, (one) => one.deterministic.peakPhysicalBytes)).toEqual([2, 10])
  expect(sampleValues(group!, () => null)).toEqual([])
})
