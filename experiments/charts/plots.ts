/**
 * Owns plots with two numeric axes: series as lines, steps or points, each in its own style, in
 * panels of fixed pixel widths side by side. As with panels, the room of an axis is computed, not
 * measured. Symbols of several series that would hide each other are drawn side by side.
 */

import { headingMark, type Layer, panelRoom, rowOf, spacer, spacingOf } from './panels.ts'
import { type SharedPlace, type SymbolPoint, sideBySide } from './side-by-side.ts'
import { COLOUR, type Preset, type SeriesStyle, type View } from './theme.ts'

export interface PlotAxis {
  readonly title: string
  readonly log?: boolean
  readonly domain?: readonly [number, number]
  /** d3-format of the labels. */
  readonly format?: string
  readonly tickCount?: number
  /** Positions of the ticks, if not at round numbers. */
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
  /** The line holds each value from the point before it to its own point. */
  readonly stepBefore?: boolean
  readonly hollow?: boolean
}

export interface Plot {
  readonly heading: string
  readonly x: PlotAxis
  readonly y: PlotAxis
  readonly series: readonly PlotSeries[]
  /** Layers drawn before the series. */
  readonly behind?: readonly Layer[]
  /** Layers drawn after the series. */
  readonly above?: readonly Layer[]
  /**
   * Distance of the heading's baseline from the plot, in pixels, if something stands between them.
   */
  readonly rise?: number
}

/** Room for the y axis, left of a plot, in pixels. */
export const axisRoom = ({ fontSize }: Preset) => Math.round(6.36 * fontSize.label)

export interface PlotSize {
  readonly width: number
  readonly height: number
}

export interface Grid {
  readonly columns: number
  /** Of one plot, without the room of its axis. */
  readonly size: PlotSize
}

/**
 * Share of the plot height by number of rows: a slide has no second page, so its rows share the
 * height.
 */
const SLIDE_SHARES = [1, 0.37, 0.18] as const

/**
 * As many plots side by side as fit with at least `widthMin` pixels each, at a page's text width.
 */
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

/** One plot as wide as the figure. */
export function plotRow(preset: Preset, plot: Plot, height = preset.plotHeight): View {
  const width = panelRoom(preset) - axisRoom(preset)
  return rowOf([spacer(axisRoom(preset)), plotView(preset, plot, { width, height })])
}

/** A plot with its heading above the y axis. */
export function plotView(preset: Preset, plot: Plot, size: PlotSize): View {
  const { heading, behind = [], above = [], series, rise } = plot
  return {
    ...size,
    layer: [
      ...behind,
      headingMark(preset, heading, -axisRoom(preset), rise),
      ...series.flatMap((one) => lineLayers(preset, one, plot)),
      ...symbolLayers(preset, plot, size),
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

function lineLayers(
  { scale }: Preset,
  { points, style, marks, stepBefore = false }: PlotSeries,
  plot: Plot,
): readonly Layer[] {
  if (marks === 'points') return []
  // Ordered by time, not by x: a drain adds points without moving along x.
  const values = points.map(({ x, y }, index) => ({ x, y, index }))
  return [
    {
      data: { values },
      mark: {
        type: 'line',
        color: style.colour,
        strokeWidth: 1.6 * scale,
        strokeJoin: 'round',
        ...(style.dash.length === 0 ? {} : { strokeDash: style.dash.map((each) => each * scale) }),
        ...(stepBefore ? { interpolate: 'step-before' as const } : {}),
      },
      encoding: { x: plotX(plot), y: plotY(plot), order: { field: 'index', type: 'quantitative' } },
    },
  ]
}

/** Size of a symbol, in square pixels at a page's text width. */
const SYMBOL_SIZE = 34

/** The points of all series that have symbols, drawn above all lines. */
function symbolLayers(preset: Preset, plot: Plot, size: PlotSize): readonly Layer[] {
  const { scale } = preset
  const shown = plot.series.filter(({ marks }) => marks !== 'line')
  const points = shown.flatMap((one, series) => one.points.map((point) => ({ ...point, series })))
  const x = projection(
    plot.x,
    points.map((point) => point.x),
    size.width,
  )
  const y = projection(
    plot.y,
    points.flatMap(({ y, low = y, high = y }) => [low, y, high]),
    size.height,
  )
  const radius = (Math.sqrt(SYMBOL_SIZE) / 2) * scale
  const beside = sideBySide(
    points.map((point): SymbolPoint => {
      return { x: x.pixelOf(point.x), y: -y.pixelOf(point.y), radius, series: point.series }
    }),
  )
  const placed = points.map((point, index) => {
    const { series, ...own } = point
    // A point that was not moved keeps the exact number of the result.
    const moved = beside.places.some(({ members }) => members.includes(index))
    const at = moved ? x.valueOf(beside.x[index]!) : point.x
    return { series, value: { ...own, at } }
  })
  const encoding = { x: plotX(plot, 'at'), y: plotY(plot) }
  const tooltip = [
    { field: 'x', title: plot.x.title },
    { field: 'y', title: plot.y.title },
  ]
  return [
    ...placeTicks(
      preset,
      beside.places,
      (place) => {
        return { at: x.valueOf(place.x), y: y.valueOf(-place.y) }
      },
      encoding,
    ),
    ...shown.flatMap(({ style, hollow = false }, series): readonly Layer[] => {
      const values = placed.filter((one) => one.series === series).map(({ value }) => value)
      return [
        ...whiskerLayers(preset, values, style, plot),
        {
          data: { values },
          mark: {
            type: 'point',
            opacity: 1,
            shape: style.shape,
            size: SYMBOL_SIZE * scale ** 2,
            color: style.colour,
            ...(hollow
              ? { filled: false, strokeWidth: 1.4 * scale, fill: COLOUR.paper }
              : { filled: true }),
          },
          encoding: { ...encoding, tooltip },
        },
      ]
    }),
  ]
}

/** The intervals of the points that have one. A whisker moves together with its symbol. */
function whiskerLayers(
  { scale }: Preset,
  points: readonly (PlotPoint & { readonly at: number })[],
  { colour }: SeriesStyle,
  plot: Plot,
): readonly Layer[] {
  const values = points.filter(({ low }) => low !== undefined)
  if (values.length === 0) return []
  return [
    {
      data: { values },
      mark: { type: 'rule', color: colour, strokeWidth: scale },
      encoding: { x: plotX(plot, 'at'), y: plotY(plot, 'low'), y2: { field: 'high' } },
    },
  ]
}

type PointEncoding = Pick<NonNullable<Extract<Layer, { mark: unknown }>['encoding']>, 'x' | 'y'>

const SHARED_PLACE = 'shared place'

/** The note that explains the ticks at shared places; empty if the views have none. */
export function sharedPlaceNotes(views: readonly View[]): readonly string[] {
  if (!JSON.stringify(views).includes(`"${SHARED_PLACE}"`)) return []
  return ['Symbols that stand side by side at a short tick belong where the tick is.']
}

/** A tick at the true position of symbols that are drawn side by side. */
export function placeTicks(
  { scale }: Preset,
  places: readonly SharedPlace[],
  tickOf: (place: SharedPlace) => Readonly<Record<string, number>>,
  encoding: PointEncoding,
): readonly Layer[] {
  return places.map(
    (place): Layer => ({
      description: SHARED_PLACE,
      data: { values: [tickOf(place)] },
      mark: {
        type: 'tick',
        orient: 'vertical',
        size: 2 * place.radius + 6 * scale,
        thickness: scale,
        color: COLOUR.ink,
        opacity: 1,
      },
      encoding,
    }),
  )
}

/** Converts between values of an axis and pixels from its start. */
function projection({ domain, log = false }: PlotAxis, values: readonly number[], length: number) {
  const [from, to] = domain ?? [log ? Math.min(...values) : 0, Math.max(...values)]
  const span = log ? Math.log(to / from) : to - from
  return {
    pixelOf: (value: number) => ((log ? Math.log(value / from) : value - from) / span) * length,
    valueOf: (pixel: number) => {
      const part = (pixel / length) * span
      return log ? from * Math.exp(part) : from + part
    },
  }
}
