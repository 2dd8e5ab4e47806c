/**
 * Owns the contact sheet: many figures in one picture, each under its name, so that a person can
 * look at all of them at once. Each figure goes to the shortest column.
 */

import { COLOUR, FONT } from './theme.ts'

export interface SheetFigure {
  readonly name: string
  readonly svg: string
}

const GAP = 24
const NAME_HEIGHT = 26

/** An SVG with all figures at their own size. */
export function contactSheet(figures: readonly SheetFigure[], columns: number): string {
  const sized = figures.map((figure) => ({ ...figure, ...sizeOf(figure.svg) }))
  const width = Math.max(...sized.map((figure) => figure.width))
  const heights = Array.from({ length: columns }, () => GAP)
  const placed = sized.map((figure, index) => {
    const column = heights.indexOf(Math.min(...heights))
    const x = GAP + column * (width + GAP)
    const y = heights[column]!
    heights[column] = y + NAME_HEIGHT + figure.height + GAP
    return [
      `<text x="${x}" y="${y + 16}" font-family="${FONT}" font-size="15" font-weight="bold" ` +
        `fill="${COLOUR.muted}">${figure.name}</text>`,
      `<g transform="translate(${x},${y + NAME_HEIGHT})">${ownIds(figure.svg, index)}</g>`,
    ].join('\n')
  })
  const sheetWidth = GAP + columns * (width + GAP)
  const sheetHeight = Math.max(...heights)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
      `width="${sheetWidth}" height="${sheetHeight}">`,
    `<rect width="${sheetWidth}" height="${sheetHeight}" fill="${COLOUR.grid}"/>`,
    ...placed,
    '</svg>',
  ].join('\n')
}

/** Prefixes the ids, because two figures may use the same id for their clips. */
function ownIds(svg: string, index: number): string {
  return svg
    .replaceAll(/\bid="([^"]+)"/g, `id="figure${index}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#figure${index}-$1)`)
}

function sizeOf(svg: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!
  return { width: Number(width), height: Number(height) }
}
