/**
 * Owns the tables that commands print. A terminal would break the lines of a wider table, so each
 * of its rows becomes a list instead: a heading, then one line for each figure.
 */
import { stripVTControlCharacters } from 'node:util'
import CliTable from 'cli-table3'
import type { Look } from './terminal.ts'
import { fitted } from './text-lines.ts'

export interface TextTable {
  readonly head: readonly string[]
  /** A cell may have several lines. */
  readonly rows: readonly (readonly string[])[]
  /**
   * How many of the first columns are text: they are aligned left, and become the heading of a
   * list.
   */
  readonly names: number
  /** Whether the last column is text too. */
  readonly wordsLast?: boolean
  /** Without lines between rows. */
  readonly compact?: boolean
}

/** Without a line feed at the end. */
export function textTable(table: TextTable, look: Look): string {
  const { head, rows, names, wordsLast = false, compact = false } = table
  const drawn = new CliTable({
    head: [...head],
    colAligns: head.map((_, index) => {
      return index < names || (wordsLast && index === head.length - 1) ? 'left' : 'right'
    }),
    style: look.colour
      ? { head: ['bold'], border: ['grey'], compact }
      : { head: [], border: [], compact },
  })
  for (const row of rows) drawn.push([...row])
  const text = drawn.toString()
  return widthOf(text) <= look.columns ? text : listOf(table, look)
}

function widthOf(text: string): number {
  const lines = stripVTControlCharacters(text).split('\n')
  return Math.max(...lines.map((line) => line.length))
}

function listOf({ head, rows, names }: TextTable, look: Look): string {
  const width = Math.max(...head.slice(names).map((name) => name.length)) + 2
  const blocks = rows.map((row) => {
    const lines = row.slice(names).flatMap((cell, index) =>
      cell.split('\n').map((line, part) => {
        const name = part === 0 ? head[names + index]! : ''
        return `  ${name.padEnd(width)}${line}`
      }),
    )
    return [fitted(row.slice(0, names).join(', '), look), ...lines].join('\n')
  })
  return blocks.join('\n')
}
