/**
 * Owns the look of all figures: one width for print, one family of fonts, one palette. The palette is
 * read by people who see no red or no green, and after a grey copy: it runs from light to dark and
 * never relies on hue alone (blues after Crameri's advice on ordered lightness; accent from Tol's
 * high-contrast set).
 */

import type { Config, TopLevelSpec } from 'vega-lite'

export type VegaLiteSpec = TopLevelSpec
/** One part of a concatenated figure. */
export type View = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number]

/** CSS pixels, 96 an inch: 6.7 inches, a page's text width. */
export const FIGURE_WIDTH = 640
export const FIGURE_PADDING = 14

export const FONT = 'DejaVu Sans, Verdana, sans-serif'
export const FONT_MONO = 'DejaVu Sans Mono, Menlo, monospace'

export const FONT_SIZE = { title: 14, heading: 10.5, label: 9.5, caption: 9, command: 8.5 } as const

export const COLOUR = {
  ink: '#1c2733',
  muted: '#5b6672',
  rule: '#c9d0d8',
  grid: '#e8ebef',
  bar: '#7fa6cc',
  line: '#0b4a86',
  accent: '#a8324a',
  paper: '#ffffff',
} as const

/** What wrote the bytes; light to dark in the order the bars stack. */
export const CAUSE_COLOURS = [
  { cause: 'WAL', colour: '#dbe5f0', ink: COLOUR.ink },
  { cause: 'flush', colour: '#7fa6cc', ink: COLOUR.ink },
  { cause: 'compaction', colour: '#0b4a86', ink: '#ffffff' },
  { cause: 'other', colour: '#d9a441', ink: COLOUR.ink },
] as const

const LEVEL_STOPS = [
  [0xc6, 0xd8, 0xea],
  [0x5b, 0x90, 0xc3],
  [0x06, 0x2f, 0x5c],
] as const

/** Level 0 light, the deepest dark; `count` of them evenly spaced. */
export function levelColours(count: number): readonly string[] {
  return Array.from({ length: count }, (_, level) => {
    const place = count === 1 ? 1 : (2 * level) / (count - 1)
    const stop = Math.min(Math.floor(place), 1)
    const channels = LEVEL_STOPS[stop]!.map((from, index) =>
      Math.round(from + (LEVEL_STOPS[stop + 1]![index]! - from) * (place - stop)),
    )
    return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
  })
}

/** `labelLimit: 0` everywhere: a label is never cut short, layout makes room for it. */
export const CONFIG: Config = {
  font: FONT,
  background: COLOUR.paper,
  view: { stroke: null },
  title: {
    anchor: 'start',
    color: COLOUR.ink,
    fontSize: FONT_SIZE.title,
    fontWeight: 'bold',
    subtitleColor: COLOUR.muted,
    subtitleFontSize: FONT_SIZE.label,
    subtitlePadding: 5,
    subtitleLineHeight: 13,
    offset: 14,
  },
  axis: {
    labelColor: COLOUR.ink,
    titleColor: COLOUR.muted,
    labelFontSize: FONT_SIZE.label,
    titleFontSize: FONT_SIZE.label,
    titleFontWeight: 'normal',
    titlePadding: 5,
    labelLimit: 0,
    titleLimit: 0,
    labelOverlap: 'greedy',
    labelFlush: false,
    domainColor: COLOUR.rule,
    tickColor: COLOUR.rule,
    gridColor: COLOUR.grid,
    tickSize: 4,
  },
  legend: {
    labelColor: COLOUR.ink,
    labelFontSize: FONT_SIZE.label,
    labelLimit: 0,
    symbolStrokeWidth: 0,
    symbolSize: 90,
    columnPadding: 12,
    rowPadding: 2,
  },
}
