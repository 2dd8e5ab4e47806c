/**
 * Owns a table as data, and its text forms for pasting: Markdown, LaTeX, CSV. Markdown and LaTeX
 * have the texts of the page; CSV has the values behind them, unrounded. It runs in the page and in
 * tests, so it uses neither Node nor a document.
 */

export interface ReportTable {
  /** Unique within the report, kebab-case. */
  readonly id: string
  readonly title: string
  /** The meaning of the figures, in a sentence or two. */
  readonly note: string
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly ReportCell[])[]
}

export interface ReportColumn {
  readonly name: string
  /** Figures are aligned right, words left. */
  readonly kind: 'figure' | 'words'
}

export interface ReportCell {
  readonly text: string
  /** The value behind the text; left out if there is only text. */
  readonly value?: number | null
  /** Highlights the cell: a failed gate, or a difference too large for chance. */
  readonly mark?: 'good' | 'bad'
}

export const TABLE_FORMATS = ['markdown', 'latex', 'csv'] as const
export type TableFormat = (typeof TABLE_FORMATS)[number]

export function words(text: string): ReportCell {
  return { text }
}

/** The table as a text that ends in a line break. */
export function tableText(table: ReportTable, format: TableFormat): string {
  switch (format) {
    case 'markdown':
      return markdownOf(table)
    case 'latex':
      return latexOf(table)
    case 'csv':
      return csvOf(table)
  }
}

function markdownOf({ columns, rows }: ReportTable): string {
  const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return [
    line(columns.map(({ name }) => escaped(name))),
    line(columns.map(({ kind }) => (kind === 'figure' ? '---:' : ':---'))),
    ...rows.map((row) => line(row.map(({ text }) => escaped(text)))),
  ].join('')
}

/** Needs the LaTeX package booktabs. */
function latexOf({ columns, rows }: ReportTable): string {
  const line = (cells: readonly string[]) => `  ${cells.map(latexEscaped).join(' & ')} \\\\\n`
  return [
    `\\begin{tabular}{${columns.map(({ kind }) => (kind === 'figure' ? 'r' : 'l')).join('')}}\n`,
    '  \\toprule\n',
    line(columns.map(({ name }) => name)),
    '  \\midrule\n',
    ...rows.map((row) => line(row.map(({ text }) => text))),
    '  \\bottomrule\n',
    '\\end{tabular}\n',
  ].join('')
}

const LATEX_SIGNS: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '{': '\\{',
  '}': '\\}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '–': '--',
  '…': '\\ldots{}',
  '×': '$\\times$',
  '÷': '$\\div$',
  '≥': '$\\geq$',
  '≤': '$\\leq$',
  '→': '$\\rightarrow$',
  '±': '$\\pm$',
  '−': '$-$',
  '·': '$\\cdot$',
  µ: '\\textmu{}',
  '✓': 'yes',
  '✗': 'no',
}

function latexEscaped(text: string): string {
  return Array.from(text, (sign) => LATEX_SIGNS[sign] ?? sign).join('')
}

/** RFC 4180; an unknown value is empty. */
function csvOf({ columns, rows }: ReportTable): string {
  const line = (cells: readonly string[]) => `${cells.map(csvQuoted).join(',')}\r\n`
  const rawOf = ({ text, value }: ReportCell) =>
    value === undefined ? text : value === null ? '' : String(value)
  return [line(columns.map(({ name }) => name)), ...rows.map((row) => line(row.map(rawOf)))].join(
    '',
  )
}

function csvQuoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
