/**
 * Owns the positions in the picture of a tree: one band for each level, one row for each run, and
 * the axis of keys from left to right. A level has as many rows as the most runs it ever holds in
 * any run shown, so that nothing moves without reason. Its oldest run lies at the bottom, newer
 * ones above it.
 */

export interface TreeLayout {
  readonly height: number
  /** Left and right end of the axis of keys. */
  readonly left: number
  readonly right: number
  readonly rowHeight: number
  /** For each level: its number of rows, and the top of the first. */
  readonly bands: readonly { readonly rows: number; readonly top: number }[]
}

/** Width left of the axis of keys, for the names of levels; and right of it. */
export const GUTTER = 34
export const MARGIN = 6
const BAND_GAP = 12
const ROW_HEIGHT = { min: 4, max: 30 } as const

/** `rowsByLevel`: the most runs that each level ever holds. `height` is the desired height. */
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

/** The x of key number `key` of `keys` on the axis. */
export function keyX({ left, right }: TreeLayout, key: number, keys: number): number {
  return keys < 2 ? left : left + ((right - left) * key) / (keys - 1)
}
