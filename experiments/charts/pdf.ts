/**
 * Owns figures as PDF: vector graphics with selectable text, in embedded subsets of the fonts that
 * the layout was measured with. The date is fixed, so that equal pictures give equal bytes.
 */

import PDFDocument from 'pdfkit'
import svgToPdf from 'svg-to-pdfkit'
import { FONT_FILES } from './font-metrics.ts'

/** PDF counts 72 points an inch, SVG 96 pixels. */
const POINTS_PER_PIXEL = 0.75
const CREATION_DATE = new Date('2000-01-01T00:00:00Z')

/** One page of the picture's size. The bytes are the caller's. */
export async function renderPdf(svg: string, title: string): Promise<Uint8Array> {
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!
  const document = new PDFDocument({
    size: [Number(width) * POINTS_PER_PIXEL, Number(height) * POINTS_PER_PIXEL],
    margin: 0,
    info: { Title: title, Producer: 'Varve', Creator: 'Varve', CreationDate: CREATION_DATE },
  })
  const chunks: Uint8Array[] = []
  document.on('data', (chunk) => chunks.push(chunk))
  const ended = new Promise<void>((resolve) => document.on('end', resolve))
  for (const [face, path] of Object.entries(FONT_FILES)) document.registerFont(face, path)
  svgToPdf(document, withFillOpacity(svg), 0, 0, {
    fontCallback: (family, bold) => (family.includes('Mono') ? 'mono' : bold ? 'bold' : 'regular'),
  })
  document.end()
  await ended
  return new Uint8Array(Buffer.concat(chunks))
}

/** svg-to-pdfkit loses the `opacity` of a text of several lines, but keeps their `fill-opacity`. */
function withFillOpacity(svg: string): string {
  return svg.replaceAll(/(<text\b[^>]*?) opacity="/g, '$1 fill-opacity="')
}
