/**
 * Owns the figure of logical time against threads, drawn from the suite `virtual-threads`: a row
 * for each strategy and load, with stall seconds, throughput and the 99th percentile of puts. The
 * bar is the run in threads, the tick is the prediction.
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

const NAME = 'virtual-threads'

export const virtualThreads: ChartKind = {
  name: NAME,
  description: `stalls in logical time against those in threads (from the suite ${NAME})`,
  specOf(documents, preset) {
    const suite = documents.filter(isSuite).find((document) => document.suite === NAME)
    if (suite === undefined) throw unfit(NAME, 'suite', `a result of the suite ${NAME} is needed`)
    return chartOf(suite, preset)
  },
}

function chartOf(suite: SuiteResult, preset: Preset): VegaLiteSpec {
  const names = suite.runs.map(({ name }) => name)
  const { labelGap, panelGap } = spacingOf(preset)
  const sideWidth = labelWidth(preset, names)
  const width = Math.floor((panelRoom(preset) - sideWidth - labelGap - 2 * panelGap) / 3)
  const panel = (title: string, figure: string, scale: number) =>
    barPanel(preset, {
      rows: suite.runs.map((run) => barOf(run, figure, scale)),
      names,
      title,
      width,
    })
  const { records, operations, memtableBytes, deviceWriteMBps, deviceOperationUs } =
    suite.runs[0]!.params
  const title = 'Stalls in logical time, against threads'
  return framed(preset, {
    title,
    settings: [
      `YCSB-A, ${records} records, ${operations} operations, memtable ${memtableBytes}; device as ` +
        `measured: ${Number(deviceWriteMBps).toPrecision(3)} MB/s, an operation ` +
        `${Number(deviceOperationUs).toPrecision(3)} µs; scale ${suite.scale}`,
    ],
    description: `${title}: stall seconds, throughput and latency of the same operations`,
    usermeta: { commands: [shellText(suite.command)] },
    rows: [
      rowOf([
        labelColumn(preset, names, 'Runs', sideWidth),
        panel('stalls, s', 'StallSeconds', 1),
        spacer(panelGap),
        panel('1000 ops/s', 'OperationsPerSecond', 1e-3),
        spacer(panelGap),
        panel('p99, ms', 'PutP99Ms', 1),
      ]),
    ],
    notes: [
      'Bars and figures: in threads. Ticks: the same operations in logical time. Loads are shares ' +
        'of the rate that the strategy sustained in a closed loop. p99: of puts, from their ' +
        'intended start; none where the run was overloaded.',
    ],
    paragraphs: [
      { kind: 'note', text: provenance(suite) },
      { kind: 'command', text: `$ ${shellText(suite.command)}` },
    ],
  })
}

function barOf({ name, figures }: SuiteRun, figure: string, scale: number): BarRow {
  const value = figures[`threads${figure}`]
  const predicted = figures[`virtual${figure}`]
  const tick = typeof predicted === 'number' ? predicted * scale : null
  if (typeof value !== 'number') return { name, value: null, label: '–' }
  return { name, value: value * scale, label: formatRatio(value * scale), tick }
}
