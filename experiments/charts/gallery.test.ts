/**
 * Holds every kind of figure to its picture: drawn of the checked-in results, the bytes are those of
 * the checked-in SVG. After a change of figures: `npm run gallery`, look at results/contact-sheet.png
 * and at each picture, then check them in.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDocuments } from '../base/read-documents.ts'
import { chartKinds } from './catalog.ts'
import { GALLERY_FIGURES, GALLERY_FOLDER, GALLERY_PRESET, resultsOf } from './gallery.ts'
import { illegible } from './testing/legible.ts'
import { PRESETS } from './theme.ts'

test('the gallery shows every kind', () => {
  expect(GALLERY_FIGURES.map(({ kind }) => kind)).toEqual([...chartKinds.keys()])
})

test.each(GALLERY_FIGURES)(
  '$kind is the checked-in picture, every label whole and alone',
  async (figure) => {
    const { kind } = figure
    const preset = PRESETS[GALLERY_PRESET]
    const spec = chartKinds.get(kind)!.specOf(readDocuments(resultsOf(figure)), preset)
    const { faults, svg } = await illegible(spec, preset)
    expect(faults).toEqual([])
    // Compared as a truth value: the difference of two pictures is no message.
    const same = svg === readFileSync(join(GALLERY_FOLDER, `${kind}.svg`), 'utf8')
    expect(same).toBe(true)
  },
)
