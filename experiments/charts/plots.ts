/**
 * Owns plots with two numeric axes: series as lines, steps or points in a style of their own, in
 * panels of fixed pixel widths side by side. As with panels, the room of an axis is arithmetic.
 */

import { headingMark, type Layer, panelRoom, rowOf, spacer, spacingOf } from './panels.ts'
import type { Preset, SeriesStyle, View } from './theme.ts'

export interface PlotAxis {
  readonly title: string
  readonly log?: boolean
  readonly domain?: readonly [number, number]
  /** d3-format of the labels. */
  readonly format?: string
  readonly tickCount?: number
  /** Where ticks stand, if not at round numbers. */
  readonly values?: readonly number[]
  /** Vega expression of a label. */
  readonly labelExpr?: string
  readonly grid?: boolean
}

export interface PlotPoint {
  readonly x: number
  readonly y: number
  /** Ends of a whisker, for an interval. */
  readonly low?: number
  readonly high?: number
}

export interface PlotSeries {
  readonly name: string
  readonly style: SeriesStyle
  readonly points: readonly PlotPoint[]
  readonly marks: 'line' | 'points' | 'line-points'
  /** A value holds over the time before its point. */
  readonly stepBefore?: boolean
  readonly hollow?: boolean
}

export interface Plot {
  readonly heading: string
  readonly x: PlotAxis
  readonly y: PlotAxis
  readonly series: readonly PlotSeries[]
  /** Drawn before the series. */
  readonly behind?: readonly Layer[]
  /** Drawn after them. */
  readonly above?: readonly Layer[]
  /** Of the heading's baseline over the plot, where something stands between them. */
  readonly rise?: number
}

/** Room left of a plot for its y axis. */
export const axisRoom = ({ scale }: Preset) => Math.round(60 * scale)

export interface PlotSize {
  readonly width: number
  readonly height: number
}

export interface Grid {
  readonly columns: number
  /** Of a plot, axis room apart. */
  readonly size: PlotSize
}

/** A slide has no second page: rows share its height. */
const SLIDE_SHARES = [1, 0.37, 0.18] as const

/** As many plots side by side as have `widthMin` pixels at a page's text width. */
export function gridOf(preset: Preset, count: number, widthMin = 200): Grid {
  const { panelGap } = spacingOf(preset)
  const room = panelRoom(preset) + panelGap
  const cell = widthMin * preset.scale + axisRoom(preset) + panelGap
  const columns = Math.max(1, Math.min(count, Math.floor(room / cell)))
  const rows = Math.ceil(count / columns)
  const share = preset.name === 'slide' ? (SLIDE_SHARES[rows - 1] ?? SLIDE_SHARES[2]) : 1
  const width = Math.floor(room / columns) - panelGap - axisRoom(preset)
  return { columns, size: { width, height: Math.round(preset.plotHeight * share) } }
}

/** The plots in rows of `columns`, each with the room of its axis before it. */
export function gridRows(preset: Preset, plots: readonly View[], { columns }: Grid): View[] {
  const { panelGap } = spacingOf(preset)
  return Array.from({ length: Math.ceil(plots.length / columns) }, (_, row) =>
    rowOf(
      plots
        .slice(row * columns, (row + 1) * columns)
        .flatMap((plot, index) => [spacer(axisRoom(preset) + (index === 0 ? 0 : panelGap)), plot]),
    ),
  )
}

/** One plot over the whole width. */
export function plotRow(preset: Preset, plot: Plot, height = preset.plotHeight): View {
  const width = panelRoom(preset) - axisRoom(preset)
  return rowOf([spacer(axisRoom(preset)), plotView(preset, plot, { width, height })])
}

/** A plot whose heading stands over its axis. */
export function plotView(preset: Preset, plot: Plot, size: PlotSize): View {
  const { heading, behind = [], above = [], series, rise } = plot
  return {
    ...size,
    layer: [
      ...behind,
      headingMark(preset, heading, -axisRoom(preset), rise),
      ...series.flatMap((one) => seriesLayers(preset, one, plot)),
      ...above,
    ],
  }
}

export function plotX({ x }: Pick<Plot, 'x'>, field = 'x') {
  return axisChannel(field, { grid: false, ...x })
}

export function plotY({ y }: Pick<Plot, 'y'>, field = 'y') {
  return axisChannel(field, { ...(y.values === undefined ? { tickCount: 4 } : {}), ...y })
}

function axisChannel(field: string, axis: PlotAxis) {
  const { title, log = false, domain, format, tickCount, values, labelExpr, grid } = axis
  return {
    field,
    type: 'quantitative' as const,
    title,
    scale: {
      type: log ? ('log' as const) : ('linear' as const),
      ...(domain === undefined ? {} : { domain: [...domain], nice: false }),
      ...(log ? {} : { zero: domain === undefined }),
    },
    axis: {
      title,
      ...(grid === undefined ? {} : { grid }),
      ...(format === undefined ? {} : { format }),
      ...(tickCount === undefined ? {} : { tickCount }),
      ...(values === undefined ? {} : { values: [...values] }),
      ...(labelExpr === undefined ? {} : { labelExpr }),
    },
  }
}

function seriesLayers(
  { scale }: Preset,
  { points, style, marks, stepBefore = false, hollow = false }: PlotSeries,
  plot: Plot,
): readonly Layer[] {
  // Ordered by time, not by x: a drain adds bytes at the same place.
  const values = points.map((point, index) => ({ ...point, index }))
  const encoding = { x: plotX(plot), y: plotY(plot) }
  const line: Layer = {
    data: { values },
    mark: {
      type: 'line',
      color: style.colour,
      strokeWidth: 1.6 * scale,
      strokeJoin: 'round',
      ...(style.dash.length === 0 ? {} : { strokeDash: style.dash.map((each) => each * scale) }),
      ...(stepBefore ? { interpolate: 'step-before' as const } : {}),
    },
    encoding: { ...encoding, order: { field: 'index', type: 'quantitative' } },
  }
  const symbols: Layer = {
    data: { values },
    mark: {
      type: 'point',
      opacity: 1,
      shape: style.shape,
      size: 34 * scale ** 2,
      color: style.colour,
      ...(hollow ? { filled: false, strokeWidth: 1.4 * scale, fill: '#ffffff' } : { filled: true }),
    },
    encoding,
  }
  const whiskers: Layer = {
    data: { values: values.filter(({ low }) => low !== undefined) },
    mark: { type: 'rule', color: style.colour, strokeWidth: scale },
    encoding: { x: plotX(plot), y: plotY(plot, 'low'), y2: { field: 'high' } },
  }
  const drawn = marks === 'points' ? [symbols] : marks === 'line' ? [line] : [line, symbols]
  return points.some(({ low }) => low !== undefined) ? [whiskers, ...drawn] : drawn
}
