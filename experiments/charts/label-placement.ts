/**
 * Owns the positions of the names of points. A name goes to the first place beside its point where
 * it stays within the plot and crosses no other name, no point and no line. A name without such a
 * place is left out, so that the others can be read. Earlier points are placed first, so callers
 * put the important ones first.
 */

import { textWidth } from './font-metrics.ts'

export interface LabelPoint {
  readonly text: string
  /** In pixels from the plot's upper left corner. */
  readonly x: number
  readonly y: number
  /** Radius of the symbol, in pixels. */
  readonly radius: number
}

export interface PlacedLabel {
  readonly text: string
  /** Left end and middle of the text. */
  readonly x: number
  readonly y: number
}

/** A horizontal or vertical line is a box without height or width. */
export interface Box {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

const GAP = 2

export function placeLabels(
  points: readonly LabelPoint[],
  plot: { readonly width: number; readonly height: number },
  fontSize: number,
  lines: readonly Box[] = [],
): readonly PlacedLabel[] {
  const symbols = points.map(({ x, y, radius }) => ({
    x1: x - radius,
    y1: y - radius,
    x2: x + radius,
    y2: y + radius,
  }))
  const taken: Box[] = [...lines, ...symbols]
  const placed: PlacedLabel[] = []
  for (const point of points) {
    const width = textWidth(point.text, { fontSize })
    const free = placesOf(point, width, fontSize).find(
      (box) =>
        box.x1 >= 0 &&
        box.x2 <= plot.width &&
        box.y1 >= 0 &&
        box.y2 <= plot.height &&
        !taken.some((other) => crosses(box, other)),
    )
    if (free === undefined) continue
    taken.push(free)
    placed.push({ text: point.text, x: free.x1, y: (free.y1 + free.y2) / 2 })
  }
  return placed
}

/** The places to try, in this order: right, left, above, below, then the corners. */
function placesOf({ x, y, radius }: LabelPoint, width: number, height: number): readonly Box[] {
  const away = radius + GAP
  const box = (left: number, middle: number): Box => ({
    x1: left,
    y1: middle - height * 0.62,
    x2: left + width,
    y2: middle + height * 0.62,
  })
  const rise = away + height * 0.62
  return [
    box(x + away, y),
    box(x - away - width, y),
    box(x - width / 2, y - rise),
    box(x - width / 2, y + rise),
    box(x + away * 0.6, y - rise * 0.8),
    box(x + away * 0.6, y + rise * 0.8),
    box(x - away * 0.6 - width, y - rise * 0.8),
    box(x - away * 0.6 - width, y + rise * 0.8),
  ]
}

function crosses(a: Box, b: Box): boolean {
  return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2
}
