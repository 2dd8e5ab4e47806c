/**
 * Owns the width of text. Without a browser Vega guesses 0.8 em a character, which breaks layouts.
 * Here the advance widths are read from the fonts that draw the PNG (TrueType tables `head`,
 * `hhea`, `hmtx` and `cmap` format 4, OpenType specification 1.9). Kerning is left out, because it
 * only makes text narrower.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { assert } from '../../engine/base/assert.ts'
import { FONT_MONO } from './theme.ts'

export interface TextStyle {
  readonly font?: string | undefined
  readonly fontSize?: number | undefined
  readonly fontWeight?: string | number | undefined
}

const packageRequire = createRequire(import.meta.url)
const fontPath = (face: string) => packageRequire.resolve(`dejavu-fonts-ttf/ttf/${face}.ttf`)

export const FONT_FILES = {
  regular: fontPath('DejaVuSans'),
  bold: fontPath('DejaVuSans-Bold'),
  mono: fontPath('DejaVuSansMono'),
} as const

/** Advance of a character (UTF-16 unit) in em. */
type Advance = (code: number) => number

const advances = new Map<string, Advance>()

/** Width of one line of text in pixels. */
export function textWidth(text: string, style: TextStyle): number {
  const advance = advanceOf(faceOf(style))
  let em = 0
  for (let index = 0; index < text.length; index++) em += advance(text.charCodeAt(index))
  return em * (style.fontSize ?? 11)
}

/**
 * Breaks at spaces. A word wider than `widthMax` is broken too: after a comma or a slash if it has
 * one in reach, else between two characters.
 */
export function wrapText(text: string, widthMax: number, style: TextStyle): readonly string[] {
  const fits = (line: string) => textWidth(line, style) <= widthMax
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (fits(longer)) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    // A line holds at least one character, even if that does not fit.
    while (line.length > 1 && !fits(line)) {
      let end = line.length - 1
      while (end > 1 && !fits(line.slice(0, end))) end--
      const pause = Math.max(line.lastIndexOf(',', end - 1), line.lastIndexOf('/', end - 1)) + 1
      end = Math.max(pause > 0 ? pause : end, 1)
      lines.push(line.slice(0, end))
      line = line.slice(end)
    }
  }
  return [...lines, line]
}

/** The text, or as much of its beginning as fits in `widthMax` before an ellipsis. */
export function shortened(text: string, widthMax: number, style: TextStyle): string {
  if (textWidth(text, style) <= widthMax) return text
  let end = text.length - 1
  while (end > 0 && textWidth(`${text.slice(0, end)}…`, style) > widthMax) end--
  return `${text.slice(0, end)}…`
}

function faceOf(style: TextStyle): keyof typeof FONT_FILES {
  if (style.font === FONT_MONO) return 'mono'
  const weight = style.fontWeight
  return weight === 'bold' || Number(weight) >= 600 ? 'bold' : 'regular'
}

function advanceOf(face: keyof typeof FONT_FILES): Advance {
  const known = advances.get(face)
  if (known !== undefined) return known
  const advance = readAdvances(readFileSync(FONT_FILES[face]))
  advances.set(face, advance)
  return advance
}

function readAdvances(font: Uint8Array): Advance {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength)
  const table = (tag: string) => {
    for (let index = 0; index < view.getUint16(4); index++) {
      const record = 12 + index * 16
      const name = String.fromCharCode(...font.subarray(record, record + 4))
      if (name === tag) return view.getUint32(record + 8)
    }
    throw new Error(`the font has no ${tag} table`)
  }
  const unitsPerEm = view.getUint16(table('head') + 18)
  const longMetrics = view.getUint16(table('hhea') + 34)
  const metrics = table('hmtx')
  const glyphOf = readCharacterMap(view, table('cmap'))
  const cache = new Map<number, number>()
  return (code) => {
    const known = cache.get(code)
    if (known !== undefined) return known
    const index = Math.min(glyphOf(code), longMetrics - 1)
    const width = view.getUint16(metrics + index * 4) / unitsPerEm
    cache.set(code, width)
    return width
  }
}

/** The Basic Multilingual Plane's map (platform 3, encoding 1), segment by segment. */
function readCharacterMap(view: DataView, cmap: number): (code: number) => number {
  let at = -1
  for (let index = 0; index < view.getUint16(cmap + 2); index++) {
    const record = cmap + 4 + index * 8
    if (view.getUint16(record) === 3 && view.getUint16(record + 2) === 1) {
      at = cmap + view.getUint32(record + 4)
    }
  }
  assert(at >= 0 && view.getUint16(at) === 4, 'the font maps characters in format 4')
  const segments = view.getUint16(at + 6) / 2
  const ends = at + 14
  const starts = ends + segments * 2 + 2
  const deltas = starts + segments * 2
  const offsets = deltas + segments * 2
  return (code) => {
    for (let segment = 0; segment < segments; segment++) {
      if (view.getUint16(ends + segment * 2) < code) continue
      const start = view.getUint16(starts + segment * 2)
      if (start > code) return 0
      const delta = view.getUint16(deltas + segment * 2)
      const offset = view.getUint16(offsets + segment * 2)
      if (offset === 0) return (code + delta) & 0xffff
      const glyph = view.getUint16(offsets + segment * 2 + offset + (code - start) * 2)
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff
    }
    return 0
  }
}
