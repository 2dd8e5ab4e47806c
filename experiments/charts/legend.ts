/**
 * Owns legends: a separate row above the plots, wrapped to the figure's width by true text widths.
 * Each entry shows the mark as the plot draws it: colour, dash and shape together.
 */

import { textWidth } from './font-metrics.ts'
import type { Layer } from './panels.ts'
import { COLOUR, FONT, type Preset, type View } from './theme.ts'

export interface LegendEntry {
  readonly name: string
  readonly colour: string
  /** 'area': a filled square; 'line': a stroke, with the shape on it if there is one. */
  readonly symbol: 'area' | 'line' | 'point'
  readonly dash?: readonly number[]
  readonly shape?: string
  readonly hollow?: boolean
  /** Area of a point, in square pixels at a page's text width. */
  readonly size?: number
}

interface PlacedEntry extends LegendEntry {
  readonly x: number
  readonly y: number
}

export function legendView(preset: Preset, entries: readonly LegendEntry[]): View {
  const { scale, fontSize } = preset
  const symbolWidth = Math.round(24 * scale)
  const areaWidth = Math.round(10 * scale)
  const gap = Math.round(14 * scale)
  const lineHeight = Math.ceil(fontSize.label * 1.5)
  const widthOf = ({ symbol, size = 0 }: LegendEntry) =>
    symbol === 'line' ? symbolWidth : Math.max(areaWidth, Math.ceil(Math.sqrt(size) * 1.2 * scale))
  // A stroke is centred on its line, so half of its width would lie outside.
  const start = Math.ceil(scale)
  let x = start
  let y = lineHeight / 2
  const placed = entries.map((entry): PlacedEntry => {
    const text = textWidth(entry.name, { font: FONT, fontSize: fontSize.label })
    const width = widthOf(entry) + 4 * scale + Math.ceil(text)
    if (x > start && x + width > preset.width) {
      x = start
      y += lineHeight
    }
    const place = { ...entry, x, y }
    x += width + gap
    return place
  })
  return {
    width: preset.width,
    height: y + lineHeight / 2,
    layer: placed.flatMap((entry) => [
      ...symbolLayers(entry, widthOf(entry), scale),
      nameLayer(entry, entry.x + widthOf(entry) + 4 * scale, fontSize.label),
    ]),
  }
}

function symbolLayers(entry: PlacedEntry, width: number, scale: number): readonly Layer[] {
  const y = { value: entry.y }
  const stroke: Layer = {
    data: { values: [{}] },
    mark: {
      type: 'rule',
      color: entry.colour,
      strokeWidth: 1.6 * scale,
      ...(entry.dash?.length ? { strokeDash: entry.dash.map((length) => length * scale) } : {}),
    },
    encoding: { x: { value: entry.x }, x2: { value: entry.x + width }, y },
  }
  const symbol: Layer = {
    data: { values: [{}] },
    mark: {
      type: 'point',
      opacity: 1,
      ...(entry.hollow === true
        ? { filled: false, color: entry.colour, strokeWidth: 1.4 * scale }
        : { filled: true, color: entry.colour }),
      shape: entry.symbol === 'area' ? 'square' : (entry.shape ?? 'circle'),
      size: (entry.size ?? (entry.symbol === 'area' ? 90 : 40)) * scale ** 2,
    },
    encoding: { x: { value: entry.x + width / 2 }, y },
  }
  if (entry.symbol !== 'line') return [symbol]
  return entry.shape === undefined ? [stroke] : [stroke, symbol]
}

function nameLayer(entry: PlacedEntry, x: number, fontSize: number): Layer {
  return {
    data: { values: [{ name: entry.name }] },
    mark: { type: 'text', align: 'left', baseline: 'middle', fontSize, color: COLOUR.ink },
    encoding: {
      x: { value: x },
      y: { value: entry.y },
      text: { field: 'name', type: 'nominal' },
    },
  }
}
