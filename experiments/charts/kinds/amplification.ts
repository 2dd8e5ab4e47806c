/**
 * Owns the figure of several runs: write, read and space amplification side by side, a band of rows
 * a workload, a row a strategy. Scales are shared down a column, so bars compare across workloads.
 * Runs that differ only in their seed are one row: the mean, with a whisker from least to most.
 */

import { invalidArgument } from '../../../engine/base/errors.ts'
import type { ReadAccount, RunResult } from '../../../results/schema.ts'
import { strategyLabels, workloadLabels } from '../../design-labels.ts'
import { failedGates, labelWidth } from '../caption.ts'
import { type ChartKind, runsFor } from '../chart-kind.ts'
import { figureOf, subjectOf, supportNote, TIME_GATES, watermarkLayers } from '../figure.ts'
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
import type { Preset, VegaLiteSpec, View } from '../theme.ts'
import {
  formatRatio,
  mean,
  READ_ACCOUNTS,
  SPACE_DEFINITION,
  STATES_DEFINITION,
  WA_DEFINITION,
} from '../wording.ts'

/** Panels narrower than this go to a row of their own; very long labels widen the figure. */
const PANEL_WIDTH_MIN = 56
/** Latencies are no part of it. */
const IGNORED_GATES = [...TIME_GATES]

export interface AmplificationOptions {
  /** What stands for the cost of a read. */
  readonly reads?: 'runs' | 'blocks'
}

/** One column of panels: a figure of a run, at one moment or two. */
interface Metric {
  readonly title: string
  readonly drained: (result: RunResult) => number | null
  readonly burst?: (result: RunResult) => number | null
}

/** The runs of one strategy under one workload: one per seed. */
interface Cell {
  readonly workload: string
  readonly strategy: string
  readonly results: readonly RunResult[]
}

export const amplification: ChartKind = {
  name: 'amplification',
  description: 'write, read and space amplification by strategy, burst and drained',
  specOf: (results, preset) => amplificationChart(runsFor('amplification', results), preset),
}

/** Throws `LSM_INVALID_ARGUMENT` where runs of one workload loaded in different orders. */
export function amplificationChart(
  results: readonly RunResult[],
  preset: Preset,
  { reads = 'runs' }: AmplificationOptions = {},
): VegaLiteSpec {
  checkComparable(results)
  const cells = cellsOf(results)
  const metrics = metricsOf(results, reads)
  const title = subjectOf(results)
  return figureOf(preset, {
    title,
    description: `Write, read and space amplification of ${title}`,
    results,
    rows: bands(preset, results, cells, metrics),
    notes: notesOf(results, cells, reads),
  })
}

function bands(
  preset: Preset,
  results: readonly RunResult[],
  cells: readonly Cell[],
  metrics: readonly Metric[],
): View[] {
  const workloads = [...new Set(cells.map(({ workload }) => workload))]
  const marked = new Set(
    failedGates(results)
      .filter(({ everywhere }) => !everywhere)
      .flatMap(({ failed }) => failed),
  )
  const nameOf = ({ strategy, results }: Cell) =>
    results.some((result) => marked.has(result)) ? `${strategy} †` : strategy
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
      const behind = watermarkLayers(preset, results, box, IGNORED_GATES)
      return rowOf([labelColumn(preset, names, workload, sideWidth, behind), ...panels])
    }),
  )
}

function titleLines({ fontSize }: Preset, { title }: Metric, width: number): readonly string[] {
  return wrapText(title, width, { fontSize: fontSize.label })
}

/** Mean over seeds, and the range where there are several. */
function barRow({ results }: Cell, name: string, { drained, burst }: Metric): BarRow {
  const values = results.map(drained).filter((value) => value !== null)
  if (values.length === 0) return { name, value: null, label: '–' }
  const ticks = burst === undefined ? [] : results.map(burst).filter((value) => value !== null)
  const value = mean(values)
  return {
    name,
    value,
    label: formatRatio(value),
    ...(ticks.length === 0 ? {} : { tick: mean(ticks) }),
    ...(values.length === 1 ? {} : { low: Math.min(...values), high: Math.max(...values) }),
  }
}

function metricsOf(results: readonly RunResult[], reads: 'runs' | 'blocks'): readonly Metric[] {
  const cost = (account: ReadAccount) =>
    reads === 'runs' ? account.runsPerOperation : account.blocksPerOperation
  return [
    {
      title: 'write amplification',
      drained: (result) => result.deterministic.amplification.drained.waTotal,
      burst: (result) => result.deterministic.amplification.burst.waTotal,
    },
    // An update's read costs what a get costs; a column of its own would say nothing new.
    ...READ_ACCOUNTS.filter(
      ({ key }) =>
        key !== 'updateRead' &&
        results.some((result) => result.deterministic.readAmplification[key].operations > 0),
    ).map(
      ({ key, name }): Metric => ({
        title: `${reads} per ${name}`,
        drained: (result) => cost(result.deterministic.readAmplification[key]),
      }),
    ),
    {
      title: 'space amplification',
      drained: (result) => result.deterministic.amplification.drained.spaceAmplification,
      burst: (result) => result.deterministic.amplification.burst.spaceAmplification,
    },
  ]
}

/** By workload, then by strategy in the order met. */
function cellsOf(results: readonly RunResult[]): readonly Cell[] {
  const strategies = strategyLabels(results)
  const workloads = workloadLabels(results)
  const byName = Map.groupBy(results, ({ config }) => config.strategy.name)
  const groups = Map.groupBy([...byName.values()].flat(), (result) =>
    JSON.stringify([workloads.get(result), strategies.get(result)]),
  )
  return [...groups.values()].map((group) => ({
    workload: workloads.get(group[0]!)!,
    strategy: strategies.get(group[0]!)!,
    results: group,
  }))
}

function checkComparable(results: readonly RunResult[]): void {
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
  results: readonly RunResult[],
  cells: readonly Cell[],
  reads: 'runs' | 'blocks',
): readonly string[] {
  const marks = cells.some((cell) => cell.results.length > 1)
    ? 'Bar: drained, mean over seeds; line: least to most; tick: burst.'
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
  ]
  return [
    `${definitions.join(' ')} Less is better in every panel.`,
    supportNote(
      results,
      cells.map((cell) => cell.results),
    ),
  ]
}
