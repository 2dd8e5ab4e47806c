/** What parts two designs and two samples, field by field, and what does not. */
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
  ['the module of a strategy of the user’s own', strategy({ moduleDigest: 'feedfacefeedface' })],
  ['an engine option', configured({ engine: { ...config.engine, memtableBytes: 7 } })],
  ['target', configured({ target: 'simulator (exact)' })],
  ['start', configured({ aged: { tree: 'feedfacefeedface' } })],
  ['arrival', sampleResult({ openLoop: 'steady' })],
  ['workload', workload({ name: 'ycsb-b' })],
  ['a parameter of the workload', workload({ params: { theta: 0.5 } })],
  ['load order', workload({ loadOrder: 'ordered' })],
  ['the compression that was asked for', ratios(0.5, 0.5)],
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
  ['what values compress to', ratios(null, 0.37)],
  ['what a strategy is made of', strategy({ primitives: null })],
  ['where it ran', { ...base, environment: { ...base.environment, cpuModel: 'another' } }],
  ['what it took', { ...base, timed: { ...base.timed, gcSeconds: 9 } }],
  ['id and command', { ...base, id: 'x', command: ['x'] }],
  ['the order of parameters', strategy({ params: { ...config.strategy.params } })],
] satisfies [string, RunResult][])('designs do not differ by %s', (_what, other) => {
  expect(designKey(other)).toBe(designKey(base))
})

test('the trees of two seeds are one start', () => {
  const from = (tree: string) => configured({ aged: { tree } })
  expect(designKey(from('00000000feedface'))).toBe(designKey(from('feedfacefeedface')))
})

test('parameters in another order are the same parameters', () => {
  const [one, two] = [
    { T: 4, K: 2 },
    { K: 2, T: 4 },
  ].map((params) => strategy({ params }))
  expect(designKey(one!)).toBe(designKey(two!))
})

test('a sample is its stream of operations, up to what was asked for', () => {
  const stream = (traceHash: string, askedTraceHash: string | null = null): RunResult => ({
    ...base,
    deterministic: { ...base.deterministic, traceHash, askedTraceHash },
  })
  expect(sampleKey(stream('aaaaaaaa'))).not.toBe(sampleKey(stream('bbbbbbbb')))
  expect(sampleKey(stream('aaaaaaaa', 'cccccccc'))).toBe(sampleKey(stream('bbbbbbbb', 'cccccccc')))
  expect(sampleKey(samplePeer(base))).toBe(sampleKey(base))
})

test('repeats of a sample count once, by their mean', () => {
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
