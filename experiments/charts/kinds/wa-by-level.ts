/**
 * Owns the figure of where bytes were written: one bar for each level, stacked by cause, taken
 * directly from the cells of the ledger. Runs are drawn side by side on one scale.
 */

import { runLabels } from '../../../results/design-labels.ts'
import type { RunResult } from '../../../results/schema.ts'
import { labelWidth } from '../caption.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { designsOf, firstOfEach, type LabelledDesign } from '../designs.ts'
import { estimateOf } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { domainMaxFor, labelColumn, panelRoom, rowOf, spacer, spacingOf } from '../panels.ts'
import {
  type CauseGroup,
  causeGroup,
  causeLegend,
  type StackedRow,
  stackedPanel,
  totalsOf,
} from '../stacked-bars.ts'
import type { Preset, VegaLiteSpec } from '../theme.ts'

const DRAWN: Drawn = { covers: ['amplification'] }
const DESIGNS_MAX = 12
const PANEL_WIDTH_MIN = 160
/** The row of bytes that belong to no level: log, manifest. */
const NO_LEVEL = 'no level'

export const waByLevel: ChartKind = {
  name: 'wa-by-level',
  description: 'write amplification of each level by cause, from the byte ledger',
  specOf(documents, preset) {
    const results = runsFor('wa-by-level', documents)
    const designs = designsOf(results)
    if (designs.length > DESIGNS_MAX) {
      throw unfit('wa-by-level', 'id', `${designs.length} designs were given, ${DESIGNS_MAX} fit`)
    }
    const idle = results.find(({ deterministic }) => userBytesOf(deterministic) === 0)
    if (idle !== undefined) {
      throw unfit(
        'wa-by-level',
        'deterministic.amplification.drained.userBytes',
        `${idle.id} wrote nothing`,
      )
    }
    return waByLevelChart(results, designs, preset)
  },
}

function waByLevelChart(
  results: readonly RunResult[],
  designs: readonly LabelledDesign<RunResult>[],
  preset: Preset,
): VegaLiteSpec {
  const labels = runLabels(firstOfEach(designs))
  const levels = Math.max(...results.flatMap(writeCells).map(({ level }) => level)) + 1
  const panels = designs.map((design) => ({ design, rows: rowsOf(design, levels) }))
  const names = panels[0]!.rows.map(({ name }) => name)
  const { labelGap, panelGap, rowStep } = spacingOf(preset)
  const sideWidth = labelWidth(preset, names)
  const room = panelRoom(preset) + panelGap
  const cell = PANEL_WIDTH_MIN * preset.scale + sideWidth + labelGap + panelGap
  const columns = Math.max(1, Math.min(designs.length, Math.floor(room / cell)))
  const width = Math.floor(room / columns) - sideWidth - labelGap - panelGap
  const totals = panels.flatMap(({ rows }) => totalsOf(rows))
  const domainMax = domainMaxFor(preset, totals, width)
  const lines = Array.from({ length: Math.ceil(panels.length / columns) }, (_, line) =>
    panels.slice(line * columns, (line + 1) * columns),
  )
  const subject = subjectOf(results)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Write amplification by level: ${subject}`,
    description: `Bytes written ÷ user bytes by level and cause of ${subject}`,
    results,
    rows: [
      causeLegend(
        preset,
        panels.flatMap(({ rows }) => rows),
      ),
      ...lines.map((line, index) =>
        rowOf(
          line.flatMap(({ design, rows }, column) => {
            const box = { x: sideWidth + labelGap, width, height: names.length * rowStep }
            const behind = watermarkLayers(preset, design.results, box, DRAWN)
            const below = (index + 1) * columns + column
            const title = below < panels.length ? null : 'bytes written ÷ user bytes'
            return [
              ...(column === 0 ? [] : [spacer(panelGap)]),
              labelColumn(preset, names, labels.get(design.results[0]!)!, sideWidth, behind),
              stackedPanel(preset, { rows, title, width, domainMax }),
            ]
          }),
        ),
      ),
    ],
    notes: [
      'Bytes written into the tables of a level, and to files of no level (log, manifest), ' +
        '÷ user bytes put, over the whole run and its drain; the sum over rows is the write amplification.' +
        (designs.some(({ samples }) => samples.size > 1) ? ' Means over seeds.' : ''),
      supportNote(results),
    ],
  })
}

/** Means over the samples of a design. */
function rowsOf(design: LabelledDesign<RunResult>, levels: number): readonly StackedRow[] {
  const groups = new Set(
    design.results.flatMap(writeCells).map(({ cause }): CauseGroup => causeGroup(cause)),
  )
  return Array.from({ length: levels + 1 }, (_, index): StackedRow => {
    const level = index - 1
    const parts = new Map<CauseGroup, number>()
    for (const group of groups) {
      const { mean } = estimateOf(design, (result) => writtenAt(result, level, group))!
      if (mean > 0) parts.set(group, mean)
    }
    return { name: level < 0 ? NO_LEVEL : `level ${level}`, parts }
  })
}

/** Bytes ÷ user bytes. */
function writtenAt(result: RunResult, level: number, group: CauseGroup): number {
  const bytes = writeCells(result)
    .filter((cell) => cell.level === level && causeGroup(cell.cause) === group)
    .reduce((sum, cell) => sum + cell.bytes, 0)
  return bytes / userBytesOf(result.deterministic)
}

function writeCells({ deterministic }: RunResult) {
  return deterministic.ledger.cells.filter(({ direction }) => direction === 'write')
}

function userBytesOf({ amplification }: RunResult['deterministic']): number {
  return amplification.drained.userBytes
}
