/**
 * Owns the strip under a tree: the bytes of every level over the whole run, stacked, level 0 on
 * top. It is drawn once for each size; a step only moves the mark of the current moment.
 */
import type { Moments } from '../moments.ts'
import type { Replay } from '../replay.ts'
import { GUTTER, MARGIN } from '../tree-layout.ts'
import type { Palette } from './colours.ts'

export const HISTORY_HEIGHT = 56

/** The x of a moment on a strip of this width. */
export function momentX(moment: number, moments: Moments, width: number): number {
  const span = width - GUTTER - MARGIN
  return GUTTER + (moments.count < 2 ? 0 : (span * moment) / (moments.count - 1))
}

/** The moment at an x, limited to the run. */
export function momentAtX(x: number, moments: Moments, width: number): number {
  const share = (x - GUTTER) / (width - GUTTER - MARGIN)
  return Math.max(0, Math.min(moments.count - 1, Math.round(share * (moments.count - 1))))
}

/** Opacity of level `level` of `levels`: the deeper, the fainter. */
function levelAlpha(level: number, levels: number): number {
  return 1 - (0.75 * level) / Math.max(1, levels - 1)
}

export interface DrawnHistory {
  readonly replay: Replay
  readonly moments: Moments
  /** For each moment, the number of the run's edits that are done. */
  readonly done: Int32Array
  readonly width: number
  readonly palette: Palette
}

export function drawHistory(context: CanvasRenderingContext2D, history: DrawnHistory): void {
  const { replay, moments, done, width, palette } = history
  const { levels, bytes } = replay.history
  const columns = Math.max(1, Math.round(width - GUTTER - MARGIN))
  const edits = Array.from({ length: columns + 1 }, (_, column) => {
    return done[momentAtX(GUTTER + column, moments, width)]!
  })
  const sums = edits.map((edit) => {
    let sum = 0
    for (let level = 0; level < levels; level++) sum += bytes[edit * levels + level]!
    return sum
  })
  const highest = Math.max(1, ...sums)
  const scale = (HISTORY_HEIGHT - 4) / highest
  context.clearRect(0, 0, width, HISTORY_HEIGHT)
  context.fillStyle = palette.panel
  context.fillRect(GUTTER, 0, columns, HISTORY_HEIGHT)
  const base = new Float64Array(columns + 1)
  // The deepest level is at the bottom, as in the tree above.
  for (let level = levels - 1; level >= 0; level--) {
    context.globalAlpha = levelAlpha(level, levels)
    context.fillStyle = palette.accent
    context.beginPath()
    context.moveTo(GUTTER, HISTORY_HEIGHT)
    for (const [column, from] of base.entries()) {
      context.lineTo(GUTTER + column, HISTORY_HEIGHT - from * scale)
    }
    for (let column = columns; column >= 0; column--) {
      base[column]! += bytes[edits[column]! * levels + level]!
      context.lineTo(GUTTER + column, HISTORY_HEIGHT - base[column]! * scale)
    }
    context.fill()
  }
  context.globalAlpha = 1
}
