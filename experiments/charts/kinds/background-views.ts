/**
 * Owns what figures over time show of background work: spans in which writers were held, lanes of
 * jobs that overlap, and service times by interval.
 */

import type { RunResult } from '../../../results/schema.ts'
import type { LegendEntry } from '../legend.ts'
import type { Layer } from '../panels.ts'
import { type Plot, type PlotAxis, plotX } from '../plots.ts'
import { SERIES_STYLES } from '../theme.ts'

/** Pale, because curves lie over them; darker where writers are stopped. */
const SHADES = { slowdown: '#fae3d3', stop: '#eeb48c' } as const
/** Minimal width of a shaded span, in pixels. */
const SPAN_WIDTH_MIN = 0.75

/** The spans of stalls, drawn behind a plot over the seconds of `x`; empty without stalls. */
export function stallLayers({ timed }: RunResult, x: PlotAxis, width: number): readonly Layer[] {
  const log = timed.background?.stallEvents.log ?? []
  if (log.length === 0) return []
  const secondsMin = ((x.domain![1] - x.domain![0]) / width) * SPAN_WIDTH_MIN
  return [
    {
      data: {
        values: log.map(({ step, startSeconds, endSeconds }) => ({
          from: startSeconds,
          to: Math.max(endSeconds, startSeconds + secondsMin),
          shade: SHADES[step],
        })),
      },
      mark: { type: 'rect', clip: true },
      encoding: {
        x: plotX({ x }, 'from'),
        x2: { field: 'to' },
        fill: { field: 'shade', type: 'nominal', scale: null },
      },
    },
  ]
}

export function stallLegend(results: readonly RunResult[]): readonly LegendEntry[] {
  const steps = new Set(
    results.flatMap(({ timed }) => timed.background?.stallEvents.log ?? []).map(({ step }) => step),
  )
  const names = { slowdown: 'writers slowed down', stop: 'writers stopped' } as const
  return (['slowdown', 'stop'] as const)
    .filter((step) => steps.has(step))
    .map((step) => ({ name: names[step], symbol: 'area', colour: SHADES[step] }))
}

/** Service times by interval, with the stalls behind; null for an inline run, or without times. */
export function latencyPlot(
  result: RunResult,
  heading: string,
  x: PlotAxis,
  width: number,
): Plot | null {
  const { background, series } = result.timed
  if (background === undefined) return null
  const points = (of: 'p50Us' | 'p99Us') =>
    series.flatMap((point) => {
      const us = point[of]
      return us === null || us <= 0 ? [] : [{ x: point.wallSeconds, y: us }]
    })
  const curves = (['p50Us', 'p99Us'] as const).map((of, index) => ({
    name: of,
    style: SERIES_STYLES[index]!,
    marks: 'line' as const,
    stepBefore: true,
    points: points(of),
  }))
  const us = curves.flatMap((curve) => curve.points.map(({ y }) => y))
  if (us.length === 0) return null
  const decades = [Math.floor(Math.log10(Math.min(...us))), Math.ceil(Math.log10(Math.max(...us)))]
  const low = decades[0]!
  const high = Math.max(low + 1, decades[1]!)
  return {
    heading,
    x,
    y: {
      title: 'service time (µs)',
      log: true,
      domain: [10 ** low, 10 ** high],
      values: Array.from({ length: high - low + 1 }, (_, decade) => 10 ** (low + decade)),
      format: '~s',
    },
    series: curves,
    behind: stallLayers(result, x, width),
  }
}

/** The curves of `latencyPlot`. */
export const LATENCY_LEGEND: readonly LegendEntry[] = ['median', '99th percentile'].map(
  (name, index): LegendEntry => {
    const { colour, dash } = SERIES_STYLES[index]!
    return { name, symbol: 'line', colour, dash }
  },
)

interface Span {
  readonly level: number
  readonly startSeconds: number
  readonly endSeconds: number
}

/** For each span, the lowest lane of its level that is free when it starts. */
export function lanesByLevel(spans: readonly Span[]): readonly number[] {
  const lanes: number[] = spans.map(() => 0)
  const busyUntil = new Map<number, number[]>()
  const byStart = spans.map((span, index) => ({ span, index }))
  byStart.sort((a, b) => a.span.startSeconds - b.span.startSeconds || a.index - b.index)
  for (const { span, index } of byStart) {
    const busy = busyUntil.get(span.level) ?? []
    busyUntil.set(span.level, busy)
    const free = busy.findIndex((end) => end <= span.startSeconds)
    const lane = free < 0 ? busy.length : free
    busy[lane] = span.endSeconds
    lanes[index] = lane
  }
  return lanes
}
