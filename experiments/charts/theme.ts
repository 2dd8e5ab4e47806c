/**
 * Owns the look of all figures: the pages they are laid out for, one family of fonts, one palette.
 * The palette also works for readers who do not see red or green, and in a grey copy: ordered
 * colours run from light to dark, and lines of a plot differ in dash and shape as well. Blues
 * follow Crameri's advice on ordered lightness, the other colours come from Okabe and Ito's set,
 * the accent from Tol's high-contrast set.
 */

import type { Config, TopLevelSpec } from 'vega-lite'

export type VegaLiteSpec = TopLevelSpec
/** One part of a concatenated figure. */
export type View = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number]

/** The place where a figure is shown. All lengths are CSS pixels, 96 to an inch. */
export interface Preset {
  readonly name: PresetName
  /** Width of the content, without `padding` on the left and right. */
  readonly width: number
  readonly padding: number
  /** Height of a plot whose height is free. */
  readonly plotHeight: number
  /** Scale of strokes, points and gaps; 1 is a page's text width. */
  readonly scale: number
  readonly fontSize: FontSizes
  /**
   * 'inside': title and caption are part of the figure; 'beside': the document that shows it sets
   * both.
   */
  readonly caption: 'inside' | 'beside'
}

export interface FontSizes {
  readonly title: number
  readonly heading: number
  readonly label: number
  /** Figures written beside marks. */
  readonly value: number
  readonly caption: number
  readonly command: number
}

/** One column of a paper, 3.33 inches; its text width, 6.96 inches; a slide, 13.33 inches. */
export const PRESET_NAMES = ['one-column', 'two-column', 'slide'] as const
export type PresetName = (typeof PRESET_NAMES)[number]

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  'one-column': {
    name: 'one-column',
    width: 308,
    padding: 6,
    plotHeight: 120,
    scale: 0.9,
    // 7 to 8 points, the size of figure text in a paper set in 9 or 10; a point is 4 ÷ 3 pixels.
    fontSize: { title: 10.6, heading: 10, label: 9.4, value: 9.4, caption: 9.4, command: 9.4 },
    caption: 'inside',
  },
  'two-column': {
    name: 'two-column',
    width: 640,
    padding: 14,
    plotHeight: 150,
    scale: 1,
    fontSize: { title: 14, heading: 10.5, label: 9.5, value: 9, caption: 9, command: 8.5 },
    caption: 'inside',
  },
  slide: {
    name: 'slide',
    width: 1224,
    padding: 28,
    plotHeight: 270,
    scale: 1.7,
    fontSize: { title: 26, heading: 18, label: 16, value: 14.5, caption: 12, command: 11.5 },
    caption: 'inside',
  },
}

export const FONT = 'DejaVu Sans, Verdana, sans-serif'
export const FONT_MONO = 'DejaVu Sans Mono, Menlo, monospace'

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

/** Colours of the causes of writes, light to dark in the order in which bars stack them. */
export const CAUSE_COLOURS = [
  { cause: 'WAL', colour: '#dbe5f0', ink: COLOUR.ink },
  { cause: 'flush', colour: '#7fa6cc', ink: COLOUR.ink },
  { cause: 'compaction', colour: '#0b4a86', ink: '#ffffff' },
  { cause: 'value log', colour: '#8fbf9f', ink: COLOUR.ink },
  { cause: 'other', colour: '#d9a441', ink: COLOUR.ink },
] as const

const LEVEL_STOPS = [
  [0xc6, 0xd8, 0xea],
  [0x5b, 0x90, 0xc3],
  [0x06, 0x2f, 0x5c],
] as const

/** `count` colours, evenly spaced: level 0 is light, the deepest level dark. */
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

/** Distinguishes the lines and points of a plot; listed in order of use. */
export interface SeriesStyle {
  readonly colour: string
  /** Lengths of strokes and gaps, alternating; empty: solid. */
  readonly dash: readonly number[]
  readonly shape: string
}

export const SERIES_STYLES: readonly SeriesStyle[] = [
  { colour: '#0b4a86', dash: [], shape: 'circle' },
  { colour: '#d55e00', dash: [6, 2], shape: 'triangle-up' },
  { colour: '#009e73', dash: [2, 2], shape: 'square' },
  { colour: '#1c2733', dash: [8, 2, 2, 2], shape: 'diamond' },
  { colour: '#56b4e9', dash: [4, 2], shape: 'triangle-down' },
  { colour: '#aa5c8d', dash: [1, 2], shape: 'cross' },
  { colour: '#b8860b', dash: [10, 3], shape: 'triangle-right' },
  { colour: '#7a8793', dash: [3, 3, 1, 3], shape: 'triangle-left' },
]

/** Style of the series at `index`; after the last style they start again. */
export function seriesStyle(index: number): SeriesStyle {
  return SERIES_STYLES[index % SERIES_STYLES.length]!
}

/** `labelLimit: 0` everywhere: the layout makes room for each label, so none is cut. */
export function configOf({ fontSize, scale }: Preset): Config {
  const tooltip = { tooltip: true }
  return {
    font: FONT,
    background: COLOUR.paper,
    view: { stroke: null },
    bar: tooltip,
    line: tooltip,
    point: tooltip,
    rect: tooltip,
    title: {
      anchor: 'start',
      color: COLOUR.ink,
      fontSize: fontSize.title,
      fontWeight: 'bold',
      subtitleColor: COLOUR.muted,
      subtitleFontSize: fontSize.label,
      subtitlePadding: 5 * scale,
      subtitleLineHeight: Math.ceil(fontSize.label * 1.36),
      offset: 14 * scale,
    },
    axis: {
      labelColor: COLOUR.ink,
      titleColor: COLOUR.muted,
      labelFontSize: fontSize.label,
      titleFontSize: fontSize.label,
      titleFontWeight: 'normal',
      titlePadding: 5 * scale,
      labelLimit: 0,
      titleLimit: 0,
      labelOverlap: 'greedy',
      labelFlush: false,
      domainColor: COLOUR.rule,
      tickColor: COLOUR.rule,
      gridColor: COLOUR.grid,
      tickSize: 4 * scale,
    },
    legend: {
      labelColor: COLOUR.ink,
      labelFontSize: fontSize.label,
      labelLimit: 0,
      symbolStrokeWidth: 0,
      symbolSize: 90 * scale ** 2,
      columnPadding: 12 * scale,
      rowPadding: 2 * scale,
    },
  }
}
