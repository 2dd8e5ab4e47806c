/** Computed widths match the glyphs of the PNG, and lines break at the right places. */

import { Resvg } from '@resvg/resvg-js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FONT_FILES, shortened, textWidth, wrapText } from './font-metrics.ts'
import { FONT, FONT_MONO } from './theme.ts'

test.each([
  { face: 'regular', font: FONT, fontWeight: 'normal' },
  { face: 'bold', font: FONT, fontWeight: 'bold' },
  { face: 'mono', font: FONT_MONO, fontWeight: 'normal' },
])('a line of $face is as wide as it is drawn', ({ font, fontWeight }) => {
  const text = 'Hlevels ÷ write × bytes · 0123 † ✗ MiB ∞ – H'
  const family = font.split(',')[0]!
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="60"><text y="40"
    font-family="${family}" font-weight="${fontWeight}" font-size="20">${text}</text></svg>`
  const drawn = new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles: Object.values(FONT_FILES) },
  }).getBBox()!
  // The box ends at the ink: it lacks the outer bearings of the two Hs, and kerning narrows it.
  const width = textWidth(text, { font, fontWeight, fontSize: 20 })
  expect(width / drawn.width).toBeGreaterThan(1)
  expect(width / drawn.width).toBeLessThan(1.02)
})

test('wrapped lines fit, and joined they give the text', () => {
  const words = fc.array(fc.string({ minLength: 1, unit: fc.constantFrom('a', 'W', 'é') }))
  fc.assert(
    fc.property(words, fc.integer({ min: 40, max: 300 }), (parts, widthMax) => {
      const lines = wrapText(parts.join(' '), widthMax, { fontSize: 10 })
      for (const line of lines)
        expect(textWidth(line, { fontSize: 10 })).toBeLessThan(widthMax + 1e-9)
      expect(lines.join('').replaceAll(' ', '')).toBe(parts.join(''))
    }),
  )
})

test('a width below one character still ends, with one character a line', () => {
  expect(wrapText('ab c', -20, { fontSize: 10 })).toEqual(['a', 'b', 'c'])
})

test('a text that does not fit is cut, so that it fits with an ellipsis', () => {
  const style = { fontSize: 10 }
  expect(shortened('leveling', textWidth('leveling', style), style)).toBe('leveling')
  const short = shortened('leveling on ycsb-a', 60, style)
  expect(short).toMatch(/^leveling.*…$/)
  expect(textWidth(short, style)).toBeLessThanOrEqual(60)
})

test('lines break at spaces, and inside a word only if it is too wide', () => {
  const style = { font: FONT_MONO, fontSize: 10 }
  const ten = textWidth('0123456789', style)
  expect(wrapText('alpha beta gamma', ten + 1, style)).toEqual(['alpha beta', 'gamma'])
  expect(wrapText('a 0123456789abc d', ten + 1, style)).toEqual(['a', '0123456789', 'abc d'])
  expect(wrapText('', ten, style)).toEqual([''])
})
