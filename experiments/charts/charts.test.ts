/**
 * Figures as readers see them: complete, legible at every size of comparison, and the same bytes
 * each time. Legibility is checked on the laid-out scene: no text crosses another text or the edge.
 */

import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import { type SampleOptions, sampleResult } from '../../results/testing/sample-result.ts'
import { chartFor } from './chart-for.ts'
import { renderPng, renderSvg, writeChart } from './render.ts'
import { overlappingTexts, textsOf } from './testing/drawn-text.ts'
import { warningsOf } from './testing/legible.ts'

const STRATEGIES = [
  'leveling',
  'leveling-partial',
  'lazy-leveling',
  'tiering',
  'fluid',
  'universal',
] as const
const WORKLOADS = ['ycsb-a', 'ycsb-b', 'ycsb-e'] as const

const transient = { name: 'steady-state', passed: false, why: 'wrote 1.5 × the data set, needs 3' }
const steady = { name: 'steady-state', passed: true, why: 'wrote 4 × the data set' }
const closedLoop = { name: 'open-loop', passed: false, why: 'latencies hide queueing' }

const oneRun = [
  sampleResult({
    strategy: 'leveling-partial',
    longScans: true,
    params: { T: 4, picker: 'least-overlap', levelZeroRuns: 4, sizing: 'static', filterBits: 10 },
    failedGates: [transient, closedLoop],
  }),
]
const manyRuns = grid(STRATEGIES, WORKLOADS, ({ strategy, workload }) => ({
  longScans: workload === 'ycsb-e',
  failedGates: [closedLoop, strategy === 'tiering' ? transient : steady],
}))

test.each([
  { what: 'one run', results: oneRun, hash: '874f6b3be193bfc0' },
  { what: 'six strategies by three workloads', results: manyRuns, hash: '559b2847f12a0683' },
])(
  '$what: two drawings have the same bytes, and their hash is the recorded one',
  async ({ results, hash }) => {
    const svg = await renderSvg(chartFor(results))
    expect(await renderSvg(chartFor(results))).toBe(svg)
    const found = createHash('sha256').update(svg).digest('hex').slice(0, 16)
    expect(found, 'If the change is wanted: npm run gallery, look, copy the new hash here').toBe(
      hash,
    )
  },
)

const figures: readonly { readonly what: string; readonly results: readonly RunResult[] }[] = [
  { what: 'one run', results: oneRun },
  { what: 'one run without reads', results: [sampleResult({ reads: false })] },
  { what: 'one run without a series', results: [withoutSeries(sampleResult())] },
  { what: 'one run without writes', results: [withoutWrites(sampleResult())] },
  ...[2, 3, 6].flatMap((strategies) =>
    [1, 3].map((workloads) => ({
      what: `${strategies} strategies by ${workloads} workloads`,
      results: grid(STRATEGIES.slice(0, strategies), WORKLOADS.slice(0, workloads), () => ({
        longScans: true,
      })),
    })),
  ),
  { what: 'gates that fail here and there', results: manyRuns },
  {
    what: 'several seeds',
    results: [1, 2, 3].flatMap((seed) => grid(['tiering', 'fluid'], ['ycsb-a'], () => ({ seed }))),
  },
  {
    what: 'a strategy module with parameters',
    results: ['least-overlap', 'round-robin'].flatMap((picker) =>
      grid(['./my/long-folder/strategy-of-mine.ts'], WORKLOADS, () => ({
        longScans: true,
        params: { T: 10, picker },
      })),
    ),
  },
]

test.each(figures)(
  '$what: no label is cut or crosses another, and none reads NaN',
  async ({ results }) => {
    const spec = chartFor(results)
    const { texts, svg, width, height } = await textsOf(spec)
    expect(overlappingTexts(texts)).toEqual([])
    for (const { text, x1, y1, x2, y2 } of texts) {
      expect([text, x1 >= 0 && y1 >= 0 && x2 <= width && y2 <= height]).toEqual([text, true])
    }
    expect(svg).not.toMatch(/NaN|undefined|Infinity|null/)
    expect(warningsOf(spec)).toEqual([])
  },
)

test('one run: title, settings, axes with units, definition, failed gates and command', async () => {
  const drawn = await drawnText(oneRun)
  for (const text of [
    'leveling-partial on ycsb-a',
    'T = 4 · picker = least-overlap',
    'write amplification (bytes written ÷ user bytes)',
    'runs per operation',
    'blocks per operation',
    'size (MiB)',
    'user bytes written (MiB)',
    'Write amplification so far',
    'sorted runs',
    'Write amplification: all bytes written',
    'Burst: at the last operation. Drained: after all due compactions.',
    'Space amplification: physical bytes ÷ live logical bytes',
    '✗ steady-state: wrote 1.5 × the data set, needs 3',
    '✗ open-loop: latencies hide queueing',
    '$ npm run exp -- --strategy=leveling-partial --workload=ycsb-a --seed=42',
  ]) {
    expect(drawn).toContain(text)
  }
})

test('a comparison: the same, one command for all, marks on runs that failed a gate', async () => {
  const drawn = await drawnText(manyRuns)
  for (const text of [
    '6 strategies on ycsb-a, ycsb-b and ycsb-e',
    'write amplification',
    'runs per get (found)',
    'runs per get (absent)',
    'runs per short scan',
    'runs per long scan',
    'space amplification',
    'tiering †',
    '✗ open-loop failed in every run',
    '† steady-state failed in 3 of 18 runs; tiering on ycsb-a: wrote 1.5 × the data set',
    'Single seed: differences are not tested.',
    '--strategy=leveling,leveling-partial,tiering,lazy-leveling,fluid,universal ' +
      '--workload=ycsb-a,ycsb-b,ycsb-e --seed=42',
  ]) {
    expect(drawn).toContain(text)
  }
  expect(drawn).not.toContain('leveling †')
})

test('reads can be shown in blocks', async () => {
  const spec = chartFor(manyRuns, { reads: 'blocks' })
  expect((await textsOf(spec)).texts.map(({ text }) => text).join(' ')).toContain(
    'blocks per get (found)',
  )
})

test('runs that differ in a parameter get separate rows, labelled with it', async () => {
  const runs = [2, 8].flatMap((T) =>
    grid(['tiering', 'leveling'], ['ycsb-a'], () => ({ params: { T } })),
  )
  const { texts } = await textsOf(chartFor(runs))
  const names = texts.map(({ text }) => text).filter((text) => /T=\d/.test(text))
  expect(names).toEqual(['leveling T=2', 'leveling T=8', 'tiering T=2', 'tiering T=8'])
})

test('seeds of one strategy are one row: the mean with its range', () => {
  const runs = [1, 2].map((seed) => sampleResult({ seed }))
  const was = runs.map((run) => run.deterministic.amplification.drained.waTotal!)
  const text = JSON.stringify(chartFor(runs))
  expect(text).toContain(`"value":${(was[0]! + was[1]!) / 2}`)
  expect(text).toContain(`"low":${Math.min(...was)},"high":${Math.max(...was)}`)
})

test('commands that no list covers are counted, and the metadata holds them all', async () => {
  const runs = [1, 2, 3].map((seed) => sampleResult({ seed }))
  const spec = chartFor(runs)
  expect(await drawnText(runs)).toContain('--seed=1 # 2 more commands: usermeta of the .vl.json')
  expect(spec.usermeta).toMatchObject({ commands: runs.map((run) => run.command.join(' ')) })
})

test('runs that loaded in different orders are refused, different operations are marked', async () => {
  const [a, b] = grid(['tiering', 'fluid'], ['ycsb-a'], () => ({})) as [RunResult, RunResult]
  const workload = { ...b.config.workload, loadOrder: 'ascending' }
  const reordered = { ...b, config: { ...b.config, workload } }
  expect(() => chartFor([a, reordered])).toThrow(/ycsb-a: runs loaded in different orders/)
  const other = { ...b, deterministic: { ...b.deterministic, traceHash: '00000000' } }
  expect(await drawnText([a, b])).not.toContain('paired-traces')
  expect(await drawnText([a, other])).toContain('✗ paired-traces: runs of ycsb-a with seed 42/0')
})

test('the files of a chart: data embedded, a PNG of twice the SVG’s size', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-chart-'))
  try {
    const spec = chartFor(oneRun)
    const paths = await writeChart(spec, join(folder, 'run'))
    expect(paths.map((path) => basename(path))).toEqual(['run.vl.json', 'run.svg', 'run.png'])
    expect(readdirSync(folder)).toHaveLength(3)
    const [json, svg, png] = paths.map((path) => readFileSync(path)) as [Buffer, Buffer, Buffer]
    expect(JSON.parse(json.toString())).toEqual(JSON.parse(JSON.stringify(spec)))
    expect(json.toString()).not.toContain('"url"')
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg.toString())!
    expect(renderPng(svg.toString())).toEqual(new Uint8Array(png))
    expect(png.readUInt32BE(16)).toBe(2 * Number(width))
    expect(png.readUInt32BE(20)).toBe(2 * Number(height))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function grid(
  strategies: readonly string[],
  workloads: readonly string[],
  options: (of: { strategy: string; workload: string }) => SampleOptions,
): readonly RunResult[] {
  return workloads.flatMap((workload) =>
    strategies.map((strategy) =>
      sampleResult({ strategy, workload, ...options({ strategy, workload }) }),
    ),
  )
}

function withoutSeries(result: RunResult): RunResult {
  return { ...result, deterministic: { ...result.deterministic, series: [] } }
}

function withoutWrites(result: RunResult): RunResult {
  const none = {
    ...result.deterministic.amplification.drained,
    userBytes: 0,
    bytesWrittenByCause: {},
    waTotal: null,
    spaceAmplification: null,
    liveLogicalBytes: 0,
    physicalBytes: 0,
  }
  const amplification = { burst: none, drained: none }
  return {
    ...result,
    deterministic: { ...result.deterministic, amplification, series: [], peakPhysicalBytes: 0 },
  }
}

/** All text of the figure, in drawing order, with the line breaks of captions undone. */
async function drawnText(results: readonly RunResult[]): Promise<string> {
  const { texts } = await textsOf(chartFor(results))
  return texts.map(({ text }) => text.replaceAll('\u00a0', ' ')).join(' ')
}
