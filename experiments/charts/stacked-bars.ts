/**
 * Owns bars that are stacked by what wrote the bytes: log, flush, compaction, value log, the rest.
 * A segment shows its figure if it is wide enough; the bar shows its sum.
 */

import { textWidth } from './font-metrics.ts'
import { type LegendEntry, legendView } from './legend.ts'
import {
  type AxisTitle,
  type BarRow,
  bandY,
  domainMaxFor,
  spacingOf,
  valueText,
  valueX,
} from './panels.ts'
import { CAUSE_COLOURS, FONT, type Preset, type View } from './theme.ts'
import { formatRatio } from './wording.ts'

export type CauseGroup = (typeof CAUSE_COLOURS)[number]['cause']

/** The group in which a cause of the ledger is drawn. */
export function causeGroup(cause: string): CauseGroup {
  if (cause === 'wal') return 'WAL'
  if (cause === 'flush' || cause === 'compaction') return cause
  return cause.startsWith('vlog') ? 'value log' : 'other'
}

export interface StackedRow {
  readonly name: string
  /** Null: not measured. */
  readonly parts: ReadonlyMap<CauseGroup, number> | null
}

export interface StackedPanel {
  readonly rows: readonly StackedRow[]
  readonly title: AxisTitle
  readonly width: number
  /** The end of the axis that compared panels share; left out: computed from these rows. */
  readonly domainMax?: number
}

/** The sums of the rows as plain bars; they decide the end of the axis. */
export function totalsOf(rows: readonly StackedRow[]): readonly BarRow[] {
  return rows.map(({ name, parts }) => {
    if (parts === null) return { name, value: null, label: 'no writes' }
    const value = [...parts.values()].reduce((sum, part) => sum + part, 0)
    return { name, value, label: formatRatio(value) }
  })
}

export function stackedPanel(preset: Preset, panel: StackedPanel): View {
  const { rows, title, width } = panel
  const totals = totalsOf(rows)
  const names = rows.map(({ name }) => name)
  const domainMax = panel.domainMax ?? domainMaxFor(preset, totals, width)
  const x = (field: string) => valueX(preset, field, title, domainMax, width)
  const segments = rows.map(segmentsOf)
  const bars = segments.flat()
  const style = { font: FONT, fontSize: preset.fontSize.value }
  // A bar of one segment shows its figure only once, as the sum.
  const labelled = segments
    .filter((bar) => bar.length > 1)
    .flat()
    .filter(
      ({ from, to, label }) => ((to - from) / domainMax) * width > textWidth(label, style) + 6,
    )
  return {
    width,
    height: names.length * spacingOf(preset).rowStep,
    encoding: { y: bandY(names) },
    layer: [
      {
        data: { values: bars },
        mark: { type: 'bar' },
        encoding: {
          x: x('from'),
          x2: { field: 'to' },
          fill: { field: 'colour', type: 'nominal', scale: null },
        },
      },
      ...CAUSE_COLOURS.map(({ cause, ink }) => ({
        data: { values: labelled.filter((bar) => bar.cause === cause) },
        mark: { type: 'text' as const, color: ink, fontSize: preset.fontSize.value },
        encoding: { x: x('middle'), text: { field: 'label', type: 'nominal' as const } },
      })).filter(({ data }) => data.values.length > 0),
      { data: { values: [...totals] }, ...valueText(preset, x('value')) },
    ],
  }
}

/** The groups that any of the rows has. */
export function causeLegend(preset: Preset, rows: readonly StackedRow[]): View {
  return legendView(
    preset,
    CAUSE_COLOURS.filter(({ cause }) => rows.some(({ parts }) => parts?.get(cause))).map(
      ({ cause, colour }): LegendEntry => ({ name: cause, colour, symbol: 'area' }),
    ),
  )
}

/** The segments of one bar, in the order of the legend. */
function segmentsOf({ name, parts }: StackedRow) {
  let from = 0
  return CAUSE_COLOURS.flatMap(({ cause, colour }) => {
    const share = parts?.get(cause) ?? 0
    if (share === 0) return []
    const bar = { name, cause, colour, from, to: from + share, middle: from + share / 2 }
    from += share
    return [{ ...bar, label: formatRatio(share) }]
  })
}
