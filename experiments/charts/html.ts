/**
 * Owns figures as pages: Vega's libraries, the spec with its data and the script that draws it, in
 * one file that opens from a disk without a network.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { modulePath } from '../base/module-path.ts'
import { inlineScript } from '../browser/inline-script.ts'
import { escapeHtml, pageOf } from '../browser/page.ts'
import type { VegaLiteSpec } from './theme.ts'

const packageRequire = createRequire(import.meta.url)
/** A figure that is wider than the window is shown smaller, never cut. */
const STYLE =
  '#figure { background: #ffffff; }\n' +
  '#figure svg { display: block; max-width: 100%; height: auto; }\n'

/** Vega, Vega-Lite and vega-embed as they are shipped for browsers, in the order they load. */
function vegaLibraries(): readonly string[] {
  return ['vega', 'vega-lite', 'vega-embed'].map((name) =>
    readFileSync(join(dirname(packageRequire.resolve(name)), `${name}.min.js`), 'utf8'),
  )
}

/** What the page embeds. */
export interface FigurePage {
  readonly wide: VegaLiteSpec
  /** For the width of a telephone; null: the wide one is used there too. */
  readonly narrow: VegaLiteSpec | null
}

/** The whole page. */
export function renderHtml(spec: VegaLiteSpec, narrow: VegaLiteSpec | null = null): string {
  const title = spec.description ?? 'Figure'
  return pageOf({
    title,
    style: STYLE,
    body: `<main><div id="figure" role="img" aria-label="${escapeHtml(title)}"></div></main>`,
    libraries: vegaLibraries(),
    script: inlineScript(modulePath(import.meta, 'page/figure')),
    data: { wide: spec, narrow } satisfies FigurePage,
  })
}
