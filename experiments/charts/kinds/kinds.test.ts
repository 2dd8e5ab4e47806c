/** The errors of kinds whose results lack a field, and the sources of their figures. */

import { describe, expect, test } from 'vitest'
import { isLsmError } from '../../../engine/index.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type SampleOptions, sampleResult } from '../../../results/testing/sample-result.ts'
import { readDocuments } from '../../cli/read-documents.ts'
import { chartKinds } from '../catalog.ts'
import type { ResultDocument } from '../chart-kind.ts'
import { loadPrediction } from '../model.ts'
import { levelColours, PRESETS } from '../theme.ts'
import { bytesPerLevel } from './tree-shape.ts'

const preset = PRESETS['two-column']
const draw = (kind: string, results: readonly ResultDocument[]) =>
  JSON.stringify(chartKinds.get(kind)!.specOf(results, preset))

/** The one line of the error of a kind that refuses its results. */
function refusal(kind: string, results: readonly ResultDocument[]): string {
  try {
    draw(kind, results)
  } catch (error) {
    if (isLsmError(error, 'LSM_INVALID_ARGUMENT')) return error.message
    throw error
  }
  return 'drawn'
}

const sample = (options: SampleOptions = {}) => sampleResult(options)
const suite = readDocuments(['results/suites/counts-full.json'])

describe('a kind names the field that its results lack in one line', () => {
  test.each([
    ['trade-off', [sample({ reads: false })], 'trade-off: deterministic.readAmplification: '],
    ['latency', [withTimes({ latencyByKind: {} })], 'latency: timed.latencyByKind: '],
    ['latency', [sample()], 'latency: timed.latencyByKind.read.histogramBase64: '],
    ['throughput', [sample()], 'throughput: timed.series: '],
    ['tree-shape', [withoutSeries()], 'tree-shape: deterministic.series: '],
    ['debt', [withoutSeries()], 'debt: deterministic.series: '],
    ['wa-vs-size', [sample()], 'wa-vs-size: deterministic.amplification.drained.userBytes: '],
    ['sweep', [sample(), sample({ strategy: 'fluid' })], 'sweep: config.strategy.name: '],
    ['sweep', [2, 4].map((T) => sample({ params: { T } })), 'sweep: config.strategy.params: '],
    ['prediction-error', [sample()], 'prediction-error: config.target: '],
    ['filters', [sample()], 'filters: deterministic.readAmplification.getHit.filterChecks: '],
    ['value-size', [sample()], 'value-size: config.valueBytes: '],
    ['run', [sample(), sample({ seed: 7 })], 'run: id: one run at a time, 2 were given'],
    ['amplification', suite, 'amplification: config: these are results of suites, not of runs'],
  ])('%s', (kind, results, line) => {
    const message = refusal(kind, results)
    expect(message).toContain(line)
    expect(message).not.toContain('\n')
  })
})

test('an overloaded run has no latency, and the figure says so', () => {
  const arrivals = {
    kind: 'poisson' as const,
    clients: 1,
    offeredPerSecond: 50_000,
    achievedPerSecond: 28_000,
    sustainablePerSecond: null,
    lagMaxSeconds: 0.8,
    lagAtEndSeconds: 0.8,
    overloaded: true,
    why: 'the backlog grew',
  }
  const overloaded = withTimes({ arrivals, latencyByKind: {} })
  expect(refusal('latency', [overloaded])).toBe(
    `latency: timed.arrivals.overloaded: ${overloaded.id} was overloaded: the backlog grew`,
  )
})

test('bytes summed from the event log equal those of the drained tree', () => {
  for (const document of readDocuments(['results/strategies-on-ycsb'])) {
    const run = document as RunResult
    const summed = bytesPerLevel({
      ...run,
      deterministic: {
        ...run.deterministic,
        series: run.deterministic.series.map((point) => ({ ...point, levelBytes: null })),
      },
    })
    const last = run.deterministic.levels.map(({ bytes }) => bytes)
    expect(last.map((_, level) => summed.at(-1)!.values[level] ?? 0)).toEqual(last)
  }
})

test('the model of a load is drawn for loads alone', () => {
  const load = sample({ strategy: 'leveling' })
  expect(loadPrediction(load)).toBeNull()
  const { phases, amplification } = load.deterministic
  const pure = {
    ...load,
    config: { ...load.config, engine: { memtableBytes: 1_048_576, blockBytes: 4096 } },
    deterministic: {
      ...load.deterministic,
      phases: phases.filter(({ name }) => name === 'load'),
      amplification: {
        ...amplification,
        drained: { ...amplification.drained, userBytes: phases[0]!.userBytes },
      },
    },
  }
  const { records } = pure.config
  // 95 memtables with T = 4: the deepest level is the fourth.
  expect(loadPrediction(pure)!.loaded!.levels).toBe(4)
  expect(loadPrediction(pure, records / 100)!.loaded!.levels).toBe(1)
})

test('the sweep takes the mean over seeds, cell by cell', () => {
  const cells = [1, 2].flatMap((seed) =>
    [
      { T: 2, K: 1 },
      { T: 4, K: 1 },
      { T: 4, K: 3 },
    ].map((params) => sample({ strategy: 'fluid', seed, params })),
  )
  const was = cells
    .filter(({ config }) => config.strategy.params.T === 2)
    .map(({ deterministic }) => deterministic.amplification.drained.waTotal!)
  const drawn = draw('sweep', cells)
  expect(drawn).toContain(`"x":2,"y":1,"value":${(was[0]! + was[1]!) / 2}`)
  expect(drawn).toContain('mean over seeds')
  expect(draw('trade-off', cells)).toContain('mean over seeds')
  expect(draw('trade-off', cells.slice(0, 3))).not.toContain('mean over seeds')
})

test('cells whose labels are equal have one shade', () => {
  const cells = [
    { T: 2, K: 1 },
    { T: 4, K: 1 },
    { T: 4, K: 3 },
  ].map((params, index) =>
    sample({ strategy: 'fluid', params, mergeFactor: 3 + index / 10_000, runsPerGet: 3 + index }),
  )
  const shades = new Map<string, string>()
  JSON.parse(draw('sweep', cells), (_, value) => {
    if (value?.shade !== undefined) shades.set(value.label, value.shade)
    return value
  })
  const writes = cells[0]!.deterministic.amplification.drained.waTotal!
  expect(shades.get(writes.toFixed(2))).toBe(levelColours(64)[0])
  expect(new Set(['3.00', '4.00', '5.00'].map((label) => shades.get(label))).size).toBe(3)
})

test('a figure over sizes needs two sizes, and has no watermark for loads alone', () => {
  const failedGates = [{ name: 'steady-state', passed: false, why: 'a load' }]
  const sized = (seed: number, userBytes: number, operations: number): RunResult => {
    const run = sample({ seed, failedGates })
    const { amplification } = run.deterministic
    const drained = { ...amplification.drained, userBytes }
    const records = userBytes < 2_000_000 ? 1_000 : 2_000
    return {
      ...run,
      config: { ...run.config, records, operations },
      deterministic: { ...run.deterministic, amplification: { ...amplification, drained } },
    }
  }
  const seeds = [sized(1, 1_000_000, 0), sized(2, 1_000_007, 0)]
  expect(refusal('wa-vs-size', seeds)).toContain('designs of two sizes at least')
  expect(draw('wa-vs-size', [...seeds, sized(1, 2_000_000, 0)])).not.toContain('"TRANSIENT"')
  const updated = [sized(1, 1_000_000, 10), sized(1, 2_000_000, 10)]
  expect(draw('wa-vs-size', updated)).toContain('"TRANSIENT"')
})

test('the whisker of a symbol moves aside with it', () => {
  const results = ['fluid', 'universal'].flatMap((strategy) =>
    [1, 2].flatMap((seed) =>
      [64, 256].map((valueBytes) => {
        const run = sample({ strategy, seed, mergeFactor: 3, runsPerGet: 3 })
        return { ...run, config: { ...run.config, valueBytes } }
      }),
    ),
  )
  const layers: { mark?: { type?: string }; data?: { values: { x: number; at: number }[] } }[] = []
  JSON.parse(draw('value-size', results), (_, value) => {
    if (value?.mark?.type === 'rule' && value.encoding?.y2?.field === 'high') layers.push(value)
    return value
  })
  expect(layers.length).toBeGreaterThan(0)
  for (const layer of layers) {
    expect(layer).toMatchObject({ encoding: { x: { field: 'at' } } })
    expect(layer.data!.values.every(({ x, at }) => x !== at)).toBe(true)
  }
})

function withTimes(timed: Partial<RunResult['timed']>): RunResult {
  const result = sample()
  return { ...result, timed: { ...result.timed, ...timed } }
}

function withoutSeries(): RunResult {
  const result = sample()
  return { ...result, deterministic: { ...result.deterministic, series: [] } }
}
