/**
 * Owns the two time series of a run, over user bytes written: write amplification so far, and runs
 * per level. Dashed rules mark where phases begin. A drain puts no user bytes, so its effect is the
 * vertical step at the right end.
 */

import type { RunResult } from '../../results/schema.ts'
import { textWidth } from './font-metrics.ts'
import { headingMark, rowOf, spacer, topLegend } from './panels.ts'
import { COLOUR, FIGURE_WIDTH, FONT_SIZE, levelColours, type View } from './theme.ts'
import { byteUnit } from './wording.ts'

const HEIGHT = 92

/** The names of phases stand between a plot and its heading. */
const HEADING_RISE = 20
/** Narrower phases than this get no name. */
const PHASE_NAME_MARGIN = 8

type Layer = Extract<View, { layer: unknown }>['layer'][number]

/** Two views, each `sideWidth` of axis room and then the plot; none without a series. */
export function growthViews(result: RunResult, sideWidth: number): readonly View[] {
  const { series } = result.deterministic
  const userBytes = series.at(-1)?.userBytes ?? 0
  if (series.length < 2 || userBytes === 0) return []
  const unit = byteUnit(userBytes)
  const width = FIGURE_WIDTH - sideWidth
  const x = {
    field: 'user',
    type: 'quantitative' as const,
    scale: { domain: [0, userBytes / unit.bytes], nice: false },
    axis: { title: `user bytes written (${unit.name})`, tickCount: 8, grid: false },
  }
  const row = (heading: string, layers: readonly Layer[]) =>
    rowOf([
      spacer(sideWidth),
      {
        width,
        height: HEIGHT,
        layer: [
          headingMark(heading, -sideWidth, HEADING_RISE),
          ...layers,
          ...phaseLayers(result, userBytes, width),
        ],
      },
    ])
  return [
    row('Write amplification so far', amplificationLayers(result, unit.bytes, x)),
    row('Shape of the tree', [shapeLayer(result, unit.bytes, x)]),
  ]
}

/** The line, ended by a dot where the drained tree stands. */
function amplificationLayers(
  { deterministic }: RunResult,
  unitBytes: number,
  x: object,
): readonly Layer[] {
  const values = deterministic.series
    .filter(({ waTotal }) => waTotal !== null)
    .map(({ userBytes, waTotal }, index) => ({ user: userBytes / unitBytes, waTotal, index }))
  const encoding = {
    x: { ...quantitative('user'), ...x },
    y: {
      ...quantitative('waTotal'),
      scale: { zero: true },
      axis: { title: 'bytes ÷ user bytes', tickCount: 4 },
    },
  }
  return [
    {
      data: { values },
      mark: { type: 'line', color: COLOUR.line, strokeWidth: 1.6, strokeJoin: 'round' },
      // Ordered by time, not by x: the drain adds bytes at the same place.
      encoding: { ...encoding, order: quantitative('index') },
    },
    {
      data: { values: values.slice(-1) },
      mark: { type: 'point', filled: true, opacity: 1, color: COLOUR.line, size: 26 },
      encoding,
    },
  ]
}

/** Runs per level, stacked, deepest at the bottom; the shape holds until the next point. */
function shapeLayer({ deterministic }: RunResult, unitBytes: number, x: object): Layer {
  const levels = Math.max(1, ...deterministic.series.map(({ shape }) => shape.length))
  const names = Array.from({ length: levels }, (_, level) => `level ${level}`)
  const values = deterministic.series.flatMap(({ userBytes, shape }) =>
    names.map((name, level) => ({
      user: userBytes / unitBytes,
      name,
      level,
      runs: shape[level] ?? 0,
    })),
  )
  return {
    data: { values },
    mark: { type: 'area', interpolate: 'step-after' },
    encoding: {
      x: { ...quantitative('user'), ...x },
      y: {
        ...quantitative('runs'),
        stack: 'zero',
        axis: { title: 'sorted runs', tickCount: 4, format: 'd' },
      },
      fill: {
        field: 'name',
        type: 'nominal',
        scale: { domain: names, range: [...levelColours(levels)] },
        legend: topLegend(names, HEADING_RISE),
      },
      order: { field: 'level', type: 'quantitative', sort: 'descending' },
    },
  }
}

/** A rule where each phase after the first begins, and the phases' names where they fit. */
function phaseLayers(
  { deterministic }: RunResult,
  userBytes: number,
  width: number,
): readonly Layer[] {
  let before = 0
  const phases = deterministic.phases.map(({ name, userBytes: own }) => {
    const from = (before / userBytes) * width
    before += own
    const room = (own / userBytes) * width - PHASE_NAME_MARGIN
    const fits = textWidth(name, { fontSize: FONT_SIZE.caption }) < room
    return { name: fits ? name : '', from, inside: from > 0 && from < width }
  })
  const x = { ...quantitative('from'), scale: null, axis: null }
  return [
    {
      data: { values: phases.filter(({ inside }) => inside) },
      mark: { type: 'rule', color: COLOUR.muted, strokeDash: [3, 3], strokeWidth: 1 },
      encoding: { x },
    },
    {
      data: { values: phases.filter(({ name }) => name !== '') },
      mark: {
        type: 'text',
        align: 'left',
        baseline: 'bottom',
        dx: 1,
        dy: -2,
        fontSize: FONT_SIZE.caption,
        fontStyle: 'italic',
        color: COLOUR.muted,
      },
      encoding: { x, y: { value: 0 }, text: { field: 'name', type: 'nominal' } },
    },
  ]
}

function quantitative(field: string) {
  return { field, type: 'quantitative' as const }
}
