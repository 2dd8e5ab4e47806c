/**
 * Owns where things lie in the picture of a tree: a band a level, a row a run, across it the axis
 * of keys. A level has as many rows as it ever holds runs in any of the runs shown, so nothing
 * jumps about; its oldest run lies at the bottom and newer ones settle on it, as sediment does.
 */

export interface TreeLayout {
  readonly height: number
  /** Left and right end of the axis of keys. */
  readonly left: number
  readonly right: number
  readonly rowHeight: number
  /** Of each level: the rows it has room for, and the top of the first. */
  readonly bands: readonly { readonly rows: number; readonly top: number }[]
}

/** Left of the axis of keys, where levels are named; and right of it. */
export const GUTTER = 34
export const MARGIN = 6
const BAND_GAP = 12
const ROW_HEIGHT = { min: 4, max: 30 } as const

/** `rowsByLevel`: the most runs each level ever holds. `height` is what is wished for. */
export function layOutTree(
  rowsByLevel: readonly number[],
  width: number,
  height: number,
): TreeLayout {
  const rows = rowsByLevel.map((count) => Math.max(1, count))
  const rowsTotal = rows.reduce((sum, count) => sum + count, 0)
  const gaps = BAND_GAP * Math.max(0, rows.length - 1) + 2 * MARGIN
  const fitting = Math.floor((height - gaps) / Math.max(1, rowsTotal))
  const rowHeight = Math.min(ROW_HEIGHT.max, Math.max(ROW_HEIGHT.min, fitting))
  let top = MARGIN
  const bands = rows.map((count) => {
    const band = { rows: count, top }
    top += count * rowHeight + BAND_GAP
    return band
  })
  return {
    height: Math.max(2 * MARGIN, top - BAND_GAP + MARGIN),
    left: GUTTER,
    right: Math.max(GUTTER + 1, width - MARGIN),
    rowHeight,
    bands,
  }
}

/** Top of the row of run `runIndex` (newest first) in a level that now holds `runs`. */
export function rowTop(
  { bands, rowHeight }: TreeLayout,
  level: number,
  runIndex: number,
  runs: number,
): number {
  const band = bands[level]!
  return band.top + (band.rows - runs + runIndex) * rowHeight
}

/** Where on the axis key number `key` of `keys` lies. */
export function keyX({ left, right }: TreeLayout, key: number, keys: number): number {
  return keys < 2 ? left : left + ((right - left) * key) / (keys - 1)
}
