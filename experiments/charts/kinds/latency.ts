/**
 * Owns the figure of latencies: the whole distribution on HdrHistogram's axis, where every nine has
 * the same width, one panel for each kind of operation. Service time is dashed. Time from the
 * intended start is solid: it includes the queueing that service time hides. A curve ends where
 * fewer than ten samples lie beyond it. An overloaded run has no latency; the caption names it.
 */

import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { runLabels } from '../../../results/design-labels.ts'
import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { Latency, RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { firstOfEach } from '../designs.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { gridOf, gridRows, type PlotPoint, type PlotSeries, plotView } from '../plots.ts'
import { stylesOf } from '../strategy-styles.ts'
import { COLOUR, type Preset, type SeriesStyle, type VegaLiteSpec } from '../theme.ts'

const DRAWN: Drawn = { covers: ['time'] }
const DESIGNS_MAX = 8
const SAMPLES_BEYOND_MIN = 10
/** Points of a curve per factor of ten. */
const POINTS_PER_DECADE = 24
const SERVICE_DASH = [3, 2]

export const latency: ChartKind = {
  name: 'latency',
  description: 'latency percentiles, service time and from the intended start',
  specOf(documents, preset) {
    const results = runsFor('latency', documents)
    const timed = results.filter(({ timed }) => Object.keys(timed.latencyByKind).length > 0)
    const designs = groupByDesign(timed)
    if (designs.length > DESIGNS_MAX) {
      throw unfit('latency', 'id', `${designs.length} designs were given, ${DESIGNS_MAX} fit`)
    }
    if (timed.length === 0) {
      const overloaded = results.find(({ timed }) => timed.arrivals?.overloaded === true)
      if (overloaded === undefined) {
        throw unfit('latency', 'timed.latencyByKind', 'no run has latencies')
      }
      throw unfit(
        'latency',
        'timed.arrivals.overloaded',
        `${overloaded.id} was overloaded: ${overloaded.timed.arrivals!.why}`,
      )
    }
    return latencyChart(designs, results, preset)
  },
}

function latencyChart(
  designs: readonly DesignGroup<RunResult>[],
  results: readonly RunResult[],
  preset: Preset,
): VegaLiteSpec {
  const timed = designs.flatMap((design) => design.results)
  const labels = runLabels(firstOfEach(designs))
  const kinds = [...new Set(timed.flatMap(({ timed }) => Object.keys(timed.latencyByKind)))]
  const grid = gridOf(preset, kinds.length)
  const intended = timed.some(({ timed }) => timed.intendedLatencyByKind !== null)
  const styles = stylesOf(firstOfEach(designs).map(({ config }) => config.strategy.name))
  const seriesByKind = kinds.map((kind) =>
    designs.flatMap((design, index) => curves(design, kind, styles[index]!)),
  )
  const rare = Math.max(...seriesByKind.flat().flatMap(({ points }) => points.map(({ x }) => x)))
  const nines = Math.max(1, Math.floor(Math.log10(rare) + 1e-9))
  const x = {
    title: 'percentile',
    log: true,
    domain: [1, rare] as const,
    values: [2, ...Array.from({ length: nines }, (_, index) => 10 ** (index + 1))],
    labelExpr: "format(100 - 100 / datum.value, '~r') + ' %'",
    grid: true,
  }
  const y = {
    title: 'latency',
    log: true,
    labelExpr:
      "datum.value >= 1e6 ? format(datum.value / 1e6, '~r') + ' s' : datum.value >= 1e3 ? " +
      "format(datum.value / 1e3, '~r') + ' ms' : format(datum.value, '~r') + ' µs'",
  }
  const plots = kinds.map((heading, index) => {
    const series = seriesByKind[index]!
    const all = series.flatMap(({ points }) => points.map((point) => point.y))
    const decades = [
      Math.floor(Math.log10(Math.min(...all))),
      Math.ceil(Math.log10(Math.max(...all))),
    ] as const
    const values = Array.from(
      { length: decades[1] - decades[0] + 1 },
      (_, decade) => 10 ** (decades[0] + decade),
    )
    const axis = { ...y, values, domain: [values[0]!, values.at(-1)!] as const }
    const behind = watermarkLayers(preset, timed, grid.size, DRAWN)
    return plotView(preset, { heading, x, y: axis, series, behind }, grid.size)
  })
  const subject = subjectOf(timed)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Latency: ${subject}`,
    description: `Latency distributions of ${subject} by kind of operation`,
    results,
    rows: [
      legendView(preset, legendOf(firstOfEach(designs), styles, labels, intended)),
      ...gridRows(preset, plots, grid),
    ],
    notes: notesOf(designs, results, intended),
  })
}

/**
 * Service time and, if a schedule gave intended starts, time from the intended start. Each is over
 * all runs of the design together.
 */
function curves(
  { results }: DesignGroup<RunResult>,
  kind: string,
  style: SeriesStyle,
): readonly PlotSeries[] {
  const told = (of: (run: RunResult) => Latency | undefined) =>
    results.flatMap((run) => {
      const latency = of(run)
      return latency === undefined ? [] : [{ id: run.id, latency }]
    })
  const service = told(({ timed }) => timed.latencyByKind[kind])
  const intended = told(({ timed }) => timed.intendedLatencyByKind?.[kind])
  return [
    ...curve(kind, service, { ...style, dash: SERVICE_DASH }, 'service'),
    ...curve(kind, intended, { ...style, dash: [] }, 'intended'),
  ]
}

/**
 * Latency by 1 ÷ the share of operations that took longer, with a symbol at the median and at every
 * nine.
 */
function curve(
  kind: string,
  told: readonly { readonly id: string; readonly latency: Latency }[],
  style: PlotSeries['style'],
  name: string,
): readonly PlotSeries[] {
  if (told.length === 0) return []
  const [histogram, ...others] = told.map(({ id, latency }) =>
    decode(id, kind, latency.histogramBase64),
  )
  for (const other of others) histogram!.add(other)
  const maxUs = Math.max(...told.map(({ latency }) => latency.maxUs))
  const count = told.reduce((sum, { latency }) => sum + latency.count, 0)
  const at = (x: number): PlotPoint => {
    // The histogram answers with the upper end of a bucket, which may lie above the maximum.
    const us = Math.min(histogram!.getValueAtPercentile(100 - 100 / x) / 1e3, maxUs)
    return { x, y: Math.max(us, 1e-3) }
  }
  const rarest = Math.max(2, count / SAMPLES_BEYOND_MIN)
  const steps = Math.ceil(Math.log10(rarest) * POINTS_PER_DECADE)
  const line = Array.from({ length: steps + 1 }, (_, step) => at(rarest ** (step / steps)))
  const nines = Array.from(
    { length: Math.floor(Math.log10(rarest) + 1e-9) },
    (_, n) => 10 ** (n + 1),
  )
  return [
    { name, style, marks: 'line', points: line },
    { name, style, marks: 'points', points: [2, ...nines].map(at) },
  ]
}

function decode(id: string, kind: string, base64: string) {
  try {
    return decodeFromCompressedBase64(base64, 32, false)
  } catch {
    const field = `timed.latencyByKind.${kind}.histogramBase64`
    throw unfit('latency', field, `${id} holds no HdrHistogram there`)
  }
}

function legendOf(
  timed: readonly RunResult[],
  styles: readonly SeriesStyle[],
  labels: ReadonlyMap<RunResult, string>,
  intended: boolean,
): readonly LegendEntry[] {
  return [
    ...timed.map((run, index): LegendEntry => {
      const { colour, shape } = styles[index]!
      return { name: labels.get(run)!, symbol: 'point', colour, shape }
    }),
    { name: 'service time', symbol: 'line', colour: COLOUR.muted, dash: SERVICE_DASH },
    ...(intended
      ? [{ name: 'from the intended start', symbol: 'line', colour: COLOUR.muted } as const]
      : []),
  ]
}

function notesOf(
  designs: readonly DesignGroup<RunResult>[],
  results: readonly RunResult[],
  intended: boolean,
): readonly string[] {
  const overloaded = results.filter(({ timed }) => timed.arrivals?.overloaded === true)
  return [
    'Latency of the run phase by kind of operation. Service time: from start to end of an operation. ' +
      (intended
        ? 'From the intended start: from when its schedule meant it to begin, queueing included. '
        : 'Queueing is not in it. ') +
      (designs.some((design) => design.results.length > 1)
        ? 'A curve is of the operations of all runs of a design. '
        : '') +
      `A curve ends where fewer than ${SAMPLES_BEYOND_MIN} samples lie beyond.`,
    ...overloaded.map(
      ({ id, timed }) => `${id} was overloaded and has no latency: ${timed.arrivals!.why}`,
    ),
    supportNote(designs.flatMap((design) => design.results)),
  ]
}
