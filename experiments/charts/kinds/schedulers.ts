/**
 * Owns the figures of the suites in virtual time, `stability` and `silk`: percentiles of latency,
 * and throughput over time, a line for each scheduler.
 */

import { shellText } from '../../../results/shell-text.ts'
import type { SuiteResult, SuiteRun } from '../../../results/suite-schema.ts'
import { type ChartKind, isSuite, type ResultDocument, unfit } from '../chart-kind.ts'
import { framed } from '../frame.ts'
import { legendView } from '../legend.ts'
import { gridOf, gridRows, type Plot, plotView } from '../plots.ts'
import { type Preset, seriesStyle, type VegaLiteSpec } from '../theme.ts'
import { provenance } from '../wording.ts'

export const stability: ChartKind = {
  name: 'stability',
  description: 'write latency by scheduler at 95 % of the maximum (from the suite stability)',
  specOf(documents, preset) {
    const suite = suiteNamed('stability', documents)
    const twice = (layout: string) =>
      openRuns(suite, ({ params }) => {
        return params.layout === layout && String(params.constraint).startsWith('2 ×')
      })
    const tight = openRuns(suite, ({ params }) => params.constraint === '1.5 × the runs')
    const seconds = Number(suite.runs[0]?.series.at(-1)?.atSeconds)
    return schedulersChart(suite, preset, {
      title: 'How long writes wait for merges',
      schedulers: ['fair', 'greedy', 'single'],
      settings: 'open system at 95 % of the maximum under fair, 100 MB/s, keys updated uniformly',
      plots: [
        percentiles('leveling: write latency', twice('leveling'), 'write'),
        percentiles('tiering: write latency', twice('tiering'), 'write'),
        percentiles('leveling, fewer runs allowed', tight, 'write'),
        overTime('leveling: runs in the tree', twice('leveling'), 'runs', 'runs', seconds / 4),
      ],
      note:
        'Writes stop at twice the runs of the tree at rest; “fewer”: at 1.5 times. Latency counts ' +
        'from the arrival of a write. Lines on the bottom: no write waited.',
    })
  },
}

export const silk: ChartKind = {
  name: 'silk',
  description: 'latencies of bursts by scheduler (from the suite silk)',
  specOf(documents, preset) {
    const suite = suiteNamed('silk', documents)
    const { runs } = suite
    return schedulersChart(suite, preset, {
      title: 'Latencies while load comes in bursts',
      schedulers: ['rocksdb', 'silk'],
      settings: 'leveled compaction, T = 10, 200 MB/s, peaks of 10 s and valleys of 40 s',
      plots: [
        percentiles('writes in peaks', runs, 'peakWrite'),
        percentiles('reads in peaks', runs, 'peakRead', 'ms'),
        overTime('writes: p99 in an interval', runs, 'writeP99Ms', LOG_LATENCY, 500),
        overTime('write throughput', runs, 'writesPerSecond', 'writes/s', 500),
      ],
      note:
        'Without a rate limiter, fair scheduling gives the same figures as RocksDB’s pools. ' +
        'Latency counts from the arrival.',
    })
  },
}

function suiteNamed(name: string, documents: readonly ResultDocument[]): SuiteResult {
  const suite = documents.filter(isSuite).find((document) => document.suite === name)
  if (suite === undefined) throw unfit(name, 'suite', `a result of the suite ${name} is needed`)
  return suite
}

/** Runs of the open system without a slowdown, one a scheduler. */
function openRuns({ runs }: SuiteResult, fits: (run: SuiteRun) => boolean): readonly SuiteRun[] {
  const known = new Map<unknown, SuiteRun>()
  for (const run of runs) {
    const { ratePerSecond, slowdown, scheduler } = run.params
    if (ratePerSecond === null || slowdown !== null || !fits(run)) continue
    if (!known.has(scheduler)) known.set(scheduler, run)
  }
  return [...known.values()]
}

interface SchedulersChart {
  readonly title: string
  readonly schedulers: readonly string[]
  readonly settings: string
  /** The plots, given the style of a run's scheduler. */
  readonly plots: readonly ((styleOf: StyleOf) => Plot)[]
  readonly note: string
}

/** Undefined: the scheduler is not drawn. */
type StyleOf = (
  run: SuiteRun,
) => { readonly place: number; readonly style: ReturnType<typeof seriesStyle> } | undefined

function schedulersChart(
  suite: SuiteResult,
  preset: Preset,
  { title, schedulers, settings, plots, note }: SchedulersChart,
): VegaLiteSpec {
  const grid = gridOf(preset, plots.length, 150)
  const styleOf: StyleOf = ({ params }) => {
    const place = schedulers.indexOf(String(params.scheduler))
    return place < 0 ? undefined : { place, style: seriesStyle(place) }
  }
  const drawn = plots.map((plot) => plotView(preset, plot(styleOf), grid.size))
  return framed(preset, {
    title,
    settings: [`${settings}, in virtual time, scale ${suite.scale}`],
    description: `${title}: percentiles of latency by scheduler`,
    usermeta: { commands: [shellText(suite.command)] },
    rows: [
      legendView(
        preset,
        schedulers.map((name, index) => ({ name, symbol: 'line' as const, ...seriesStyle(index) })),
      ),
      ...gridRows(preset, drawn, grid),
    ],
    notes: [note],
    paragraphs: [
      { kind: 'note', text: provenance(suite) },
      { kind: 'command', text: `$ ${shellText(suite.command)}` },
    ],
  })
}

const LOG_LATENCY = 'latency (log)'

const PERCENTILES = [
  { label: 'p50', figure: 'P50Ms' },
  { label: 'p90', figure: 'P90Ms' },
  { label: 'p99', figure: 'P99Ms' },
  { label: 'p99.9', figure: 'P999Ms' },
  { label: 'max', figure: 'MaxMs' },
] as const

function percentiles(
  heading: string,
  runs: readonly SuiteRun[],
  latency: string,
  unit = LOG_LATENCY,
) {
  const labels = PERCENTILES.map(({ label }) => `'${label}'`).join(', ')
  const last = PERCENTILES.length - 1
  return (styleOf: StyleOf): Plot => ({
    heading,
    x: {
      title: 'percentile',
      domain: [-0.3, last + 0.3],
      values: PERCENTILES.map((_, place) => place),
      labelExpr: `[${labels}][datum.value]`,
    },
    y: axisOf(unit),
    series: seriesOf(runs, styleOf, 'line-points', ({ figures }) =>
      PERCENTILES.flatMap(({ figure }, x) => {
        const y = figures[latency + figure]
        return typeof y === 'number' && y > 0 ? [{ x, y }] : []
      }),
    ),
  })
}

function overTime(
  heading: string,
  runs: readonly SuiteRun[],
  field: string,
  unit: string,
  secondsMax: number,
) {
  return (styleOf: StyleOf): Plot => ({
    heading,
    x: { title: 'seconds', format: '~s', tickCount: 4 },
    y: axisOf(unit),
    series: seriesOf(runs, styleOf, 'line', ({ series }) =>
      series
        .filter(({ atSeconds }) => atSeconds! <= secondsMax)
        .map((sample) => ({ x: sample.atSeconds!, y: sample[field]! })),
    ),
  })
}

/** A log axis of milliseconds is labelled with the unit that suits each tick. */
const LATENCY_LABEL =
  "datum.value >= 1000 ? datum.value / 1000 + ' s' : datum.value >= 1 ? datum.value + ' ms' : " +
  "round(datum.value * 1000) + ' µs'"

function axisOf(unit: string): Plot['y'] {
  if (unit === LOG_LATENCY) return { title: unit, log: true, labelExpr: LATENCY_LABEL }
  return { title: unit, format: '~s' }
}

/** In the order of the legend, so that later lines are seen above earlier ones. */
function seriesOf(
  runs: readonly SuiteRun[],
  styleOf: StyleOf,
  marks: Plot['series'][number]['marks'],
  pointsOf: (run: SuiteRun) => Plot['series'][number]['points'],
): Plot['series'] {
  const found = runs.flatMap((run) => {
    const drawn = styleOf(run)
    if (drawn === undefined) return []
    const { place, style } = drawn
    return [{ place, name: String(run.params.scheduler), style, marks, points: pointsOf(run) }]
  })
  return found.toSorted((a, b) => a.place - b.place)
}
