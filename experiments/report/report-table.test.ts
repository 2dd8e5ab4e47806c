import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ReportTable, tableText } from './report-table.ts'

const table: ReportTable = {
  id: 'sample',
  title: 'Sample',
  note: '',
  columns: [
    { name: 'strategy', kind: 'words' },
    { name: 'WA & more', kind: 'figure' },
  ],
  rows: [
    [{ text: 'lazy_leveling T=4' }, { text: '3.88', value: 3.87654 }],
    [{ text: 'a|b, "c"' }, { text: '–', value: null }],
    [{ text: '50 % → 1 ≥ 0' }, { text: '1.2 k', value: 1234.5 }],
  ],
}

describe('a table as text', () => {
  test('is Markdown with the texts of the page', () => {
    expect(tableText(table, 'markdown')).toBe(
      [
        '| strategy | WA & more |',
        '| :--- | ---: |',
        '| lazy_leveling T=4 | 3.88 |',
        '| a\\|b, "c" | – |',
        '| 50 % → 1 ≥ 0 | 1.2 k |',
        '',
      ].join('\n'),
    )
  })

  test('is LaTeX with all special characters escaped', () => {
    expect(tableText(table, 'latex')).toBe(
      [
        '\\begin{tabular}{lr}',
        '  \\toprule',
        '  strategy & WA \\& more \\\\',
        '  \\midrule',
        '  lazy\\_leveling T=4 & 3.88 \\\\',
        '  a|b, "c" & -- \\\\',
        '  50 \\% $\\rightarrow$ 1 $\\geq$ 0 & 1.2 k \\\\',
        '  \\bottomrule',
        '\\end{tabular}',
        '',
      ].join('\n'),
    )
  })

  test('is CSV with the unrounded values', () => {
    expect(parse(tableText(table, 'csv'))).toEqual([
      ['strategy', 'WA & more'],
      ['lazy_leveling T=4', '3.87654'],
      ['a|b, "c"', ''],
      ['50 % → 1 ≥ 0', '1234.5'],
    ])
  })

  test('returns any words unchanged through CSV', () => {
    const lines = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.double()), { minLength: 1 })
    fc.assert(
      fc.property(lines, (rows) => {
        const cells = rows.map(([text, value]) => [{ text }, { text: 'shown', value }])
        const text = tableText({ ...table, rows: cells }, 'csv')
        const [, ...read] = parse(text) as string[][]
        expect(read).toEqual(rows.map(([word, value]) => [word, String(value)]))
      }),
    )
  })

  test('has one line a row in LaTeX, for any words', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (text) => {
        const rows = [[{ text }, { text: '1' }]]
        const [, , , , row] = tableText({ ...table, rows }, 'latex').split('\n')
        const bare = row!.replaceAll(/\\(?:[&%$#_{}]|text\w+\{\})/g, '').replace(/ \\\\$/, '')
        expect(bare).not.toMatch(/[%$#_{}~^\\]/)
        expect(bare.split('&')).toHaveLength(2)
      }),
    )
  })
})
