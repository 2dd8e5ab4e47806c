/**
 * Owns the parts that figures are built from: label columns and bar panels of fixed pixel widths.
 * Within a row, bounds are `flush`: the position of a panel follows from the widths before it and
 * ignores its labels, so that rows align. This is why the room of every label is computed here.
 * Rows are stacked by their true bounds, so that no row reaches into the next.
 */

import { shortened, textWidth } from './font-metrics.ts'
import { COLOUR, FONT, type Preset, type View } from './theme.ts'

export type Layer = Extract<View, { layer: unknown }>['layer'][number]

export interface Spacing {
  /** Height of one bar with its share of the gap. */
  readonly rowStep: number
  /** Between a row's label and its bar. */
  readonly labelGap: number
  readonly panelGap: number
  /** Between the bounds of two rows. */
  readonly rowGap: number
  /** From the top of a panel up to the baseline of its heading. */
  readonly headingRise: number
}

/** Scale of rows on a slide, which has less height than a page for the size of its type. */
const SLIDE_ROW_SCALE = 1.45

export function spacingOf({ name, scale }: Preset): Spacing {
  return {
    rowStep: Math.round(19 * (name === 'slide' ? SLIDE_ROW_SCALE : scale)),
    labelGap: Math.round(7 * scale),
    panelGap: Math.round(24 * scale),
    rowGap: Math.round(16 * scale),
    headingRise: Math.round(9 * scale),
  }
}

/**
 * Width available to panels. The label of a tick at the right end extends beyond the axis by half
 * its width, and must not make the figure wider than its page.
 */
export const panelRoom = ({ width, fontSize }: Preset) => width - Math.round(1.68 * fontSize.label)

/** One line or several; null: the axis is drawn without title, labels and ticks. */
export type AxisTitle = string | readonly string[] | null

export interface BarRow {
  readonly name: string
  /** Null: not measured. */
  readonly value: number | null
  /** Written beside the bar. */
  readonly label: string
  /** A tick across the bar: the same figure at a second moment. */
  readonly tick?: number | null
  /** End of a darker part of the bar, which starts at zero. */
  readonly inner?: number | null
  /** Ends of a whisker, for the spread over seeds. */
  readonly low?: number
  readonly high?: number
}

/** A row of panels. Each panel starts where the widths before it end. */
export function rowOf(panels: readonly View[]): View {
  return { bounds: 'flush', spacing: 0, hconcat: [...panels] }
}

export function spacer(width: number): View {
  return { width, height: 1, data: { values: [{}] }, mark: { type: 'point', opacity: 0, size: 0 } }
}

/**
 * The names of the rows, right-aligned against the panel that follows, under a heading. A name
 * wider than the column ends in an ellipsis.
 */
export function labelColumn(
  preset: Preset,
  names: readonly string[],
  heading: string,
  width: number,
  behind: readonly Layer[] = [],
): View {
  const { rowStep, labelGap } = spacingOf(preset)
  const style = { font: FONT, fontSize: preset.fontSize.label }
  return {
    width: width + labelGap,
    height: names.length * rowStep,
    layer: [
      ...behind,
      headingMark(preset, heading),
      {
        data: { values: names.map((name) => ({ name, text: shortened(name, width, style) })) },
        mark: { type: 'text', align: 'right', baseline: 'middle', fontSize: preset.fontSize.label },
        encoding: {
          x: { value: width },
          y: bandY(names),
          text: { field: 'text', type: 'nominal' },
          color: { value: COLOUR.ink },
        },
      },
    ],
  }
}

/** Bold text above a panel's upper left corner. */
export function headingMark(
  preset: Preset,
  text: string,
  x = 0,
  rise = spacingOf(preset).headingRise,
) {
  return {
    data: { values: [{ heading: text }] },
    mark: {
      type: 'text' as const,
      align: 'left' as const,
      baseline: 'alphabetic' as const,
      fontSize: preset.fontSize.heading,
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

/** An axis from zero to `domainMax`. See `domainMaxFor` for its value. */
export function valueX(
  preset: Preset,
  field: string,
  title: AxisTitle,
  domainMax: number,
  width: number,
) {
  return {
    field,
    type: 'quantitative' as const,
    scale: { domain: [0, domainMax], nice: false, zero: true },
    axis: {
      title: typeof title === 'string' || title === null ? title : [...title],
      labels: title !== null,
      ticks: title !== null,
      tickCount: Math.max(2, Math.min(8, Math.floor(width / (40 * preset.scale)))),
    },
  }
}

/** The end of the axis, so that the label beside each bar also fits within `width` pixels. */
export function domainMaxFor(
  preset: Preset,
  rows: readonly Omit<BarRow, 'name'>[],
  width: number,
): number {
  const gap = labelOffset(preset) + 1
  const ends = rows.map((row) => {
    const end = rowEnd(row)
    const room = textWidth(row.label, { font: FONT, fontSize: preset.fontSize.value }) + gap
    return end * (width / Math.max(width - room, width / 4))
  })
  const domainMax = Math.max(0, ...ends)
  return domainMax === 0 ? 1 : domainMax
}

export interface BarPanel {
  readonly rows: readonly BarRow[]
  readonly names: readonly string[]
  /** Of the x axis; null: no title and labels, because a panel below shows them. */
  readonly title: AxisTitle
  readonly width: number
  readonly domainMax?: number
}

/** Horizontal bars with the value written beside each. */
export function barPanel(preset: Preset, { rows, names, title, width, domainMax }: BarPanel): View {
  const { rowStep } = spacingOf(preset)
  const end = domainMax ?? domainMaxFor(preset, rows, width)
  const x = (field: string) => valueX(preset, field, title, end, width)
  const values = rows.map((row) => ({ ...row, start: 0, end: rowEnd(row) }))
  const some = (has: (row: BarRow) => boolean) => rows.some(has)
  return {
    width,
    height: names.length * rowStep,
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
              mark: { type: 'rule' as const, color: COLOUR.muted, strokeWidth: preset.scale },
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
                thickness: 2 * preset.scale,
                opacity: 1,
                size: rowStep - 4 * preset.scale,
              },
              encoding: { x: x('tick') },
            },
          ]
        : []),
      valueText(preset, x('end')),
    ],
  }
}

/** The label beside a bar, starting where the bar and its ticks end. */
export function valueText(preset: Preset, x: ReturnType<typeof valueX>) {
  return {
    mark: {
      type: 'text' as const,
      align: 'left' as const,
      baseline: 'middle' as const,
      dx: labelOffset(preset),
      fontSize: preset.fontSize.value,
      color: COLOUR.ink,
    },
    encoding: { x, text: { field: 'label', type: 'nominal' as const } },
  }
}

const labelOffset = ({ scale }: Preset) => 5 * scale

function rowEnd(row: Omit<BarRow, 'name'>): number {
  return Math.max(row.value ?? 0, row.tick ?? 0, row.high ?? 0)
}
