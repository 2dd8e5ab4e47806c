/**
 * Owns the figure of several runs: write, read and space amplification side by side, one band of
 * rows for each workload, one row for each strategy. All panels of a column share a scale, so that
 * bars can be compared across workloads. A design is one row: the mean over its samples, with a
 * whisker for the interval of that mean.
 */

import { invalidArgument } from '../../../engine/base/errors.ts'
import type { AnyResult } from '../../../results/identity.ts'
import { isPeerResult } from '../../../results/peer-schema.ts'
import type { ReadAccount } from '../../../results/schema.ts'
import { failedGates, labelWidth } from '../caption.ts'
import { type ChartKind, peersIn, runsFor } from '../chart-kind.ts'
import { designsOf, type LabelledDesign } from '../designs.ts'
import { estimateOf, INTERVAL_DEFINITION } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { wrapText } from '../font-metrics.ts'
import {
  type BarRow,
  barPanel,
  domainMaxFor,
  labelColumn,
  panelRoom,
  rowOf,
  spacer,
  spacingOf,
} from '../panels.ts'
import { inStrategyOrder } from '../strategy-styles.ts'
import type { Preset, VegaLiteSpec, View } from '../theme.ts'
import {
  formatRatio,
  READ_ACCOUNTS,
  SPACE_DEFINITION,
  STATES_DEFINITION,
  WA_DEFINITION,
} from '../wording.ts'

const PEERS_NOTE =
  'Other stores: what their process passed to write calls; they keep no account of reads.'
/** A narrower panel moves to another row of panels; very long labels make the figure wider. */
const PANEL_WIDTH_MIN = 56
const DRAWN: Drawn = { covers: ['amplification'] }

export interface AmplificationOptions {
  /** The measure of the cost of a read. */
  readonly reads?: 'runs' | 'blocks'
}

/** One column of panels: a figure of a run, at one or two moments. */
interface Metric {
  readonly title: string
  readonly drained: (result: AnyResult) => number | null
  readonly burst?: (result: AnyResult) => number | null
}

type Cell = LabelledDesign<AnyResult>

export const amplification: ChartKind = {
  name: 'amplification',
  description: 'write, read and space amplification by strategy, burst and drained',
  drawsPeers: true,
  specOf: (documents, preset) =>
    amplificationChart([...runsFor('amplification', documents), ...peersIn(documents)], preset),
}

/** Throws `LSM_INVALID_ARGUMENT` if runs of one workload loaded their keys in different orders. */
export function amplificationChart(
  given: readonly AnyResult[],
  preset: Preset,
  { reads = 'runs' }: AmplificationOptions = {},
): VegaLiteSpec {
  checkComparable(given)
  const results = inStrategyOrder(given)
  const cells = designsOf(results)
  const metrics = metricsOf(results, reads)
  const title = subjectOf(results)
  return figureOf(preset, {
    drawn: DRAWN,
    title,
    description: `Write, read and space amplification of ${title}`,
    results,
    rows: bands(preset, results, cells, metrics),
    notes: notesOf(results, cells, reads),
  })
}

function bands(
  preset: Preset,
  results: readonly AnyResult[],
  cells: readonly Cell[],
  metrics: readonly Metric[],
): View[] {
  const workloads = [...new Set(cells.map(({ workload }) => workload))]
  const marked = new Set(
    failedGates(results, DRAWN.covers)
      .filter(({ everywhere }) => !everywhere)
      .flatMap(({ failed }) => failed),
  )
  const nameOf = ({ contender, results }: Cell) =>
    results.some((result) => marked.has(result)) ? `${contender} †` : contender
  const { labelGap, panelGap, rowStep } = spacingOf(preset)
  const sideWidth = labelWidth(preset, cells.map(nameOf))
  const room = panelRoom(preset) - sideWidth - labelGap + panelGap
  const widthMin = PANEL_WIDTH_MIN * preset.scale
  const perRow = Math.max(1, Math.floor(room / (widthMin + panelGap)))
  const rowCount = Math.ceil(metrics.length / perRow)
  const columns = Math.ceil(metrics.length / rowCount)
  const width = Math.max(widthMin, Math.floor(room / columns - panelGap))
  const groups = Array.from({ length: rowCount }, (_, index) =>
    metrics.slice(index * columns, (index + 1) * columns),
  )
  return groups.flatMap((group) =>
    workloads.map((workload, band) => {
      const rows = cells.filter((cell) => cell.workload === workload)
      const names = rows.map(nameOf)
      const last = band === workloads.length - 1
      const panels = group.flatMap((metric, index) => [
        ...(index === 0 ? [] : [spacer(panelGap)]),
        barPanel(preset, {
          rows: rows.map((cell) => barRow(cell, nameOf(cell), metric)),
          names,
          title: last ? titleLines(preset, metric, width + panelGap - 8 * preset.scale) : null,
          width,
          domainMax: domainMaxFor(
            preset,
            cells.map((cell) => barRow(cell, '', metric)),
            width,
          ),
        }),
      ])
      const plot = { x: sideWidth + labelGap, width: room - panelGap }
      const box = { ...plot, height: names.length * rowStep }
      const behind = watermarkLayers(preset, results, box, DRAWN)
      return rowOf([labelColumn(preset, names, workload, sideWidth, behind), ...panels])
    }),
  )
}

function titleLines({ fontSize }: Preset, { title }: Metric, width: number): readonly string[] {
  return wrapText(title, width, { fontSize: fontSize.label })
}

/** The mean over samples, with its interval if there are several. */
function barRow(cell: Cell, name: string, { drained, burst }: Metric): BarRow {
  const estimate = estimateOf(cell, drained)
  if (estimate === null) return { name, value: null, label: '–' }
  const tick = burst === undefined ? null : estimateOf(cell, burst)
  return {
    name,
    value: estimate.mean,
    label: formatRatio(estimate.mean),
    ...(tick !== null && { tick: tick.mean }),
    ...estimate.interval,
  }
}

function metricsOf(results: readonly AnyResult[], reads: 'runs' | 'blocks'): readonly Metric[] {
  const cost = (account: ReadAccount | null) =>
    account?.[reads === 'runs' ? 'runsPerOperation' : 'blocksPerOperation'] ?? null
  return [
    {
      title: 'write amplification',
      drained: (result) => ratioOf(result, 'drained', 'waTotal'),
      burst: (result) => ratioOf(result, 'burst', 'waTotal'),
    },
    // The read of an update costs as much as a get; another column would show nothing new.
    ...READ_ACCOUNTS.filter(
      ({ key }) =>
        key !== 'updateRead' &&
        results.some((result) => (accountOf(result, key)?.operations ?? 0) > 0),
    ).map(
      ({ key, name }): Metric => ({
        title: `${reads} per ${name}`,
        drained: (result) => cost(accountOf(result, key)),
      }),
    ),
    {
      title: 'space amplification',
      drained: (result) => ratioOf(result, 'drained', 'spaceAmplification'),
      burst: (result) => ratioOf(result, 'burst', 'spaceAmplification'),
    },
  ]
}

/** The account of a kind of read; a peer keeps no account of its reads. */
function accountOf(
  result: AnyResult,
  key: (typeof READ_ACCOUNTS)[number]['key'],
): ReadAccount | null {
  return isPeerResult(result) ? null : result.deterministic.readAmplification[key]
}

function ratioOf(
  result: AnyResult,
  moment: 'burst' | 'drained',
  key: 'waTotal' | 'spaceAmplification',
): number | null {
  if (isPeerResult(result)) return result.peer[moment]?.[key] ?? null
  return result.deterministic.amplification[moment][key]
}

function checkComparable(results: readonly AnyResult[]): void {
  for (const [workload, runs] of Map.groupBy(results, ({ config }) => config.workload.name)) {
    const orders = [...new Set(runs.map(({ config }) => config.workload.loadOrder))]
    if (orders.length > 1) {
      throw invalidArgument(
        `${workload}: runs loaded in different orders (${orders.join(', ')}) do not compare`,
        { workload, orders },
      )
    }
  }
}

function notesOf(
  results: readonly AnyResult[],
  cells: readonly Cell[],
  reads: 'runs' | 'blocks',
): readonly string[] {
  const marks = cells.some(({ samples }) => samples.size > 1)
    ? `Bar: drained, mean over seeds; line: ${INTERVAL_DEFINITION}; tick: burst.`
    : 'Bar: drained; tick: burst.'
  const cost =
    reads === 'runs'
      ? 'Reads: runs of the tree whose key range held the key or met the range.'
      : 'Reads: blocks (data, index, filter) from cache and storage.'
  const hasReads = metricsOf(results, reads).length > 2
  const definitions = [
    marks,
    STATES_DEFINITION,
    WA_DEFINITION,
    ...(hasReads ? [cost] : []),
    SPACE_DEFINITION,
    ...(results.some(isPeerResult) ? [PEERS_NOTE] : []),
  ]
  return [`${definitions.join(' ')} Less is better in every panel.`, supportNote(results)]
}
