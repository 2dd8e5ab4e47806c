/**
 * Owns the way from a spec to files. Vega draws the SVG without a browser; resvg draws the PNG from
 * it with the fonts of this package. Equal specs give equal bytes on every machine, because the
 * result depends on no system font, no clock and no guessed text width.
 */

import { Resvg } from '@resvg/resvg-js'
import * as vega from 'vega'
import { compile } from 'vega-lite'
import { writeWhole } from '../../results/write-result.ts'
import type { ChartFormat } from './chart-format.ts'
import { FONT_FILES, type TextStyle, textWidth } from './font-metrics.ts'
import type { VegaLiteSpec } from './theme.ts'

const PNG_SCALE = 2

/** Vega's hook for measuring text, which its type declarations leave out. */
interface TextMetrics {
  width: (item: TextStyle, text: unknown) => number
}

/** The figure laid out, not yet drawn; the caller finalizes it. */
export async function layOut(spec: VegaLiteSpec): Promise<vega.View> {
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics }
  textMetrics.width = (item, text) => textWidth(String(text ?? ''), item)
  return await new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' }).runAsync()
}

export async function renderSvg(spec: VegaLiteSpec): Promise<string> {
  const view = await layOut(spec)
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

/** A PNG at `scale` times the SVG's size. The bytes are the caller's. */
export function renderPng(svg: string, scale = PNG_SCALE): Uint8Array {
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: {
      loadSystemFonts: false,
      fontFiles: Object.values(FONT_FILES),
      defaultFontFamily: 'DejaVu Sans',
      sansSerifFamily: 'DejaVu Sans',
      monospaceFamily: 'DejaVu Sans Mono',
    },
  }).render()
  return new Uint8Array(image.asPng())
}

/**
 * Writes the files `basePath` + `.` + format, each atomically, and returns their paths. `narrow` is
 * the same figure for a page in a narrow window.
 */
export async function writeChart(
  spec: VegaLiteSpec,
  basePath: string,
  formats: readonly ChartFormat[] = ['vl.json', 'svg', 'png'],
  narrow: VegaLiteSpec | null = null,
): Promise<readonly string[]> {
  const svg = await renderSvg(spec)
  const paths: string[] = []
  for (const format of formats) {
    const path = `${basePath}.${format}`
    writeWhole(path, await contentOf(spec, svg, format, narrow))
    paths.push(path)
  }
  return paths
}

async function contentOf(
  spec: VegaLiteSpec,
  svg: string,
  format: ChartFormat,
  narrow: VegaLiteSpec | null,
): Promise<string | Uint8Array> {
  switch (format) {
    case 'vl.json':
      return `${JSON.stringify(spec, null, 2)}\n`
    case 'svg':
      return svg
    case 'png':
      return renderPng(svg)
    case 'pdf': {
      // Loaded only here: PDFs are rare, and loading it takes as long as all the rest.
      const { renderPdf } = await import('./pdf.ts')
      return await renderPdf(svg, spec.description ?? 'Figure')
    }
    case 'html': {
      const { renderHtml } = await import('./html.ts')
      return renderHtml(spec, narrow)
    }
  }
}
