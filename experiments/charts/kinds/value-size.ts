/**
 * Owns the figure of value sizes: write amplification, reads and space over the size of a value,
 * one line for each way of storing values, such as a threshold of a value log (WiscKey, FAST '16,
 * figures 7 to 11).
 */

import { strategyLabels } from '../../../results/design-labels.ts'
import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { strategyOf } from '../designs.ts'
import { estimateOf, INTERVAL_DEFINITION } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { gridOf, gridRows, type PlotSeries, plotView } from '../plots.ts'
import { stylesOf } from '../strategy-styles.ts'
import type { Preset, VegaLiteSpec } from '../theme.ts'
import { SPACE_DEFINITION, WA_DEFINITION } from '../wording.ts'

const DRAWN: Drawn = { covers: ['amplification'] }

interface Cost {
  readonly title: string
  readonly unit: string
  readonly of: (result: RunResult) => number | null
}

const COSTS: readonly Cost[] = [
  {
    title: 'write amplification',
    unit: 'bytes ÷ user bytes',
    of: ({ deterministic }) => deterministic.amplification.drained.waTotal,
  },
  {
    title: 'space amplification',
    unit: 'bytes ÷ live bytes',
    of: ({ deterministic }) => deterministic.amplification.drained.spaceAmplification,
  },
  {
    title: 'blocks per get (found)',
    unit: 'blocks',
    of: ({ deterministic }) => deterministic.readAmplification.getHit.blocksPerOperation,
  },
  {
    title: 'bytes read ÷ returned, short scan',
    unit: 'bytes ÷ bytes',
    of: ({ deterministic }) => deterministic.readAmplification.shortScan.bytesReadPerByteReturned,
  },
]

export const valueSize: ChartKind = {
  name: 'value-size',
  description: 'write amplification, space and reads over the size of values',
  specOf(documents, preset) {
    const results = runsFor('value-size', documents).filter(
      ({ config }) => config.valueBytes !== null && config.valueBytes > 0,
    )
    const sizes = new Set(results.map(({ config }) => config.valueBytes))
    if (sizes.size < 2) {
      throw unfit(
        'value-size',
        'config.valueBytes',
        'runs with two sizes of values at least are needed',
      )
    }
    return valueSizeChart(results, preset)
  },
}

function valueSizeChart(results: readonly RunResult[], preset: Preset): VegaLiteSpec {
  const groups = linesOf(results)
  const intervals = groups.some(([, designs]) => designs.some(({ samples }) => samples.size > 1))
  const styles = stylesOf(groups.map(([, designs]) => strategyOf(designs)))
  const costs = COSTS.filter(({ of }) => results.some((result) => of(result) !== null))
  const grid = gridOf(preset, costs.length, 150)
  const sizes = [...new Set(results.map(({ config }) => config.valueBytes!))].toSorted(
    (a, b) => a - b,
  )
  const behind = watermarkLayers(preset, results, grid.size, DRAWN)
  const x = {
    title: 'value (bytes, logarithmic)',
    log: true,
    domain: [sizes[0]! / 1.15, sizes.at(-1)! * 1.15] as const,
    values: sizes,
    format: ',d',
  }
  const plots = costs.map(({ title, unit, of }) => {
    const series = groups.flatMap(([name, designs], index): readonly PlotSeries[] => {
      const points = designs.flatMap((design) => {
        const estimate = estimateOf(design, of)
        const x = design.results[0]!.config.valueBytes!
        return estimate === null ? [] : [{ x, y: estimate.mean, ...estimate.interval }]
      })
      const style = styles[index]!
      return points.length === 0 ? [] : [{ name, style, points, marks: 'line-points' }]
    })
    const plot = { heading: title, x, y: { title: unit }, series, behind }
    return plotView(preset, plot, grid.size)
  })
  const subject = subjectOf(results)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Size of values: ${subject}`,
    description: `Costs of ${subject} over the size of values`,
    results,
    rows: [
      legendView(
        preset,
        groups.map(([name], index): LegendEntry => {
          const { colour, dash, shape } = styles[index]!
          return { name, symbol: 'line', colour, dash, shape }
        }),
      ),
      ...gridRows(preset, plots, grid),
    ],
    notes: [
      `Drained. ${intervals ? `Whiskers: ${INTERVAL_DEFINITION}. ` : ''}${WA_DEFINITION} ` +
        SPACE_DEFINITION,
      supportNote(results),
    ],
  })
}

/**
 * Designs grouped by contender and workload, ignoring the size of values, in the order of both. The
 * labels omit a strategy that all share, because the title names it.
 */
function linesOf(results: readonly RunResult[]) {
  const contenders = strategyLabels(results)
  const only = new Set(results.map(({ config }) => config.strategy.name)).size === 1
  const workloads = new Set(results.map(({ config }) => config.workload.name)).size
  const sizeOf = ({ results: [first] }: DesignGroup<RunResult>) => first!.config.valueBytes!
  return [
    ...Map.groupBy(groupByDesign(results), ({ results: [first] }) => {
      const label = contenders.get(first!)!
      const { strategy, workload } = first!.config
      const short = only && label !== strategy.name ? label.slice(strategy.name.length + 1) : label
      return workloads === 1 ? short : `${short} on ${workload.name}`
    }),
  ].map(([name, designs]) => [name, designs.toSorted((a, b) => sizeOf(a) - sizeOf(b))] as const)
}
