/**
 * Owns the figure of compaction debt: the bytes that each strategy estimates it still has to write,
 * as the data grew, and the bytes that the drain at the end wrote.
 */

import { runLabels } from '../../../results/design-labels.ts'
import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { labelWidth } from '../caption.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { drawnSampleNote, firstOfEach } from '../designs.ts'
import { estimateOf, INTERVAL_DEFINITION } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { barPanel, labelColumn, panelRoom, rowOf, spacingOf } from '../panels.ts'
import { axisRoom, plotRow } from '../plots.ts'
import { stylesOf } from '../strategy-styles.ts'
import type { Preset, VegaLiteSpec, View } from '../theme.ts'
import { byteUnit, formatBytes } from '../wording.ts'
import { grew, userBytesAxis } from './growth-views.ts'

const DRAWN: Drawn = { covers: ['amplification'], except: ['steady-state', 'drained'] }
const DESIGNS_MAX = 8

export const debt: ChartKind = {
  name: 'debt',
  description: 'bytes of compaction debt as the data grew, and what the drain wrote',
  specOf(documents, preset) {
    const results = runsFor('debt', documents)
    const designs = groupByDesign(results)
    if (designs.length > DESIGNS_MAX) {
      throw unfit('debt', 'id', `${designs.length} designs were given, ${DESIGNS_MAX} fit`)
    }
    const still = results.find((result) => !grew(result))
    if (still !== undefined) {
      throw unfit('debt', 'deterministic.series', `${still.id} has no points of growth`)
    }
    return debtChart(results, designs, preset)
  },
}

function debtChart(
  results: readonly RunResult[],
  designs: readonly DesignGroup<RunResult>[],
  preset: Preset,
): VegaLiteSpec {
  const drawn = firstOfEach(designs)
  const labels = runLabels(drawn)
  const subject = subjectOf(results)
  const most = Math.max(...drawn.flatMap(({ deterministic }) => deterministic.series.map(debtOf)))
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Compaction debt: ${subject}`,
    description: `Bytes of compaction debt of ${subject} over user bytes written`,
    results,
    rows: [
      ...(most === 0 ? [] : estimateRows(drawn, labels, most, preset)),
      drainRow(designs, labels, preset),
    ],
    notes: [notesOf(most, designs), supportNote(results)],
  })
}

function estimateRows(
  results: readonly RunResult[],
  labels: ReadonlyMap<RunResult, string>,
  most: number,
  preset: Preset,
): readonly View[] {
  const x = userBytesAxis(results)
  const unit = byteUnit(most)
  const size = { width: panelRoom(preset) - axisRoom(preset), height: preset.plotHeight }
  const styles = stylesOf(results.map(({ config }) => config.strategy.name))
  const series = results.map((result, index) => ({
    name: labels.get(result)!,
    style: styles[index]!,
    marks: 'line' as const,
    points: result.deterministic.series.map((point) => ({
      x: point.userBytes / x.unitBytes,
      y: debtOf(point) / unit.bytes,
    })),
  }))
  const legend = series.map(
    ({ name, style: { colour, dash } }): LegendEntry => ({ name, symbol: 'line', colour, dash }),
  )
  return [
    legendView(preset, legend),
    plotRow(preset, {
      heading: 'Debt as the strategy estimates it',
      x,
      y: { title: `bytes (${unit.name})` },
      series,
      behind: watermarkLayers(preset, results, size, DRAWN),
    }),
  ]
}

/** The bytes that flushes and compactions of the drain wrote. */
function drainRow(
  designs: readonly DesignGroup<RunResult>[],
  labels: ReadonlyMap<RunResult, string>,
  preset: Preset,
) {
  const { labelGap } = spacingOf(preset)
  const names = firstOfEach(designs).map((result) => labels.get(result)!)
  const written = designs.map((design) => estimateOf(design, drainBytes)!)
  const unit = byteUnit(Math.max(...written.map(({ mean }) => mean)))
  const sideWidth = Math.max(labelWidth(preset, names), axisRoom(preset) - labelGap)
  return rowOf([
    labelColumn(preset, names, 'What the drain wrote', sideWidth),
    barPanel(preset, {
      rows: written.map(({ mean, interval }, index) => ({
        name: names[index]!,
        value: mean / unit.bytes,
        label: formatBytes(mean),
        ...(interval !== null && {
          low: interval.low / unit.bytes,
          high: interval.high / unit.bytes,
        }),
      })),
      names,
      title: `bytes written (${unit.name})`,
      width: panelRoom(preset) - sideWidth - labelGap,
    }),
  ])
}

function drainBytes({ deterministic }: RunResult): number {
  const { burst, drained } = deterministic.amplification
  const total = (bytesByCause: Readonly<Record<string, number>>) =>
    Object.values(bytesByCause).reduce((sum, bytes) => sum + bytes, 0)
  return total(drained.bytesWrittenByCause) - total(burst.bytesWrittenByCause)
}

function notesOf(most: number, designs: readonly DesignGroup[]): string {
  const inline =
    most === 0
      ? ' It was zero at every point, as where compactions run inline: none that is due is put off.'
      : ''
  const bars = designs.some(({ samples }) => samples.size > 1)
    ? ` Bars: means over seeds; whiskers: ${INTERVAL_DEFINITION}.`
    : ''
  const curves = most === 0 ? '' : drawnSampleNote(designs)
  return (
    `${curves}Debt: bytes the strategy expects to write until nothing is due.${inline} ` +
    `The drain flushes the memtable and compacts until nothing is due.${bars}`
  )
}

const debtOf = (point: RunResult['deterministic']['series'][number]) => point.debtBytes
