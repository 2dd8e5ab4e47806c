/**
 * Owns the figure of background work, drawn from the suite `background`: how much faster a run is
 * when its jobs run in threads, against the share of the inline run that jobs took, and how much
 * slower reads are beside compactions.
 */

import { shellText } from '../../../results/shell-text.ts'
import type { SuiteResult, SuiteRun } from '../../../results/suite-schema.ts'
import { labelWidth } from '../caption.ts'
import { type ChartKind, isSuite, unfit } from '../chart-kind.ts'
import { framed } from '../frame.ts'
import {
  type BarRow,
  barPanel,
  labelColumn,
  panelRoom,
  rowOf,
  spacer,
  spacingOf,
} from '../panels.ts'
import type { Preset, VegaLiteSpec } from '../theme.ts'
import { formatRatio, provenance } from '../wording.ts'

const SPEEDUP_CLAIMED = 1.5
const SLOWER_CLAIMED = 5

export const backgroundWork: ChartKind = {
  name: 'background',
  description: 'jobs in threads against jobs inline (from the suite background)',
  specOf(documents, preset) {
    const suite = documents.filter(isSuite).find((document) => document.suite === 'background')
    if (suite === undefined) {
      throw unfit('background', 'suite', 'a result of the suite background is needed')
    }
    return backgroundChart(suite, preset)
  },
}

function backgroundChart(suite: SuiteResult, preset: Preset): VegaLiteSpec {
  const names = suite.runs.map(({ name }) => name)
  const { labelGap, panelGap } = spacingOf(preset)
  const sideWidth = labelWidth(preset, names)
  const width = Math.floor((panelRoom(preset) - sideWidth - labelGap - 2 * panelGap) / 3)
  const panel = (figure: string, title: string, claimed: number | null, text = formatRatio) =>
    barPanel(preset, {
      rows: suite.runs.map((run) => barOf(run, figure, claimed, text)),
      names,
      title,
      width,
    })
  const { records, operations, memtableBytes } = suite.runs[0]!.params
  const title = 'Flushes and compactions in threads, against inline'
  return framed(preset, {
    title,
    settings: [
      `${records} records, ${operations} operations, memtable ${memtableBytes}, scale ${suite.scale}`,
    ],
    description: `${title}: speed of whole runs, and latency of reads beside compactions`,
    usermeta: { commands: [shellText(suite.command)] },
    rows: [
      rowOf([
        labelColumn(preset, names, 'Runs', sideWidth),
        panel('speedup', 'speed-up', SPEEDUP_CLAIMED),
        spacer(panelGap),
        panel('jobsShare', 'jobs', null, percent),
        spacer(panelGap),
        panel('busyToIdle', 'p99 ratio', SLOWER_CLAIMED),
      ]),
    ],
    notes: [
      'Time: all phases with the drain, of the same operations. Jobs: the share of the inline run ' +
        'in which an operation waited for its flush or compaction. Read p99: from the intended ' +
        'start, at 70 % of the sustainable rate beside compactions, ÷ that of reads alone at the ' +
        'same rate. Ticks: what the suite claims, at least 1.5 where jobs are 40 %, and at most 5.',
    ],
    paragraphs: [
      { kind: 'note', text: provenance(suite) },
      { kind: 'command', text: `$ ${shellText(suite.command)}` },
    ],
  })
}

function barOf(
  { name, figures }: SuiteRun,
  figure: string,
  claimed: number | null,
  text: (value: number) => string,
): BarRow {
  const value = figures[figure]
  if (typeof value !== 'number') return { name, value: null, label: '–' }
  return { name, value, label: text(value), ...(claimed !== null && { tick: claimed }) }
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
