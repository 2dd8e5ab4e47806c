/**
 * Owns the frame of a page that is one file, with style, scripts and data inside and nothing to
 * fetch. A policy in the page also forbids the browser every request.
 *
 * Data is gzipped JSON in base64. It has a tenth of its size then, and no text in it can end the
 * script early.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

export interface PageParts {
  readonly title: string
  /** Added to the common style. */
  readonly style: string
  /** The content of the body, escaped by the caller. */
  readonly body: string
  /** Libraries as they are shipped, run in order before `script`. */
  readonly libraries?: readonly string[]
  /** The code of a module; it reads `data` with `embeddedData` (page/embedded-data.ts). */
  readonly script: string
  readonly data: unknown
}

/** The whole page as HTML. */
export function pageOf({ title, style, body, libraries = [], script, data }: PageParts): string {
  const common = readFileSync(join(import.meta.dirname, 'page.css'), 'utf8')
  const packed = gzipSync(JSON.stringify(data), { level: 9 }).toString('base64')
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>\n${common}\n${style}</style>`,
    '</head>',
    '<body>',
    body,
    `<script type="text/plain" id="data">${packed}</script>`,
    ...libraries.map((library) => `<script>${escapeScript(library)}</script>`),
    `<script type="module">${escapeScript(script)}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** Vega needs 'unsafe-eval', because it compiles its expressions. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; " +
  "script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:"

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/**
 * In strings and regular expressions, the only places with these texts in a library, `\/` is `/`.
 */
function escapeScript(code: string): string {
  return code.replaceAll(/<\/script/gi, '<\\/script').replaceAll('<!--', '<\\!--')
}
