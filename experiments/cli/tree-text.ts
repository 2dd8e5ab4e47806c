/** Owns the drawing of a tree as text: a line for each level, with a bar of its bytes. */
import type { Version } from '../../engine/index.ts'
import { formatBytes, formatCount } from '../base/units.ts'
import type { Look } from './terminal.ts'
import { textTable } from './text-table.ts'

const BAR_WIDTH = 24

/**
 * The levels of a tree, newest first: runs, tables, entries, deletions, bytes. The bar of the
 * largest level is full. The empty text for an empty tree.
 */
export function treeText(version: Version, look: Look): string {
  const levels = version.levels.map(({ totals }) => totals)
  const most = Math.max(...levels.map(({ bytes }) => bytes), 1)
  const rows = levels.flatMap((totals, level) => {
    if (totals.tables === 0) return []
    const { tables, entries, tombstones, bytes } = totals
    const runs = version.levels[level]!.runs.length
    const counts = [runs, tables, entries, tombstones].map(formatCount)
    const bar = '█'.repeat(Math.max(Math.round((BAR_WIDTH * bytes) / most), 1))
    return [[`L${level}`, ...counts, formatBytes(bytes), bar]]
  })
  if (rows.length === 0) return ''
  const head = ['level', 'runs', 'tables', 'entries', 'deletions', 'bytes', '']
  return textTable({ head, rows, names: 1, wordsLast: true, compact: true }, look)
}
