/**
 * Owns the report as a file: tables as HTML, which can be read without any script, and the specs of
 * the figures with the libraries that draw them. The page makes no network request.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modulePath } from '../base/module-path.ts'
import { inlineScript } from '../browser/inline-script.ts'
import { escapeHtml, pageOf } from '../browser/page.ts'
import type { ReportChart } from './report-charts.ts'
import type { Report } from './report-data.ts'
import { type ReportCell, type ReportTable, TABLE_FORMATS } from './report-table.ts'

/** The data of the page's script, which makes the texts of tables and draws the figures. */
export interface ReportPageData {
  readonly tables: readonly ReportTable[]
  readonly charts: readonly ReportChart[]
}

const FORMAT_NAMES = { markdown: 'Markdown', latex: 'LaTeX', csv: 'CSV' } as const

/** The whole page. */
export function reportPage(report: Report): string {
  const data: ReportPageData = { tables: report.tables, charts: [...report.charts, ...report.runs] }
  return pageOf({
    title: `Report: ${report.title}`,
    style: readFileSync(join(import.meta.dirname, 'report.css'), 'utf8'),
    body: bodyOf(report),
    libraries: ['vega', 'vega-lite', 'vega-embed'].map(libraryOf),
    script: inlineScript(modulePath(import.meta, 'page/main')),
    data,
  })
}

/** The minified build, which defines a global. */
function libraryOf(name: string): string {
  const build = dirname(fileURLToPath(import.meta.resolve(name)))
  const code = readFileSync(join(build, `${name}.min.js`), 'utf8')
  return code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '')
}

/** The tables after the figures, in order. */
const CONDITIONS = ['gates', 'differences', 'shared', 'environment', 'runs']
/** Names of the sections that are not tables. */
const SECTION_NAMES: Readonly<Record<string, string>> = {
  figures: 'Figures',
  each: 'Each run',
  commands: 'Commands',
}

function bodyOf(report: Report): string {
  const { title, summary, tables, charts, runs, notDrawn, commands } = report
  const table = (id: string) => tableSection(tables.find((found) => found.id === id)!)
  const stalls = tables.some(({ id }) => id === 'stalls') ? ['stalls'] : []
  const links = [
    'designs',
    'verdicts',
    ...stalls,
    'figures',
    ...CONDITIONS,
    'each',
    'commands',
  ].map((id) => {
    const name = tables.find((found) => found.id === id)?.title ?? SECTION_NAMES[id]!
    return `<a href="#${id}">${escapeHtml(name)}</a>`
  })
  return `<header>
<h1>${escapeHtml(title)}</h1>
<p class="muted">${escapeHtml(summary)}</p>
<nav aria-label="Sections">
${links.join('\n')}
</nav>
</header>
<main>
${table('designs')}
${['verdicts', ...stalls].map(table).join('\n')}
<section id="figures"><h2>Figures</h2>
<p class="muted">Point at a mark to read its values; the dots at a figure’s corner save it.</p>
<div class="gallery">
${charts.map(figureOf).join('\n')}
</div>
${notDrawnText(notDrawn)}
</section>
${CONDITIONS.map(table).join('\n')}
<section id="each"><h2>Each run</h2>
<p class="muted">Open a run to see where its bytes went and how its tree grew.</p>
${runs.map(runDetails).join('\n')}
</section>
<section id="commands"><h2>Commands</h2>
<p class="muted">Each gives its run again; equal seeds give equal bytes.</p>
<div class="copies">${copyButton('commands', 'lines', 'Copy all')}</div>
<pre id="command-lines" tabindex="0" aria-label="Commands">${escapeHtml(commands.join('\n'))}</pre>
</section>
<p id="spoken" class="visually-hidden" aria-live="polite"></p>
<dialog id="by-hand"><form method="dialog">
<p><label for="by-hand-text">The browser gives this page no clipboard. Copy the text here:</label></p>
<textarea id="by-hand-text" rows="12" readonly></textarea>
<p><button>Close</button></p></form></dialog>
</main>`
}

function tableSection(table: ReportTable): string {
  const { id, title, note, columns, rows } = table
  const head = columns.map(({ name, kind }) => {
    return `<th scope="col"${kind === 'words' ? ' class="text"' : ''}>${escapeHtml(name)}</th>`
  })
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => cellOf(cell, columns[column]!.kind))
    return `<tr>${cells.join('')}</tr>`
  })
  const buttons = TABLE_FORMATS.map((format) => copyButton(id, format, FORMAT_NAMES[format]))
  const empty = rows.length === 0 ? '<p>Nothing.</p>' : ''
  return `<section id="${id}"><h2>${escapeHtml(title)}</h2>
<p class="muted note">${escapeHtml(note)}</p>
<div class="copies"><span class="muted">Copy as</span> ${buttons.join(' ')}</div>
${empty}<div class="scroll${rows.length > 30 ? ' tall' : ''}" tabindex="0" role="region" aria-label="${escapeHtml(title)}">
<table><thead><tr>${head.join('')}</tr></thead><tbody>
${lines.join('\n')}
</tbody></table></div></section>`
}

function cellOf({ text, mark }: ReportCell, kind: 'figure' | 'words'): string {
  const classes = [kind === 'words' ? 'text' : '', mark ?? ''].filter((name) => name !== '')
  const attribute = classes.length === 0 ? '' : ` class="${classes.join(' ')}"`
  return `<td${attribute}>${escapeHtml(text)}</td>`
}

function copyButton(table: string, format: string, label: string): string {
  return `<button type="button" data-table="${table}" data-format="${format}">${label}</button>`
}

function figureOf({ id, title }: ReportChart): string {
  return `<figure><figcaption>${escapeHtml(sentence(title))}</figcaption>
<div class="chart" data-chart="${escapeHtml(id)}"></div></figure>`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

function runDetails({ id, title }: ReportChart): string {
  return `<details><summary>${escapeHtml(title)}</summary>
<div class="chart" data-chart="${escapeHtml(id)}"></div></details>`
}

function notDrawnText(notDrawn: Report['notDrawn']): string {
  if (notDrawn.length === 0) return ''
  const lines = notDrawn.map(({ name, why }) => {
    return `<li><b>${escapeHtml(name)}</b>: ${escapeHtml(why)}</li>`
  })
  return `<details><summary>Figures these results cannot feed</summary><ul>
${lines.join('\n')}
</ul></details>`
}
