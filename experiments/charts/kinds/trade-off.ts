/**
 * Owns the figure of the three-way trade-off: write amplification across, cost of a read up, space
 * amplification as area, a panel a workload. Points that no other beats in all three are filled; the
 * dashed staircase is the front of writes against reads alone (the RUM conjecture, Athanassoulis et
 * al., EDBT 2016).
 */

import type { RunResult } from '../../../results/schema.ts'
import { estimateOf } from '../../estimate.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { designsOf, type LabelledDesign } from '../designs.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { placeLabels } from '../label-placement.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import type { Layer } from '../panels.ts'
import { paretoFront } from '../pareto.ts'
import { gridOf, gridRows, type Plot, type PlotSize, plotView, plotX, plotY } from '../plots.ts'
import { COLOUR, type Preset, seriesStyle, type VegaLiteSpec, type View } from '../theme.ts'
import { formatRatio, READ_ACCOUNTS, SPACE_DEFINITION, WA_DEFINITION } from '../wording.ts'

const DRAWN: Drawn = { covers: ['amplification'] }
/** Areas of the least and the most space, in square pixels. */
const AREAS = [34, 190] as const

interface Point {
  readonly strategy: string
  /** What tells it from others of the strategy. */
  readonly details: string
  readonly write: number
  readonly read: number
  readonly space: number
}

/** One panel: a workload, and the kind of read it does most. */
interface Panel {
  readonly workload: string
  readonly read: (typeof READ_ACCOUNTS)[number]
  readonly points: readonly Point[]
}

export const tradeOff: ChartKind = {
  name: 'trade-off',
  description: 'reads against writes against space, with the Pareto front',
  specOf(documents, preset) {
    const results = runsFor('trade-off', documents)
    const panels = panelsOf(results)
    if (panels.length === 0) {
      throw unfit('trade-off', 'deterministic.readAmplification', 'no run has reads')
    }
    return tradeOffChart(results, panels, preset)
  },
}

function tradeOffChart(
  results: readonly RunResult[],
  panels: readonly Panel[],
  preset: Preset,
): VegaLiteSpec {
  const strategies = [...new Set(results.map(({ config }) => config.strategy.name))]
  const spaces = panels.flatMap(({ points }) => points.map(({ space }) => space))
  const areaOf = areaScale(Math.min(...spaces), Math.max(...spaces))
  const grid = gridOf(preset, panels.length, panels.length === 1 ? 320 : 200)
  const height = preset.name === 'slide' ? grid.size.height : Math.round(grid.size.height * 1.3)
  const size = { width: grid.size.width, height }
  const behind = watermarkLayers(preset, results, size, DRAWN)
  const subject = subjectOf(results)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Read, write and space: ${subject}`,
    description: `Cost of reads against write and space amplification of ${subject}`,
    results,
    rows: [
      legendView(preset, legendOf(strategies, spaces, areaOf)),
      ...gridRows(
        preset,
        panels.map((panel) => panelView(preset, panel, strategies, areaOf, size, behind)),
        grid,
      ),
    ],
    notes: [
      'Area: space amplification. Filled: no other point is as good in all three; hollow: beaten. ' +
        'Dashed: the best reads for the writes. Drained; less is better in every direction. ' +
        `${WA_DEFINITION} ${SPACE_DEFINITION} Runs: those whose key range held the key or met the ` +
        'range.',
      supportNote(results),
    ],
  })
}

function panelView(
  preset: Preset,
  panel: Panel,
  strategies: readonly string[],
  areaOf: (space: number) => number,
  size: PlotSize,
  behind: readonly Layer[],
): View {
  const { points, read, workload } = panel
  const x = { title: 'write amplification', domain: domainOf(points.map(({ write }) => write)) }
  const y = {
    title: `runs per ${read.name}`,
    domain: domainOf(points.map((point) => point.read)),
    tickCount: 5,
  }
  const plot: Plot = { heading: workload, x: { ...x, tickCount: 5 }, y, series: [] }
  const front = paretoFront(points, ({ write, read, space }) => [write, read, space])
  const { scale } = preset
  const values = points
    // Large ones first, so that none is hidden.
    .toSorted((a, b) => b.space - a.space)
    .map((point) => {
      const { colour, shape } = seriesStyle(strategies.indexOf(point.strategy))
      const fill = front.includes(point) ? colour : COLOUR.paper
      return { ...point, colour, fill, shape, area: areaOf(point.space) * scale ** 2 }
    })
  const encoding = { x: plotX(plot, 'write'), y: plotY(plot, 'read') }
  const symbols: Layer = {
    data: { values },
    mark: { type: 'point', filled: false, opacity: 1, strokeWidth: 1.4 * scale },
    encoding: {
      ...encoding,
      shape: { field: 'shape', type: 'nominal', scale: null },
      size: { field: 'area', type: 'quantitative', scale: null },
      stroke: { field: 'colour', type: 'nominal', scale: null },
      fill: { field: 'fill', type: 'nominal', scale: null },
    },
  }
  const above = [
    staircase(points, plot, scale),
    symbols,
    ...labelLayers(preset, points, front, x.domain, y.domain, areaOf, size),
  ]
  return plotView(preset, { ...plot, behind, above }, size)
}

/** The best reads for the writes, from left to right. */
function staircase(points: readonly Point[], plot: Plot, scale: number): Layer {
  const steps = paretoFront(points, ({ write, read }) => [write, read])
    .toSorted((a, b) => a.write - b.write)
    .map(({ write, read }) => ({ write, read }))
  return {
    data: { values: steps },
    mark: {
      type: 'line',
      interpolate: 'step-after',
      color: COLOUR.muted,
      strokeDash: [3 * scale, 3 * scale],
      strokeWidth: scale,
    },
    encoding: { x: plotX(plot, 'write'), y: plotY(plot, 'read') },
  }
}

/** Where strategies come with several parameters, the points of the front say which. */
function labelLayers(
  preset: Preset,
  points: readonly Point[],
  front: readonly Point[],
  xDomain: readonly [number, number],
  yDomain: readonly [number, number],
  areaOf: (space: number) => number,
  { width, height }: PlotSize,
): readonly Layer[] {
  const { scale, fontSize } = preset
  const ordered = [...front, ...points.filter((point) => !front.includes(point))]
  const labels = placeLabels(
    ordered.map((point) => ({
      text: point.details,
      x: ((point.write - xDomain[0]) / (xDomain[1] - xDomain[0])) * width,
      y: height - ((point.read - yDomain[0]) / (yDomain[1] - yDomain[0])) * height,
      radius: (Math.sqrt(areaOf(point.space)) / 2) * scale,
    })),
    { width, height },
    fontSize.value,
  ).filter(({ text }) => text !== '')
  if (labels.length === 0) return []
  return [
    {
      data: { values: [...labels] },
      mark: {
        type: 'text',
        align: 'left',
        baseline: 'middle',
        fontSize: fontSize.value,
        color: COLOUR.ink,
      },
      encoding: {
        x: { field: 'x', type: 'quantitative', scale: null, axis: null },
        y: { field: 'y', type: 'quantitative', scale: null, axis: null },
        text: { field: 'text', type: 'nominal' },
      },
    },
  ]
}

function panelsOf(results: readonly RunResult[]): readonly Panel[] {
  const byWorkload = Map.groupBy(designsOf(results), ({ workload }) => workload)
  return [...byWorkload].flatMap(([workload, designs]) => {
    const read = mostFrequentRead(designs.flatMap((design) => design.results))
    if (read === null) return []
    const points = designs.flatMap((design) => pointOf(design, read) ?? [])
    return points.length === 0 ? [] : [{ workload, read, points }]
  })
}

/** The mean over samples; null where a figure is missing. */
function pointOf(design: LabelledDesign<RunResult>, read: Panel['read']): Point | null {
  const { name } = design.results[0]!.config.strategy
  const over = (figure: (result: RunResult) => number | null) =>
    estimateOf(design, figure)?.mean ?? null
  const write = over(({ deterministic }) => deterministic.amplification.drained.waTotal)
  const space = over(({ deterministic }) => deterministic.amplification.drained.spaceAmplification)
  const reads = over(({ deterministic: d }) => d.readAmplification[read.key].runsPerOperation)
  if (write === null || space === null || reads === null) return null
  const details = design.contender.slice(name.length).trim()
  return { strategy: name, details, write, read: reads, space }
}

function mostFrequentRead(runs: readonly RunResult[]): Panel['read'] | null {
  const operations = ({ key }: Panel['read']) =>
    runs.reduce((sum, run) => sum + run.deterministic.readAmplification[key].operations, 0)
  // An update's read costs what a get costs; it stands in only where there is no other read.
  const reads = READ_ACCOUNTS.filter(({ key }) => key !== 'updateRead')
  const some = reads.some((read) => operations(read) > 0)
  const most = (some ? reads : READ_ACCOUNTS).reduce((a, b) =>
    operations(b) > operations(a) ? b : a,
  )
  return operations(most) === 0 ? null : most
}

/** From zero, with room for the symbols at the far ends. */
function domainOf(values: readonly number[]): readonly [number, number] {
  return [0, Math.max(...values) * 1.12]
}

function areaScale(least: number, most: number): (space: number) => number {
  const [small, large] = AREAS
  return (space) =>
    most === least ? small : small + ((space - least) / (most - least)) * (large - small)
}

function legendOf(
  strategies: readonly string[],
  spaces: readonly number[],
  areaOf: (space: number) => number,
): readonly LegendEntry[] {
  const extremes = [...new Set([Math.min(...spaces), Math.max(...spaces)])]
  return [
    ...strategies.map((name, index): LegendEntry => {
      const { colour, shape } = seriesStyle(index)
      return { name, symbol: 'point', colour, shape }
    }),
    ...extremes.map(
      (space): LegendEntry => ({
        name: `space ×${formatRatio(space)}`,
        symbol: 'point',
        colour: COLOUR.muted,
        hollow: true,
        size: areaOf(space),
      }),
    ),
  ]
}
