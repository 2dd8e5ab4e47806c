/**
 * Owns the figure of one run: what wrote the bytes, what a read touched, what the data took on disk,
 * and (growth-views.ts) how write amplification and the tree's shape came about.
 */

import type { Amplification, RunResult } from '../../results/schema.ts'
import {
  type CaptionParagraph,
  captionView,
  commandParagraph,
  commandsOf,
  failedGates,
  labelWidth,
} from './caption.ts'
import { growthViews } from './growth-views.ts'
import {
  type BarRow,
  bandY,
  barPanel,
  domainMaxFor,
  LABEL_GAP,
  labelColumn,
  PANEL_GAP,
  ROW_SPACING,
  ROW_STEP,
  rowOf,
  spacer,
  topLegend,
  valueText,
  valueX,
} from './panels.ts'
import {
  CAUSE_COLOURS,
  CONFIG,
  FIGURE_PADDING,
  FIGURE_WIDTH,
  FONT_SIZE,
  type VegaLiteSpec,
  type View,
} from './theme.ts'
import {
  byteUnit,
  formatBytes,
  formatRatio,
  provenance,
  READ_ACCOUNTS,
  SPACE_DEFINITION,
  STATES_DEFINITION,
  settingsLines,
  settingsOf,
  WA_DEFINITION,
} from './wording.ts'

/** Label column of the rows that span the figure; holds the y axes of the time series. */
const SIDE_WIDTH = 48

export function runChart(result: RunResult): VegaLiteSpec {
  const { strategy, workload } = result.config
  const title = `${strategy.name} on ${workload.name}`
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: `Write, read and space amplification of ${title}`,
    usermeta: { commands: commandsOf([result]), results: [result.id] },
    title: {
      text: title,
      subtitle: settingsLines(settingsOf(result)),
    },
    padding: FIGURE_PADDING,
    config: CONFIG,
    spacing: ROW_SPACING,
    resolve: { scale: { fill: 'independent' } },
    vconcat: [
      causesRow(result),
      readsAndSpaceRow(result),
      ...growthViews(result, SIDE_WIDTH + LABEL_GAP),
      captionView(captionOf(result)),
    ],
  }
}

/** Write amplification split by what wrote the bytes: burst above drained. */
function causesRow({ deterministic }: RunResult): View {
  const names = ['burst', 'drained'] as const
  const width = FIGURE_WIDTH - SIDE_WIDTH - LABEL_GAP
  const totals = names.map((name): BarRow => {
    const value = deterministic.amplification[name].waTotal
    return { name, value, label: value === null ? 'no writes' : formatRatio(value) }
  })
  const domainMax = domainMaxFor(totals, width)
  const x = (field: string) =>
    valueX(field, 'write amplification (bytes written ÷ user bytes)', domainMax, width)
  const bars = names.flatMap((name) => causeBars(name, deterministic.amplification[name]))
  const labelled = bars.filter(({ from, to }) => ((to - from) / domainMax) * width > 30)
  return rowOf([
    labelColumn(names, 'Write amplification by cause', SIDE_WIDTH),
    {
      width,
      height: names.length * ROW_STEP,
      encoding: { y: bandY(names) },
      layer: [
        {
          data: { values: bars },
          mark: { type: 'bar' },
          encoding: {
            x: x('from'),
            x2: { field: 'to' },
            fill: {
              field: 'cause',
              type: 'nominal',
              scale: {
                domain: CAUSE_COLOURS.map(({ cause }) => cause),
                range: CAUSE_COLOURS.map(({ colour }) => colour),
              },
              legend: topLegend(CAUSE_COLOURS.map(({ cause }) => cause)),
            },
          },
        },
        ...CAUSE_COLOURS.map(({ cause, ink }) => ({
          data: { values: labelled.filter((bar) => bar.cause === cause) },
          mark: { type: 'text' as const, color: ink, fontSize: FONT_SIZE.caption },
          encoding: { x: x('middle'), text: { field: 'label', type: 'nominal' as const } },
        })),
        { data: { values: totals }, ...valueText(x('value')) },
      ],
    },
  ])
}

/** The segments of one bar, in the order of the legend. */
function causeBars(name: string, { userBytes, bytesWrittenByCause }: Amplification) {
  if (userBytes === 0) return []
  const { wal = 0, flush = 0, compaction = 0 } = bytesWrittenByCause
  const all = Object.values(bytesWrittenByCause).reduce((sum, bytes) => sum + bytes, 0)
  const parts = { WAL: wal, flush, compaction, other: all - wal - flush - compaction }
  let from = 0
  return CAUSE_COLOURS.map(({ cause }) => {
    const share = parts[cause] / userBytes
    const bar = { name, cause, from, to: from + share, middle: from + share / 2 }
    from += share
    return { ...bar, label: formatRatio(share) }
  })
}

/** Runs and blocks per read, and bytes on disk; a run without reads shows the disk alone. */
function readsAndSpaceRow(result: RunResult): View {
  const unit = byteUnit(result.deterministic.peakPhysicalBytes)
  const space = spaceRows(result, unit.bytes)
  const spacePanel = (width: number) =>
    barPanel({
      rows: space,
      names: space.map(({ name }) => name),
      title: `size (${unit.name})`,
      width,
    })
  const spaceLabels = (width: number) =>
    labelColumn(
      space.map(({ name }) => name),
      'Space on disk',
      width,
    )
  const reads = READ_ACCOUNTS.map(({ key, name }) => ({
    name,
    account: result.deterministic.readAmplification[key],
  })).filter(({ account }) => account.operations > 0)
  if (reads.length === 0) {
    return rowOf([spaceLabels(SIDE_WIDTH), spacePanel(FIGURE_WIDTH - SIDE_WIDTH - LABEL_GAP)])
  }
  const names = reads.map(({ name }) => name)
  const readsWidth = Math.max(labelWidth(names), SIDE_WIDTH)
  const spaceWidth = labelWidth(space.map(({ name }) => name))
  const fixed = readsWidth + spaceWidth + 2 * LABEL_GAP + 2 * PANEL_GAP
  const width = Math.floor((FIGURE_WIDTH - fixed) / 3)
  const perOperation = (name: string, value: number | null) => ({
    name,
    value,
    label: value === null ? '–' : formatRatio(value),
  })
  return rowOf([
    labelColumn(names, 'Reads', readsWidth),
    barPanel({
      rows: reads.map(({ name, account }) => perOperation(name, account.runsPerOperation)),
      names,
      title: 'runs per operation',
      width,
    }),
    spacer(PANEL_GAP),
    barPanel({
      rows: reads.map(({ name, account }) => ({
        ...perOperation(name, account.blocksPerOperation),
        inner: account.blocksFromStoragePerOperation,
      })),
      names,
      title: 'blocks per operation',
      width,
    }),
    spacer(PANEL_GAP),
    spaceLabels(spaceWidth),
    spacePanel(width),
  ])
}

function spaceRows({ deterministic }: RunResult, unitBytes: number): readonly BarRow[] {
  const { burst, drained } = deterministic.amplification
  const row = (name: string, bytes: number, ratio: number | null) => ({
    name,
    value: bytes / unitBytes,
    label: ratio === null ? formatBytes(bytes) : `×${formatRatio(ratio)}`,
  })
  return [
    row('live data', drained.liveLogicalBytes, null),
    row('drained', drained.physicalBytes, drained.spaceAmplification),
    row('burst', burst.physicalBytes, burst.spaceAmplification),
    row(
      'peak',
      deterministic.peakPhysicalBytes,
      burst.liveLogicalBytes === 0
        ? null
        : deterministic.peakPhysicalBytes / burst.liveLogicalBytes,
    ),
  ]
}

function captionOf(result: RunResult): readonly CaptionParagraph[] {
  const hasReads = READ_ACCOUNTS.some(
    ({ key }) => result.deterministic.readAmplification[key].operations > 0,
  )
  const reads =
    'Reads of the run phase; runs whose key range held the key or met the range; blocks (data, ' +
    'index, filter) from cache and storage, dark: from storage.'
  const growth = 'Over user bytes, the step at the right end is the drain.'
  const convention =
    result.deterministic.amplification.drained.convention === 'papers'
      ? 'The buffer is merged straight into level 1.'
      : 'Each flush is written as a run of level 0 first.'
  return [
    {
      kind: 'note',
      text: [
        WA_DEFINITION,
        convention,
        STATES_DEFINITION,
        ...(hasReads ? [reads] : []),
        growth,
      ].join(' '),
    },
    { kind: 'note', text: `${SPACE_DEFINITION} ${provenance(result)}` },
    ...failedGates([result]).map(
      ({ name, why }): CaptionParagraph => ({ kind: 'gate', text: `✗ ${name}: ${why}` }),
    ),
    commandParagraph([result]),
  ]
}
