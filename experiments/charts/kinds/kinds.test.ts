/** What the kinds say of results that cannot feed them, and where their figures come from. */

import { describe, expect, test } from 'vitest'
import { isLsmError } from '../../../engine/index.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type SampleOptions, sampleResult } from '../../../results/testing/sample-result.ts'
import { readDocuments } from '../../cli/read-documents.ts'
import { chartKinds } from '../catalog.ts'
import type { ResultDocument } from '../chart-kind.ts'
import { loadPrediction } from '../model.ts'
import { PRESETS } from '../theme.ts'
import { bytesPerLevel } from './tree-shape.ts'

const preset = PRESETS['two-column']
const draw = (kind: string, results: readonly ResultDocument[]) =>
  JSON.stringify(chartKinds.get(kind)!.specOf(results, preset))

/** The one line of a kind that refuses. */
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

describe('a kind that its results cannot feed names the field in one line', () => {
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

test('bytes summed up from the log of events are those of the drained tree', () => {
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
  // 95 memtables of T = 4: the deepest of the levels is the fourth.
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
  expect(draw('sweep', cells)).toContain(`"x":2,"y":1,"value":${(was[0]! + was[1]!) / 2}`)
})

function withTimes(timed: Partial<RunResult['timed']>): RunResult {
  const result = sample()
  return { ...result, timed: { ...result.timed, ...timed } }
}

function withoutSeries(): RunResult {
  const result = sample()
  return { ...result, deterministic: { ...result.deterministic, series: [] } }
}
