/**
 * Owns the figure of one run: the causes of its writes, the runs and blocks its reads touched, the
 * space it took on disk, and how write amplification and the tree's shape developed.
 */

import type { Amplification, RunResult } from '../../../results/schema.ts'
import { labelWidth } from '../caption.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { type Drawn, figureOf, subjectOf, watermarkLayers } from '../figure.ts'
import {
  type BarRow,
  barPanel,
  labelColumn,
  panelRoom,
  rowOf,
  spacer,
  spacingOf,
} from '../panels.ts'
import { phaseRise } from '../phase-layers.ts'
import { axisRoom, gridOf, gridRows, plotView } from '../plots.ts'
import { type CauseGroup, causeGroup, causeLegend, stackedPanel } from '../stacked-bars.ts'
import { strategyStyle } from '../strategy-styles.ts'
import type { Preset, VegaLiteSpec, View } from '../theme.ts'
import {
  byteUnit,
  formatBytes,
  formatRatio,
  provenance,
  READ_ACCOUNTS,
  SPACE_DEFINITION,
  STATES_DEFINITION,
  WA_DEFINITION,
} from '../wording.ts'
import { grew, levelLegend, levelsOf, phasesByBytes, userBytesAxis } from './growth-views.ts'
import { runsPlot } from './tree-shape.ts'

const DRAWN: Drawn = { covers: ['amplification'] }
/** A narrower panel moves to another row. */
const PANEL_WIDTH_MIN = 90

export const run: ChartKind = {
  name: 'run',
  description: 'one run: bytes by cause, reads, space, and the growth of the tree',
  specOf(documents, preset) {
    const [result, ...others] = runsFor('run', documents)
    if (others.length > 0) {
      throw unfit('run', 'id', `one run at a time, ${others.length + 1} were given`)
    }
    return runChart(result!, preset)
  },
}

export function runChart(result: RunResult, preset: Preset): VegaLiteSpec {
  const title = subjectOf([result])
  return figureOf(preset, {
    drawn: DRAWN,
    title,
    description: `Write, read and space amplification of ${title}`,
    results: [result],
    rows: [
      ...causesRows(result, preset),
      ...readsAndSpaceRows(result, preset),
      ...growthRows(result, preset),
    ],
    notes: notesOf(result),
  })
}

/** Write amplification by the cause of the writes: burst above drained. */
function causesRows(result: RunResult, preset: Preset): readonly View[] {
  const { labelGap } = spacingOf(preset)
  const sideWidth = axisRoom(preset) - labelGap
  const width = panelRoom(preset) - sideWidth - labelGap
  const names = ['burst', 'drained'] as const
  const rows = names.map((name) => ({
    name,
    parts: causeParts(result.deterministic.amplification[name]),
  }))
  return [
    ...(rows.every(({ parts }) => parts === null) ? [] : [causeLegend(preset, rows)]),
    rowOf([
      labelColumn(preset, names, 'Write amplification by cause', sideWidth),
      stackedPanel(preset, {
        rows,
        title: 'write amplification (bytes written ÷ user bytes)',
        width,
      }),
    ]),
  ]
}

function causeParts({ userBytes, bytesWrittenByCause }: Amplification) {
  if (userBytes === 0) return null
  const parts = new Map<CauseGroup, number>()
  for (const [cause, bytes] of Object.entries(bytesWrittenByCause)) {
    const group = causeGroup(cause)
    parts.set(group, (parts.get(group) ?? 0) + bytes / userBytes)
  }
  return parts
}

/** Runs and blocks per read, and bytes on disk. A run without reads shows only the disk. */
function readsAndSpaceRows(result: RunResult, preset: Preset): readonly View[] {
  const { labelGap, panelGap } = spacingOf(preset)
  const sideWidth = axisRoom(preset) - labelGap
  const unit = byteUnit(result.deterministic.peakPhysicalBytes)
  const space = spaceRows(result, unit.bytes)
  const spaceNames = space.map(({ name }) => name)
  const spaceViews = (labels: number, width: number) => [
    labelColumn(preset, spaceNames, 'Space on disk', labels),
    barPanel(preset, { rows: space, names: spaceNames, title: `size (${unit.name})`, width }),
  ]
  const spaceRow = rowOf(spaceViews(sideWidth, panelRoom(preset) - sideWidth - labelGap))
  const reads = READ_ACCOUNTS.map(({ key, name }) => ({
    name,
    account: result.deterministic.readAmplification[key],
  })).filter(({ account }) => account.operations > 0)
  if (reads.length === 0) return [spaceRow]
  const names = reads.map(({ name }) => name)
  const readsWidth = Math.max(labelWidth(preset, names), sideWidth)
  const spaceWidth = labelWidth(preset, spaceNames)
  const readsRoom = panelRoom(preset) - readsWidth - labelGap - panelGap
  const shared = Math.floor((readsRoom - spaceWidth - labelGap - panelGap) / 3)
  const together = shared >= PANEL_WIDTH_MIN * preset.scale
  const width = together ? shared : Math.floor(readsRoom / 2)
  const readViews = [
    labelColumn(preset, names, 'Reads', readsWidth),
    barPanel(preset, {
      rows: reads.map(({ name, account }) => perOperation(name, account.runsPerOperation)),
      names,
      title: 'runs per operation',
      width,
    }),
    spacer(panelGap),
    barPanel(preset, {
      rows: reads.map(({ name, account }) => ({
        ...perOperation(name, account.blocksPerOperation),
        inner: account.blocksFromStoragePerOperation,
      })),
      names,
      title: 'blocks per operation',
      width,
    }),
  ]
  return together
    ? [rowOf([...readViews, spacer(panelGap), ...spaceViews(spaceWidth, width)])]
    : [rowOf(readViews), spaceRow]
}

function perOperation(name: string, value: number | null): BarRow {
  return { name, value, label: value === null ? '–' : formatRatio(value) }
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

/** Write amplification so far, and the runs of each level; empty if the run has no series. */
function growthRows(result: RunResult, preset: Preset): readonly View[] {
  if (!grew(result)) return []
  const x = userBytesAxis([result])
  // One below the other; a slide has room only side by side.
  const grid = gridOf(preset, preset.name === 'slide' ? 2 : 1)
  const size = {
    width: grid.size.width,
    height: Math.round(preset.plotHeight * (preset.name === 'slide' ? 0.4 : 0.62)),
  }
  const points = result.deterministic.series.flatMap(({ userBytes, waTotal }) =>
    waTotal === null ? [] : [{ x: userBytes / x.unitBytes, y: waTotal }],
  )
  const style = strategyStyle(result.config.strategy.name)
  const growth = plotView(
    preset,
    {
      heading: 'Write amplification so far',
      rise: phaseRise(preset),
      x,
      y: { title: 'ratio' },
      series: [
        { name: 'so far', style, points, marks: 'line' },
        { name: 'drained', style, points: points.slice(-1), marks: 'points' },
      ],
      behind: watermarkLayers(preset, [result], size, DRAWN),
      above: phasesByBytes(preset, result, x, size.width),
    },
    size,
  )
  const levels = levelsOf([result])
  const runs = runsPlot(preset, result, { heading: 'Runs per level', levels, x, size })
  return [levelLegend(preset, levels), ...gridRows(preset, [runs, growth], grid)]
}

function notesOf(result: RunResult): readonly string[] {
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
    [WA_DEFINITION, convention, STATES_DEFINITION, ...(hasReads ? [reads] : []), growth].join(' '),
    `${SPACE_DEFINITION} ${provenance(result)}`,
  ]
}
