/**
 * Owns the figure of a value log, drawn from the suite `wisckey`: what separating values saves in
 * writes and costs in cold scans over the size of a value, the size where the two cross, and the
 * log's own write amplification under FIFO cleaning next to its law (WiscKey, FAST '16).
 */

import { shellText } from '../../../results/shell-text.ts'
import type { SuiteResult, SuiteRun } from '../../../results/suite-schema.ts'
import { vlogWa } from '../../../strategies/model/value-log.ts'
import { type ChartKind, isSuite, unfit } from '../chart-kind.ts'
import { framed } from '../frame.ts'
import { legendView } from '../legend.ts'
import { gridOf, gridRows, type PlotAxis, type PlotSeries, plotView } from '../plots.ts'
import { type Preset, seriesStyle, type VegaLiteSpec } from '../theme.ts'
import { provenance } from '../wording.ts'

const PLACES = [
  { name: 'values in the tree', separated: false },
  { name: 'values in the log', separated: true },
] as const

interface Cost {
  readonly heading: string
  readonly unit: string
  /** Prefix of the names of the runs that the metric is read from. */
  readonly runs: 'load' | 'cold scan'
  readonly figure: string
}

const COSTS: readonly Cost[] = [
  { heading: 'write amplification', unit: 'ratio', runs: 'load', figure: 'waTotal' },
  {
    heading: 'cold scan: blocks read',
    unit: 'blocks an entry',
    runs: 'cold scan',
    figure: 'blocksPerEntry',
  },
  { heading: 'cold scan: time', unit: 'µs an entry', runs: 'cold scan', figure: 'usPerEntry' },
]

/** The fills at which the law is drawn. */
const LAW_FILLS = Array.from({ length: 41 }, (_, step) => 0.4 + step / 80)

export const valueLog: ChartKind = {
  name: 'value-log',
  description: 'what a value log buys and costs by size of value (from the suite wisckey)',
  specOf(documents, preset) {
    const suite = documents.filter(isSuite).find((document) => document.suite === 'wisckey')
    if (suite === undefined) {
      throw unfit('value-log', 'suite', 'a result of the suite wisckey is needed')
    }
    return valueLogChart(suite, preset)
  },
}

function valueLogChart(suite: SuiteResult, preset: Preset): VegaLiteSpec {
  const grid = gridOf(preset, COSTS.length + 1, 150)
  const plots = [
    ...COSTS.map((cost) => {
      const { heading, unit } = cost
      const y = { title: unit, log: cost.runs === 'cold scan' }
      return plotView(
        preset,
        { heading, x: sizeAxis(suite), y, series: series(suite, cost) },
        grid.size,
      )
    }),
    plotView(preset, cleaningPlot(suite), grid.size),
  ]
  const title = 'What a value log buys, and what it costs'
  return framed(preset, {
    title,
    settings: [`leveling, T = 4, uncompressed, keys of 16 B, scale ${suite.scale}`],
    description: `${title}: writes and cold scans by size of value`,
    usermeta: { commands: [shellText(suite.command)] },
    rows: [
      legendView(preset, [
        ...PLACES.map(({ name }, index) => ({
          name,
          symbol: 'line' as const,
          ...seriesStyle(index),
        })),
        {
          name: 'law of FIFO cleaning',
          symbol: 'line',
          colour: seriesStyle(2).colour,
          dash: [4, 3],
        },
      ]),
      ...gridRows(preset, plots, grid),
    ],
    notes: [
      'Write amplification: all bytes written (WAL, tree, log) ÷ user bytes, drained. Cold: empty ' +
        'block cache, page cache as it was; a read of the log counts as a block. Log WA: bytes ' +
        'appended and moved ÷ appended, under uniform updates, oldest segment first; law: ' +
        '1 ÷ (1 − u), u = exp(−(1 − u) ÷ f), f the live share of the capacity. Times are of one run.',
    ],
    paragraphs: [
      { kind: 'note', text: provenance(suite) },
      { kind: 'command', text: `$ ${shellText(suite.command)}` },
    ],
  })
}

function series(suite: SuiteResult, { runs, figure }: Cost): readonly PlotSeries[] {
  return PLACES.map(({ name, separated }, index) => ({
    name,
    style: seriesStyle(index),
    marks: 'line-points',
    points: suite.runs
      .filter((run) => run.name.startsWith(`${runs},`) && run.params.separated === separated)
      // Scans that read ahead belong to another comparison.
      .filter(({ params }) => params.prefetch == null)
      .map((run) => ({ x: Number(run.params.valueBytes), y: Number(run.figures[figure]) })),
  }))
}

function sizeAxis(suite: SuiteResult): PlotAxis {
  const sizes = suite.runs
    .filter(({ name }) => name.startsWith('load,'))
    .map(({ params }) => Number(params.valueBytes))
  const values = [...new Set(sizes)].toSorted((a, b) => a - b)
  return {
    title: 'value (bytes, logarithmic)',
    log: true,
    domain: [values[0]! / 1.3, values.at(-1)! * 1.3],
    values,
    format: ',d',
  }
}

function cleaningPlot(suite: SuiteResult) {
  const isFifo = ({ params }: SuiteRun) => params.policy === 'fifo' && params.hotShare === null
  const measured = suite.runs.filter(isFifo)
  const law = { ...seriesStyle(2), dash: [4, 3] }
  return {
    heading: 'log WA under cleaning',
    x: { title: 'live ÷ capacity (f)', domain: [0.4, 0.9] as const, tickCount: 5 },
    y: { title: 'ratio' },
    series: [
      {
        name: 'law',
        style: law,
        marks: 'line' as const,
        points: LAW_FILLS.map((fill) => ({ x: fill, y: vlogWa(fill) })),
      },
      {
        name: 'measured',
        style: seriesStyle(1),
        marks: 'points' as const,
        points: measured.map(({ params, figures }) => ({
          x: Number(params.fill),
          y: Number(figures.logWriteAmplification),
        })),
      },
    ],
  }
}
