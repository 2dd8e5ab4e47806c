/**
 * Checks the checked-in pictures: every kind of figure, drawn from the checked-in results, has the
 * bytes of its SVG. After a change of figures: run `npm run gallery`, look at
 * results/contact-sheet.png and at each picture, then commit them.
 */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectGolden } from '../../results/testing/golden.ts'
import { readDocuments } from '../cli/read-documents.ts'
import { chartKinds } from './catalog.ts'
import { GALLERY_FIGURES, GALLERY_FOLDER, GALLERY_PRESET, resultsOf } from './gallery.ts'
import { illegible } from './testing/legible.ts'
import { PRESETS } from './theme.ts'

test('the gallery shows every kind', () => {
  expect(GALLERY_FIGURES.map(({ kind }) => kind)).toEqual([...chartKinds.keys()])
})

test.each(GALLERY_FIGURES)(
  '$kind is the checked-in picture, no label is cut or crosses another',
  async (figure) => {
    const { kind } = figure
    const preset = PRESETS[GALLERY_PRESET]
    const spec = chartKinds.get(kind)!.specOf(readDocuments(resultsOf(figure)), preset)
    const { faults, svg } = await illegible(spec, preset)
    expect(faults).toEqual([])
    expectGolden(join(GALLERY_FOLDER, `${kind}.svg`), svg, 'npm run gallery')
  },
)
