/**
 * Owns the figure of a run over time: operations per second, the share of time lost to flushes,
 * compactions and garbage collection, and below, the flushes and compactions at the level they
 * wrote.
 */

import { runLabels } from '../../../results/design-labels.ts'
import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { drawnSampleNote, firstOfEach } from '../designs.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { type Layer, panelRoom } from '../panels.ts'
import { type PlottedPhase, phaseLayers, phaseRise } from '../phase-layers.ts'
import { axisRoom, type PlotAxis, type PlotSeries, plotRow, plotX } from '../plots.ts'
import { COLOUR, type Preset, SERIES_STYLES, type VegaLiteSpec, type View } from '../theme.ts'
import {
  LATENCY_LEGEND,
  lanesByLevel,
  latencyPlot,
  stallLayers,
  stallLegend,
} from './background-views.ts'

const DRAWN: Drawn = {
  covers: ['time'],
  except: ['steady-state', 'steady-throughput', 'open-loop-latency', 'overload'],
}
const DESIGNS_MAX = 3
/** Minimal width of a drawn event, in pixels, so that short events can be seen. */
const EVENT_WIDTH_MIN = 0.75

const LOST_DEFINITION =
  'Lost: time operations spent in flushes and compactions, and time in garbage collection, ÷ the ' +
  'length of the interval, at most all of it.'

const BACKGROUND_DEFINITION =
  'Jobs ran beside the operations, in lanes where they overlap. Shaded: writers were delayed or ' +
  'stopped. Lost: time for which they were held, counted when a stall ends, ÷ the length of the ' +
  'interval, at most all of it.'

const STALLS = { name: 'time in flushes and compactions', style: SERIES_STYLES[0]! }
const COLLECTION = { name: 'time in garbage collection', style: SERIES_STYLES[1]! }
const EVENT_COLOURS = { flush: COLOUR.bar, merge: COLOUR.line, move: '#009e73', drop: '#d55e00' }

interface TimedEvent {
  readonly kind: keyof typeof EVENT_COLOURS
  readonly level: number
  readonly startSeconds: number
  readonly endSeconds: number
}

export const throughput: ChartKind = {
  name: 'throughput',
  description: 'operations a second over time, stalls, and the compactions underneath',
  specOf(documents, preset) {
    const designs = groupByDesign(runsFor('throughput', documents))
    if (designs.length > DESIGNS_MAX) {
      throw unfit('throughput', 'id', `${designs.length} designs were given, ${DESIGNS_MAX} fit`)
    }
    const results = firstOfEach(designs)
    const untimed = results.find(({ timed }) => timed.series.length < 2)
    if (untimed !== undefined) {
      throw unfit('throughput', 'timed.series', `${untimed.id} has no points in time`)
    }
    return throughputChart(results, designs, preset)
  },
}

function throughputChart(
  results: readonly RunResult[],
  designs: readonly DesignGroup<RunResult>[],
  preset: Preset,
): VegaLiteSpec {
  const labels = runLabels(results)
  const seconds = Math.max(...results.map(({ timed }) => timed.series.at(-1)!.wallSeconds))
  const x = { title: 'seconds since the load began', domain: [0, seconds] as const, tickCount: 8 }
  const subject = subjectOf(results)
  const timedEvents = results.every(hasEventTimes)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Throughput: ${subject}`,
    description: `Operations a second of ${subject} over time, with stalls and compactions`,
    results,
    rows: [
      legendView(preset, legendOf(results)),
      ...results.flatMap((result) =>
        runRows(
          preset,
          result,
          results.length > 1 ? `${labels.get(result)}: ` : '',
          x,
          results.length,
        ),
      ),
    ],
    notes: [
      [
        'Throughput: operations completed in an interval ÷ its length.',
        ...definitionsOf(results),
        `Flushes and compactions at the deepest level they wrote, ${timedEvents ? 'from start to end' : 'when the operation before them was done'}.`,
      ].join(' '),
      `${drawnSampleNote(designs)}${supportNote(designs.flatMap((design) => design.results))}`,
    ],
  })
}

function definitionsOf(results: readonly RunResult[]): readonly string[] {
  const isBackground = results.some(({ timed }) => timed.background !== undefined)
  if (isBackground) return [BACKGROUND_DEFINITION]
  return results.every((result) => lostSeries(result).length === 0) ? [] : [LOST_DEFINITION]
}

function runRows(
  preset: Preset,
  result: RunResult,
  name: string,
  x: PlotAxis,
  runs: number,
): readonly View[] {
  const share = preset.name === 'slide' ? 0.7 / runs : 1
  const height = (part: number) => Math.max(36, Math.round(preset.plotHeight * part * share))
  const width = panelRoom(preset) - axisRoom(preset)
  const lost = lostSeries(result)
  const heading = (text: string) => (name === '' ? text : name + text.toLowerCase())
  const silent = { ...x, title: '' }
  const laneRise = Math.max(1.3, 0.7 * lanesIn(result))
  const latencies = latencyPlot(result, heading('Service time'), silent, width)
  return [
    plotRow(
      preset,
      {
        heading: heading('Throughput'),
        rise: phaseRise(preset),
        x: silent,
        y: { title: 'operations/s', format: '~s' },
        series: [throughputSeries(result)],
        behind: [
          ...stallLayers(result, x, width),
          ...watermarkLayers(preset, [result], { width, height: height(0.7) }, DRAWN),
        ],
        above: phaseLayers(preset, phasesInTime(result), x.domain![1], width),
      },
      height(0.7),
    ),
    ...(latencies === null ? [] : [plotRow(preset, latencies, height(0.6))]),
    ...(lost.length === 0
      ? []
      : [
          plotRow(
            preset,
            {
              heading: heading('Time lost'),
              x: silent,
              y: { title: 'share', format: '~%', domain: [0, 1], values: [0, 0.5, 1] },
              series: lost,
            },
            height(0.3),
          ),
        ]),
    plotRow(
      preset,
      {
        heading: heading('Flushes and compactions'),
        x,
        y: { title: 'level' },
        series: [],
        above: [eventLayer(result, x, width)],
      },
      Math.max(height(0.45), levelsOf(result) * Math.ceil(preset.fontSize.label * laneRise)),
    ),
  ]
}

/** Number of jobs that ran into one level at once, at most; 1 without background work. */
function lanesIn(result: RunResult): number {
  if (result.timed.background === undefined) return 1
  return Math.max(0, ...lanesByLevel(eventsOf(result))) + 1
}

function levelsOf(result: RunResult): number {
  return Math.max(0, ...eventsOf(result).map(({ level }) => level)) + 1
}

function throughputSeries({ timed }: RunResult): PlotSeries {
  const points = timed.series
    // The drain completes no operations.
    .filter(({ atOperation }, index) => atOperation > (timed.series[index - 1]?.atOperation ?? -1))
    .map(({ wallSeconds, throughputPerSecond }) => ({ x: wallSeconds, y: throughputPerSecond }))
  return { name: 'throughput', style: SERIES_STYLES[0]!, marks: 'line', stepBefore: true, points }
}

/** The lost share of each interval; empty if the result does not hold it. */
function lostSeries({ timed }: RunResult): readonly PlotSeries[] {
  const share = (of: (point: RunResult['timed']['series'][number]) => number | null) =>
    timed.series.flatMap((point, index) => {
      const seconds = point.wallSeconds - (timed.series[index - 1]?.wallSeconds ?? 0)
      const lost = of(point)
      // A collection is reported after its end, perhaps in a later and shorter interval.
      const share = Math.min(1, (lost ?? 0) / seconds)
      return lost === null || seconds <= 0 ? [] : [{ x: point.wallSeconds, y: share }]
    })
  return [
    { ...STALLS, points: share(({ stallSeconds }) => stallSeconds) },
    { ...COLLECTION, points: share(({ gcSeconds }) => gcSeconds) },
  ]
    .filter(({ points }) => points.length > 0)
    .map((series) => ({ ...series, marks: 'line', stepBefore: true }))
}

function eventLayer(result: RunResult, x: PlotAxis, width: number): Layer {
  const events = eventsOf(result)
  const levels = levelsOf(result)
  const secondsMin = ((x.domain![1] - x.domain![0]) / width) * EVENT_WIDTH_MIN
  const lanes = lanesIn(result)
  const laneOf = lanes > 1 ? lanesByLevel(events) : null
  const values = events.map(({ kind, level, startSeconds, endSeconds }, index) => ({
    level,
    ...(laneOf !== null && { lane: laneOf[index]! }),
    kind,
    from: startSeconds,
    to: Math.max(endSeconds, startSeconds + secondsMin),
    colour: EVENT_COLOURS[kind],
  }))
  return {
    data: { values },
    mark: { type: 'bar', clip: true },
    encoding: {
      x: plotX({ x }, 'from'),
      x2: { field: 'to' },
      y: {
        field: 'level',
        type: 'ordinal',
        scale: {
          type: 'band',
          domain: Array.from({ length: levels }, (_, level) => level),
          paddingInner: 0.25,
        },
        axis: { title: 'level', ticks: false, domain: false },
      },
      ...(laneOf !== null && {
        yOffset: {
          field: 'lane',
          type: 'ordinal' as const,
          scale: { domain: Array.from({ length: lanes }, (_, lane) => lane) },
        },
      }),
      fill: { field: 'colour', type: 'nominal', scale: null },
    },
  }
}

/** The logged events over time: as measured, or else at the end of the operation before them. */
function eventsOf(result: RunResult): readonly TimedEvent[] {
  const { deterministic, timed } = result
  const timesKnown = hasEventTimes(result)
  return deterministic.events.log.map(({ kind, outputs, inputs, atOperation }, index) => {
    const levels = (outputs.length > 0 ? outputs : inputs).map(({ level }) => level)
    const times = timesKnown ? timed.events[index]! : null
    const startSeconds = times?.startSeconds ?? secondsAt(timed.series, atOperation)
    const endSeconds = startSeconds + (times?.wallSeconds ?? 0)
    return { kind, level: Math.max(0, ...levels), startSeconds, endSeconds }
  })
}

function hasEventTimes({ deterministic, timed }: RunResult): boolean {
  return timed.events.length >= deterministic.events.log.length
}

/** Interpolates between the points of the series, at the pace of their interval. */
function secondsAt(series: RunResult['timed']['series'], atOperation: number): number {
  const next = series.findIndex((point) => point.atOperation >= atOperation)
  if (next < 0) return series.at(-1)!.wallSeconds
  const to = series[next]!
  const from = series[next - 1] ?? { atOperation: 0, wallSeconds: 0 }
  const operations = to.atOperation - from.atOperation
  const share = operations === 0 ? 1 : (atOperation - from.atOperation) / operations
  return from.wallSeconds + share * (to.wallSeconds - from.wallSeconds)
}

function phasesInTime({ timed }: RunResult): readonly PlottedPhase[] {
  return timed.phases.map(({ name, wallSeconds }) => ({ name, length: wallSeconds }))
}

function legendOf(results: readonly RunResult[]): readonly LegendEntry[] {
  const kinds = new Set(results.flatMap((result) => eventsOf(result).map(({ kind }) => kind)))
  const lost = new Set(results.flatMap((result) => lostSeries(result).map(({ name }) => name)))
  const isBackground = results.some(({ timed }) => timed.background !== undefined)
  const held = { ...STALLS, shown: isBackground ? 'time writers were held' : STALLS.name }
  return [
    ...(isBackground ? LATENCY_LEGEND : []),
    ...stallLegend(results),
    ...[held, { ...COLLECTION, shown: COLLECTION.name }]
      .filter(({ name }) => lost.has(name))
      .map(({ shown, style: { colour, dash } }): LegendEntry => {
        return { name: shown, symbol: 'line', colour, dash }
      }),
    ...[...kinds].map(
      (kind): LegendEntry => ({ name: kind, symbol: 'area', colour: EVENT_COLOURS[kind] }),
    ),
  ]
}
