/**
 * Owns the figure of how write amplification grows with the data: one point for each run, and the
 * line of the closed-form model through them if it has an exact form. Copies of entries are
 * compared, because the model has no log, no framing and no filters.
 */

import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { designsOf, firstOfEach, strategyOf } from '../designs.ts'
import { estimateOf, INTERVAL_DEFINITION } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { loadPrediction } from '../model.ts'
import { panelRoom } from '../panels.ts'
import { axisRoom, type PlotPoint, type PlotSeries, plotRow } from '../plots.ts'
import { stylesOf } from '../strategy-styles.ts'
import { COLOUR, type Preset, type SeriesStyle, type VegaLiteSpec } from '../theme.ts'
import { byteUnit } from '../wording.ts'

const DRAWN: Drawn = { covers: ['amplification'] }
/** Loads are compared with the model of a load, which is never steady and has no cache. */
const LOADS: Drawn = { ...DRAWN, except: ['steady-state', 'dataset-beyond-cache'] }
const MODEL_POINTS = 200

export const waVsSize: ChartKind = {
  name: 'wa-vs-size',
  description: "write amplification over the size of the data, with the model's line",
  specOf(documents, preset) {
    const results = runsFor('wa-vs-size', documents).filter((result) => waOf(result) !== null)
    // Seeds of one design differ by a few bytes, which does not make another size.
    const sizes = new Set(groupByDesign(results).map((design) => meanOf(design, userBytesOf)))
    if (sizes.size < 2) {
      throw unfit(
        'wa-vs-size',
        'deterministic.amplification.drained.userBytes',
        'designs of two sizes at least are needed',
      )
    }
    return waVsSizeChart(results, preset)
  },
}

function waVsSizeChart(results: readonly RunResult[], preset: Preset): VegaLiteSpec {
  const designs = designsOf(results)
  const groups = [...Map.groupBy(designs, ({ contender }) => contender)]
  const sizes = results.map(userBytesOf)
  const unit = byteUnit(Math.min(...sizes))
  const styles = stylesOf(groups.map(([, own]) => strategyOf(own)))
  const series = groups.flatMap(([name, own], index): readonly PlotSeries[] => {
    const style = styles[index]!
    const points = own.map((design) => {
      const { mean, interval } = estimateOf(design, waOf)!
      return { x: meanOf(design, userBytesOf) / unit.bytes, y: mean, ...interval }
    })
    const line = modelLine(firstOfEach(own), unit.bytes)
    return [
      ...(line.length === 0
        ? []
        : [{ name: `${name}, model`, style, points: line, marks: 'line' as const }]),
      { name, style, points, marks: 'points' },
    ]
  })
  const drawn = results.every(({ config }) => config.operations === 0) ? LOADS : DRAWN
  const intervals = designs.some(({ samples }) => samples.size > 1)
  const axis = { title: `user bytes written (${unit.name}, logarithmic)`, log: true }
  const [least, most] = [Math.min(...sizes) / unit.bytes, Math.max(...sizes) / unit.bytes]
  const ticks = powersOfTwo(least, most)
  const size = { width: panelRoom(preset) - axisRoom(preset), height: preset.plotHeight }
  const plot = {
    heading: 'Write amplification in entries',
    x: { ...axis, domain: [least / 1.08, most * 1.08] as const, values: ticks, format: ',~r' },
    y: { title: 'copies written', tickCount: 5 },
    series,
    behind: watermarkLayers(preset, results, size, drawn),
  }
  const subject = subjectOf(results)
  return figureOf(preset, {
    drawn,
    title: `Write amplification over size: ${subject}`,
    description: `Write amplification of ${subject} over user bytes, measured and by the model`,
    results,
    rows: [
      legendView(
        preset,
        legendOf(
          groups.map(([name]) => name),
          styles,
          series,
        ),
      ),
      plotRow(preset, plot),
    ],
    notes: [
      'Copies: (flushed + merged raw bytes) ÷ user bytes; a point is a design, drained' +
        `${intervals ? `, the mean over seeds; whiskers: ${INTERVAL_DEFINITION}` : ''}. ` +
        'Line: the closed-form ' +
        'model of a load of unique keys in whole memtables, each flushed as a run of level 0 first; ' +
        'strategies without a line have no exact form.',
      supportNote(results),
    ],
  })
}

function legendOf(
  names: readonly string[],
  styles: readonly SeriesStyle[],
  series: readonly PlotSeries[],
): readonly LegendEntry[] {
  const entries = names.map((name, index): LegendEntry => {
    const { colour, dash, shape } = styles[index]!
    const modelled = series.some((one) => one.name === `${name}, model`)
    return { name, colour, dash, shape, symbol: modelled ? 'line' : 'point' }
  })
  return [...entries, { name: 'line: model', colour: COLOUR.muted, symbol: 'line' }]
}

/** From the smallest run of a strategy to its largest; empty if there is no exact form. */
function modelLine(runs: readonly RunResult[], unitBytes: number): readonly PlotPoint[] {
  const largest = runs.reduce((a, b) => (userBytesOf(a) > userBytesOf(b) ? a : b))
  const from = Math.log(Math.min(...runs.map(({ config }) => config.records)))
  const to = Math.log(largest.config.records)
  const entryBytes = userBytesOf(largest) / largest.config.records
  return Array.from({ length: MODEL_POINTS + 1 }, (_, index) =>
    Math.exp(from + ((to - from) * index) / MODEL_POINTS),
  ).flatMap((entries) => {
    const y = loadPrediction(largest, entries)?.writes.loaded?.levelZeroRun
    return y === undefined ? [] : [{ x: (entries * entryBytes) / unitBytes, y }]
  })
}

function powersOfTwo(least: number, most: number): readonly number[] {
  const from = Math.floor(Math.log2(least))
  const step = Math.max(1, Math.ceil((Math.log2(most) - from) / 8))
  return Array.from({ length: 9 }, (_, index) => 2 ** (from + index * step))
}

const meanOf = (design: DesignGroup<RunResult>, figure: (result: RunResult) => number) =>
  estimateOf(design, figure)!.mean
const userBytesOf = ({ deterministic }: RunResult) => deterministic.amplification.drained.userBytes
const waOf = ({ deterministic }: RunResult) => deterministic.amplification.drained.waEntries
