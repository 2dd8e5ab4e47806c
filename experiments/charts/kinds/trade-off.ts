/**
 * Owns the figure of the three-way trade-off: write amplification on the x axis, cost of a read on
 * the y axis, space amplification as area, one panel for each workload. Points that no other beats
 * in all three are filled. The dashed staircase is the front of writes and reads alone (the RUM
 * conjecture, Athanassoulis et al., EDBT 2016). Points that would hide each other are drawn side by
 * side.
 */

import { groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { designsOf, type LabelledDesign, meansNote } from '../designs.ts'
import { estimateOf } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type Box, placeLabels } from '../label-placement.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import type { Layer } from '../panels.ts'
import { paretoFront } from '../pareto.ts'
import {
  gridOf,
  gridRows,
  type Plot,
  type PlotSize,
  placeTicks,
  plotView,
  plotX,
  plotY,
} from '../plots.ts'
import { type SymbolPoint, sideBySide } from '../side-by-side.ts'
import { strategyStyle } from '../strategy-styles.ts'
import { symbolSize } from '../symbol-area.ts'
import { COLOUR, type Preset, type SeriesStyle, type VegaLiteSpec, type View } from '../theme.ts'
import { formatRatio, READ_ACCOUNTS, SPACE_DEFINITION, WA_DEFINITION } from '../wording.ts'

const DRAWN: Drawn = { covers: ['amplification'] }

interface Point {
  readonly strategy: string
  readonly style: SeriesStyle
  /** Distinguishes the design from others of the same strategy. */
  readonly details: string
  readonly write: number
  readonly read: number
  readonly space: number
}

/** One panel: a workload, and its most frequent kind of read. */
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
  const spaces = panels.flatMap(({ points }) => points.map(({ space }) => space))
  const sizeOf: SizeOf = (space, shape) => symbolSize(space, Math.max(...spaces), shape)
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
      legendView(preset, legendOf(results, spaces, sizeOf)),
      ...gridRows(
        preset,
        panels.map((panel) => panelView(preset, panel, sizeOf, size, behind)),
        grid,
      ),
    ],
    notes: [
      'Area: space amplification, from zero. Filled: no other point is as good in all three; ' +
        'hollow: beaten. Dashed: the best reads for the writes. Drained; less is better in every direction. ' +
        meansNote(groupByDesign(results)) +
        `${WA_DEFINITION} ${SPACE_DEFINITION} Runs: those whose key range held the key or met the ` +
        'range.',
      supportNote(results),
    ],
  })
}

function panelView(
  preset: Preset,
  panel: Panel,
  sizeOf: SizeOf,
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
  const placed = points.map((point): SymbolPoint => {
    return {
      x: pixelOf(point.write, x, size.width),
      y: size.height - pixelOf(point.read, y, size.height),
      radius: (Math.sqrt(sizeOf(point.space, point.style.shape)) / 2) * scale,
    }
  })
  const beside = sideBySide(placed)
  const shown = points.map((point, index): ShownPoint => {
    return { ...placed[index]!, x: beside.x[index]!, point, isBest: front.includes(point) }
  })
  const steps = paretoFront(points, ({ write, read }) => [write, read]).toSorted(
    (a, b) => a.write - b.write,
  )
  const at = steps.map((step) => placed[points.indexOf(step)]!)
  const above = [
    staircase(steps, plot, scale),
    ...placeTicks(preset, beside.places, ({ x, y }) => ({ left: x, top: y }), PIXELS),
    symbolLayer(preset, shown, plot),
    ...labelLayers(preset, shown, linesOf(at), size),
  ]
  return plotView(preset, { ...plot, behind, above }, size)
}

interface ShownPoint extends SymbolPoint {
  readonly point: Point
  /** Whether no other point is as good in all three. */
  readonly isBest: boolean
}

const PIXELS = {
  x: { field: 'left', type: 'quantitative', scale: null, axis: null },
  y: { field: 'top', type: 'quantitative', scale: null, axis: null },
} as const

function symbolLayer({ scale }: Preset, shown: readonly ShownPoint[], { x, y }: Plot): Layer {
  const values = shown.map(({ x: left, y: top, radius, isBest, point }) => {
    const { strategy, details, write, read, space } = point
    const design = `${strategy} ${details}`.trim()
    const text = `${design}: ${x.title} ${write}, ${y.title} ${read}, space amplification ${space}`
    const { colour, shape } = point.style
    const look = { colour, shape, fill: isBest ? colour : COLOUR.paper, size: (2 * radius) ** 2 }
    return { design, text, write, read, space, left, top, ...look }
  })
  return {
    // Large points first, so that they hide no small ones.
    data: { values: values.toSorted((a, b) => b.space - a.space) },
    mark: { type: 'point', filled: false, opacity: 1, strokeWidth: 1.4 * scale },
    encoding: {
      ...PIXELS,
      shape: { field: 'shape', type: 'nominal', scale: null },
      size: { field: 'size', type: 'quantitative', scale: null },
      stroke: { field: 'colour', type: 'nominal', scale: null },
      fill: { field: 'fill', type: 'nominal', scale: null },
      tooltip: [
        { field: 'design', title: 'design' },
        { field: 'write', title: x.title },
        { field: 'read', title: y.title },
        { field: 'space', title: 'space amplification' },
      ],
      description: { field: 'text' },
    },
  }
}

/** The best reads for each amount of writes; steps are given from left to right. */
function staircase(steps: readonly Point[], plot: Plot, scale: number): Layer {
  return {
    data: { values: steps.map(({ write, read }) => ({ write, read })) },
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

/**
 * The lines of a staircase through `steps`, in pixels: horizontal from each step, then down to the
 * next.
 */
function linesOf(steps: readonly SymbolPoint[]): readonly Box[] {
  return steps.slice(1).flatMap((next, index) => {
    const { x, y } = steps[index]!
    return [
      { x1: x, y1: y, x2: next.x, y2: y },
      { x1: next.x, y1: y, x2: next.x, y2: next.y },
    ]
  })
}

/** If a strategy appears with several parameters, the points of the front show them. */
function labelLayers(
  { fontSize }: Preset,
  shown: readonly ShownPoint[],
  lines: readonly Box[],
  size: PlotSize,
): readonly Layer[] {
  // Earlier points take the room first.
  const ordered = [...shown.filter(({ isBest }) => isBest), ...shown.filter((one) => !one.isBest)]
  const labels = placeLabels(
    ordered.map(({ x, y, radius, point }) => ({ text: point.details, x, y, radius })),
    size,
    fontSize.value,
    lines,
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

/** The mean over samples; null if a figure is missing. */
function pointOf(design: LabelledDesign<RunResult>, read: Panel['read']): Point | null {
  const { name } = design.results[0]!.config.strategy
  const over = (figure: (result: RunResult) => number | null) =>
    estimateOf(design, figure)?.mean ?? null
  const write = over(({ deterministic }) => deterministic.amplification.drained.waTotal)
  const space = over(({ deterministic }) => deterministic.amplification.drained.spaceAmplification)
  const reads = over(({ deterministic: d }) => d.readAmplification[read.key].runsPerOperation)
  if (write === null || space === null || reads === null) return null
  const details = design.contender.slice(name.length).trim()
  return { strategy: name, style: strategyStyle(name), details, write, read: reads, space }
}

function mostFrequentRead(runs: readonly RunResult[]): Panel['read'] | null {
  const operations = ({ key }: Panel['read']) =>
    runs.reduce((sum, run) => sum + run.deterministic.readAmplification[key].operations, 0)
  // The read of an update costs as much as a get; it is used only if there is no other read.
  const reads = READ_ACCOUNTS.filter(({ key }) => key !== 'updateRead')
  const some = reads.some((read) => operations(read) > 0)
  const most = (some ? reads : READ_ACCOUNTS).reduce((a, b) =>
    operations(b) > operations(a) ? b : a,
  )
  return operations(most) === 0 ? null : most
}

/** From zero, with room for the symbols at the far end. */
function domainOf(values: readonly number[]): readonly [number, number] {
  return [0, Math.max(...values) * 1.12]
}

function pixelOf(value: number, { domain }: { domain: readonly [number, number] }, length: number) {
  return ((value - domain[0]) / (domain[1] - domain[0])) * length
}

/** Depends on the shape, since shapes fill different shares of their squares. */
type SizeOf = (space: number, shape: string) => number

function legendOf(
  results: readonly RunResult[],
  spaces: readonly number[],
  sizeOf: SizeOf,
): readonly LegendEntry[] {
  const strategies = [...new Set(results.map(({ config }) => config.strategy.name))]
  const extremes = new Map(
    [Math.min(...spaces), Math.max(...spaces)].map((space) => [formatRatio(space), space]),
  )
  return [
    ...strategies.map((name): LegendEntry => {
      const { colour, shape } = strategyStyle(name)
      return { name, symbol: 'point', colour, shape }
    }),
    ...[...extremes].map(
      ([text, space]): LegendEntry => ({
        name: `space ×${text}`,
        symbol: 'point',
        colour: COLOUR.muted,
        hollow: true,
        size: sizeOf(space, 'circle'),
      }),
    ),
  ]
}
