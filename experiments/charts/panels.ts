/**
 * Owns the parts figures are put together from: label columns and bar panels of fixed pixel widths.
 * Within a row bounds are `flush`: a panel lies where the arithmetic puts it, whatever its labels
 * need, so rows align; that is why every label's room is computed here. Rows are stacked by their
 * true bounds, so nothing in one reaches into the next.
 */

import { textWidth } from './font-metrics.ts'
import { COLOUR, FIGURE_WIDTH, FONT, FONT_SIZE, type View } from './theme.ts'

/** Height of one bar with its share of the gap. */
export const ROW_STEP = 19
/** Between a row's label and its bar. */
export const LABEL_GAP = 7
export const PANEL_GAP = 24
/** Between the bounds of two rows. */
export const ROW_SPACING = 16
/** From the top of a panel up to the baseline of its heading. */
const HEADING_RISE = 9

/** Lines of it; null: the axis stays silent. */
type AxisTitle = string | readonly string[] | null

export interface BarRow {
  readonly name: string
  /** Null: nothing was measured. */
  readonly value: number | null
  /** Written beside the bar. */
  readonly label: string
  /** A tick across the bar, for a second moment of the same figure. */
  readonly tick?: number | null
  /** A darker part of the bar, from its foot. */
  readonly inner?: number | null
  /** A whisker, for the spread over seeds. */
  readonly low?: number
  readonly high?: number
}

/**
 * A legend at the right end of the figure, on the line of a heading. It belongs to the row, so it is
 * placed in the row's coordinates; Vega leaves it where it is put, so its width is summed up here.
 */
export function topLegend(names: readonly string[], rise = HEADING_RISE) {
  const symbol = 14
  const gap = 12
  const style = { font: FONT, fontSize: FONT_SIZE.label }
  const text = names.reduce((sum, name) => sum + Math.ceil(textWidth(name, style)), 0)
  return {
    title: null,
    orient: 'none' as const,
    direction: 'horizontal' as const,
    legendX: Math.max(0, FIGURE_WIDTH - text - names.length * symbol - (names.length - 1) * gap),
    legendY: -rise - 9,
    columnPadding: gap,
    columns: names.length,
    symbolType: 'square' as const,
  }
}

/** A row of panels whose places are exactly the sums of their widths. */
export function rowOf(panels: readonly View[]): View {
  return { bounds: 'flush', spacing: 0, hconcat: [...panels] }
}

export function spacer(width: number): View {
  return { width, height: 1, data: { values: [{}] }, mark: { type: 'point', opacity: 0, size: 0 } }
}

/** The names of the rows, right-aligned against the panel that follows, under a heading. */
export function labelColumn(names: readonly string[], heading: string, width: number): View {
  return {
    width: width + LABEL_GAP,
    height: names.length * ROW_STEP,
    layer: [
      headingMark(heading),
      {
        data: { values: names.map((name) => ({ name })) },
        mark: { type: 'text', align: 'right', baseline: 'middle', fontSize: FONT_SIZE.label },
        encoding: {
          x: { value: width },
          y: bandY(names),
          text: { field: 'name', type: 'nominal' },
          color: { value: COLOUR.ink },
        },
      },
    ],
  }
}

/** Bold text above a panel's upper left corner. */
export function headingMark(text: string, x = 0, rise = HEADING_RISE) {
  return {
    data: { values: [{ heading: text }] },
    mark: {
      type: 'text' as const,
      align: 'left' as const,
      baseline: 'alphabetic' as const,
      fontSize: FONT_SIZE.heading,
      fontWeight: 'bold' as const,
      color: COLOUR.ink,
    },
    encoding: {
      x: { value: x },
      y: { value: -rise },
      text: { field: 'heading', type: 'nominal' as const },
    },
  }
}

/** A band for each name, top to bottom in the given order; names are drawn by `labelColumn`. */
export function bandY(names: readonly string[]) {
  return {
    field: 'name',
    type: 'nominal' as const,
    scale: { type: 'band' as const, domain: [...names], paddingInner: 0.34, paddingOuter: 0.17 },
    axis: null,
  }
}

/** An axis from zero to where the longest bar and the label beside it end. */
export function valueX(field: string, title: AxisTitle, domainMax: number, width: number) {
  return {
    field,
    type: 'quantitative' as const,
    scale: { domain: [0, domainMax], nice: false, zero: true },
    axis: {
      title: typeof title === 'string' || title === null ? title : [...title],
      labels: title !== null,
      ticks: title !== null,
      tickCount: Math.max(2, Math.min(8, Math.floor(width / 40))),
    },
  }
}

/** The domain that leaves every row room for its label within `width` pixels. */
export function domainMaxFor(
  rows: readonly Omit<BarRow, 'name'>[],
  width: number,
  gap = 5,
): number {
  const ends = rows.map((row) => {
    const end = rowEnd(row)
    const room = textWidth(row.label, { font: FONT, fontSize: FONT_SIZE.caption }) + gap + 1
    return end * (width / Math.max(width - room, width / 4))
  })
  const domainMax = Math.max(0, ...ends)
  return domainMax === 0 ? 1 : domainMax
}

export interface BarPanel {
  readonly rows: readonly BarRow[]
  readonly names: readonly string[]
  /** Of the x axis; null: the axis stays silent, a panel below it speaks. */
  readonly title: AxisTitle
  readonly width: number
  readonly domainMax?: number
}

/** Horizontal bars with the value written beside each. */
export function barPanel({ rows, names, title, width, domainMax }: BarPanel): View {
  const x = (field: string) => valueX(field, title, domainMax ?? domainMaxFor(rows, width), width)
  const values = rows.map((row) => ({ ...row, start: 0, end: rowEnd(row) }))
  const some = (has: (row: BarRow) => boolean) => rows.some(has)
  return {
    width,
    height: names.length * ROW_STEP,
    data: { values },
    encoding: { y: bandY(names) },
    layer: [
      { mark: { type: 'bar', color: COLOUR.bar }, encoding: { x: x('value') } },
      ...(some((row) => typeof row.inner === 'number')
        ? [{ mark: { type: 'bar' as const, color: COLOUR.line }, encoding: { x: x('inner') } }]
        : []),
      ...(some((row) => row.low !== undefined)
        ? [
            {
              mark: { type: 'rule' as const, color: COLOUR.muted, strokeWidth: 1 },
              encoding: { x: x('low'), x2: { field: 'high' } },
            },
          ]
        : []),
      ...(some((row) => typeof row.tick === 'number')
        ? [
            {
              mark: {
                type: 'tick' as const,
                color: COLOUR.ink,
                thickness: 2,
                opacity: 1,
                size: ROW_STEP - 4,
              },
              encoding: { x: x('tick') },
            },
          ]
        : []),
      valueText(x('end')),
    ],
  }
}

/** The label beside a bar, starting where the bar and its ticks end. */
export function valueText(x: ReturnType<typeof valueX>) {
  return {
    mark: {
      type: 'text' as const,
      align: 'left' as const,
      baseline: 'middle' as const,
      dx: 5,
      fontSize: FONT_SIZE.caption,
      color: COLOUR.ink,
    },
    encoding: { x, text: { field: 'label', type: 'nominal' as const } },
  }
}

function rowEnd(row: Omit<BarRow, 'name'>): number {
  return Math.max(row.value ?? 0, row.tick ?? 0, row.high ?? 0)
}
