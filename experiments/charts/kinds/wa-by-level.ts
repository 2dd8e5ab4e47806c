/**
 * Owns the figure of where bytes were written: a bar a level, stacked by cause, straight from the
 * cells of the ledger. Runs stand side by side on one scale.
 */

import type { RunResult } from '../../../results/schema.ts'
import { runLabels } from '../../design-labels.ts'
import { labelWidth } from '../caption.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { figureOf, subjectOf, supportNote, TIME_GATES, watermarkLayers } from '../figure.ts'
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

const IGNORED_GATES = [...TIME_GATES]
const RUNS_MAX = 12
const PANEL_WIDTH_MIN = 160
/** The name of what belongs to no level: log, manifest. */
const NO_LEVEL = 'no level'

export const waByLevel: ChartKind = {
  name: 'wa-by-level',
  description: 'write amplification of each level by cause, from the byte ledger',
  specOf(documents, preset) {
    const results = runsFor('wa-by-level', documents)
    if (results.length > RUNS_MAX) {
      throw unfit('wa-by-level', 'id', `${results.length} runs were given, ${RUNS_MAX} fit`)
    }
    const idle = results.find(({ deterministic }) => userBytesOf(deterministic) === 0)
    if (idle !== undefined) {
      throw unfit(
        'wa-by-level',
        'deterministic.amplification.drained.userBytes',
        `${idle.id} wrote nothing`,
      )
    }
    return waByLevelChart(results, preset)
  },
}

function waByLevelChart(results: readonly RunResult[], preset: Preset): VegaLiteSpec {
  const labels = runLabels(results)
  const levels = Math.max(...results.flatMap(writeCells).map(({ level }) => level)) + 1
  const panels = results.map((result) => ({ result, rows: rowsOf(result, levels) }))
  const names = panels[0]!.rows.map(({ name }) => name)
  const { labelGap, panelGap, rowStep } = spacingOf(preset)
  const sideWidth = labelWidth(preset, names)
  const room = panelRoom(preset) + panelGap
  const cell = PANEL_WIDTH_MIN * preset.scale + sideWidth + labelGap + panelGap
  const columns = Math.max(1, Math.min(results.length, Math.floor(room / cell)))
  const width = Math.floor(room / columns) - sideWidth - labelGap - panelGap
  const totals = panels.flatMap(({ rows }) => totalsOf(rows))
  const domainMax = domainMaxFor(preset, totals, width)
  const lines = Array.from({ length: Math.ceil(panels.length / columns) }, (_, line) =>
    panels.slice(line * columns, (line + 1) * columns),
  )
  const subject = subjectOf(results)
  return figureOf(preset, {
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
          line.flatMap(({ result, rows }, column) => {
            const box = { x: sideWidth + labelGap, width, height: names.length * rowStep }
            const behind = watermarkLayers(preset, [result], box, IGNORED_GATES)
            const below = (index + 1) * columns + column
            const title = below < panels.length ? null : 'bytes written ÷ user bytes'
            return [
              ...(column === 0 ? [] : [spacer(panelGap)]),
              labelColumn(preset, names, labels.get(result)!, sideWidth, behind),
              stackedPanel(preset, { rows, title, width, domainMax }),
            ]
          }),
        ),
      ),
    ],
    notes: [
      'Bytes written into the tables of a level, and to files of no level (log, manifest), ' +
        '÷ user bytes put, over the whole run and its drain; the sum over rows is the write amplification.',
      supportNote(
        results,
        results.map((result) => [result]),
      ),
    ],
  })
}

function rowsOf(result: RunResult, levels: number): readonly StackedRow[] {
  const userBytes = userBytesOf(result.deterministic)
  return Array.from({ length: levels + 1 }, (_, index): StackedRow => {
    const level = index - 1
    const parts = new Map<CauseGroup, number>()
    for (const cell of writeCells(result)) {
      if (cell.level !== level) continue
      const group = causeGroup(cell.cause)
      parts.set(group, (parts.get(group) ?? 0) + cell.bytes / userBytes)
    }
    return { name: level < 0 ? NO_LEVEL : `level ${level}`, parts }
  })
}

function writeCells({ deterministic }: RunResult) {
  return deterministic.ledger.cells.filter(({ direction }) => direction === 'write')
}

function userBytesOf({ amplification }: RunResult['deterministic']): number {
  return amplification.drained.userBytes
}
