/**
 * Owns the figure of several runs: write, read and space amplification side by side, a band of rows
 * a workload, a row a strategy. Scales are shared down a column, so bars compare across workloads.
 * Runs that differ only in their seed are one row: the mean, with a whisker from least to most.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import type { ReadAccount, RunResult } from '../../results/schema.ts'
import {
  type CaptionParagraph,
  captionView,
  commandParagraph,
  commandsOf,
  failedGates,
  labelWidth,
} from './caption.ts'
import { wrapText } from './font-metrics.ts'
import {
  type BarRow,
  barPanel,
  domainMaxFor,
  LABEL_GAP,
  labelColumn,
  PANEL_GAP,
  ROW_SPACING,
  rowOf,
  spacer,
} from './panels.ts'
import {
  CONFIG,
  FIGURE_PADDING,
  FIGURE_WIDTH,
  FONT_SIZE,
  type VegaLiteSpec,
  type View,
} from './theme.ts'
import {
  commonSettings,
  formatRatio,
  jsonText,
  provenance,
  READ_ACCOUNTS,
  SPACE_DEFINITION,
  STATES_DEFINITION,
  settingsLines,
  strategyLabels,
  WA_DEFINITION,
  workloadLabels,
} from './wording.ts'

/** Very long labels widen the figure rather than starve the panels. */
const PANEL_WIDTH_MIN = 56
/** Fewer paired seeds than this support no claim about a difference. */
const PAIRED_SEEDS_MIN = 10

export interface ComparisonOptions {
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

/** Throws `LSM_INVALID_ARGUMENT` where runs of one workload loaded in different orders. */
export function comparisonChart(
  results: readonly RunResult[],
  options: ComparisonOptions = {},
): VegaLiteSpec {
  checkComparable(results)
  const cells = cellsOf(results)
  const workloads = [...new Set(cells.map(({ workload }) => workload))]
  const strategies = [...new Set(cells.map(({ strategy }) => strategy))]
  const metrics = metricsOf(results, options.reads ?? 'runs')
  const title = titleOf(results)
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: `Write, read and space amplification of ${title}`,
    usermeta: { commands: commandsOf(results), results: results.map(({ id }) => id) },
    title: {
      text: [...wrapText(title, FIGURE_WIDTH, TITLE_STYLE)],
      subtitle: settingsLines(sharedSettings(results)),
    },
    padding: FIGURE_PADDING,
    config: CONFIG,
    spacing: ROW_SPACING,
    vconcat: [
      ...bands(cells, workloads, strategies, metrics),
      captionView([
        ...captionOf(results, cells, options.reads ?? 'runs'),
        commandParagraph(results),
      ]),
    ],
  }
}

const TITLE_STYLE = { fontSize: FONT_SIZE.title, fontWeight: 'bold' }
const LABEL_STYLE = { fontSize: FONT_SIZE.label }

function bands(
  cells: readonly Cell[],
  workloads: readonly string[],
  strategies: readonly string[],
  metrics: readonly Metric[],
): View[] {
  const marked = new Set(
    failedGates(cells.flatMap(({ results }) => results))
      .filter(({ everywhere }) => !everywhere)
      .flatMap(({ failed }) => failed),
  )
  const nameOf = ({ strategy, results }: Cell) =>
    results.some((result) => marked.has(result)) ? `${strategy} †` : strategy
  const sideWidth = labelWidth(cells.map(nameOf))
  const gaps = PANEL_GAP * (metrics.length - 1)
  const free = FIGURE_WIDTH - sideWidth - LABEL_GAP - gaps
  const width = Math.max(PANEL_WIDTH_MIN, Math.floor(free / metrics.length))
  const domains = metrics.map((metric) =>
    domainMaxFor(
      cells.map((cell) => barRow(cell, '', metric)),
      width,
    ),
  )
  return workloads.map((workload, band) => {
    const rows = strategies
      .map((strategy) => cells.find((c) => c.workload === workload && c.strategy === strategy))
      .filter((cell) => cell !== undefined)
    const names = rows.map(nameOf)
    const panels = metrics.flatMap((metric, index) => [
      ...(index === 0 ? [] : [spacer(PANEL_GAP)]),
      barPanel({
        rows: rows.map((cell) => barRow(cell, nameOf(cell), metric)),
        names,
        title:
          band === workloads.length - 1
            ? wrapText(metric.title, width + PANEL_GAP - 8, LABEL_STYLE)
            : null,
        width,
        domainMax: domains[index]!,
      }),
    ])
    return rowOf([labelColumn(names, workload, sideWidth), ...panels])
  })
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

function titleOf(results: readonly RunResult[]): string {
  const strategies = [...new Set(results.map(({ config }) => config.strategy.name))]
  const workloads = [...new Set(results.map(({ config }) => config.workload.name))]
  const who = strategies.length > 3 ? `${strategies.length} strategies` : listText(strategies)
  const where = workloads.length > 4 ? `${workloads.length} workloads` : listText(workloads)
  return `${who} on ${where}`
}

/** What all runs have in common, for the subtitle. */
function sharedSettings(results: readonly RunResult[]): readonly string[] {
  const shared = (texts: (result: RunResult) => readonly string[]) =>
    texts(results[0]!).filter((text) => results.every((result) => texts(result).includes(text)))
  const seeds = new Set(results.map(({ config }) => config.seed))
  const [seed] = seeds
  return [
    ...shared(({ config }) =>
      Object.entries(config.strategy.params).map(([key, value]) => `${key} = ${jsonText(value)}`),
    ),
    ...shared(commonSettings),
    seeds.size === 1 ? `seed ${seed}` : `${seeds.size} seeds`,
  ]
}

function captionOf(
  results: readonly RunResult[],
  cells: readonly Cell[],
  reads: 'runs' | 'blocks',
): readonly CaptionParagraph[] {
  const pairs = Math.min(...cells.map((cell) => new Set(cell.results.map(seedOf)).size))
  const marks = cells.some((cell) => cell.results.length > 1)
    ? 'Bar: drained, mean over seeds; line: least to most; tick: burst.'
    : 'Bar: drained; tick: burst.'
  const cost =
    reads === 'runs'
      ? 'Reads: runs of the tree whose key range held the key or met the range.'
      : 'Reads: blocks (data, index, filter) from cache and storage.'
  const support =
    pairs >= PAIRED_SEEDS_MIN
      ? `${pairs} paired seeds.`
      : `${pairs === 1 ? 'Single seed' : `${pairs} seeds`}: differences are not tested.`
  const hasReads = metricsOf(results, reads).length > 2
  const definitions = [
    marks,
    STATES_DEFINITION,
    WA_DEFINITION,
    ...(hasReads ? [cost] : []),
    SPACE_DEFINITION,
  ]
  return [
    { kind: 'note', text: `${definitions.join(' ')} Less is better in every panel.` },
    { kind: 'note', text: `${support} ${provenance(results[0]!)}` },
    ...unpaired(results),
    ...failedGates(results).map(({ name, why, failed, everywhere }): CaptionParagraph => {
      const example = `${failed[0]!.config.strategy.name} on ${failed[0]!.config.workload.name}`
      const where = everywhere ? 'in every run' : `in ${failed.length} of ${results.length} runs`
      return {
        kind: 'gate',
        text: `${everywhere ? '✗' : '†'} ${name} failed ${where}; ${example}: ${why}`,
      }
    }),
  ]
}

/** Strategies that did not see the same operations are no pair; the figure says so. */
function unpaired(results: readonly RunResult[]): readonly CaptionParagraph[] {
  const workloads = workloadLabels(results)
  const groups = Map.groupBy(
    results,
    (result) => `${workloads.get(result)} with seed ${seedOf(result)}`,
  )
  return [...groups]
    .filter(([, runs]) => new Set(runs.map((run) => run.deterministic.traceHash)).size > 1)
    .slice(0, 1)
    .map(([name]) => ({
      kind: 'gate',
      text: `✗ paired-traces: runs of ${name} did not see the same operations`,
    }))
}

function seedOf({ config }: RunResult): string {
  return `${config.seed}/${config.repeat}`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function listText(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
