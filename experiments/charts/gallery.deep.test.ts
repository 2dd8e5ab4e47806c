/** Checks that every kind of figure is legible at the sizes that are not checked in as pictures. */

import { describe, expect, test } from 'vitest'
import { readDocuments } from '../cli/read-documents.ts'
import { chartKinds } from './catalog.ts'
import { GALLERY_FIGURES, resultsOf } from './gallery.ts'
import { illegible } from './testing/legible.ts'
import { PRESETS } from './theme.ts'

describe.each(['one-column', 'slide'] as const)('%s', (name) => {
  test.each(GALLERY_FIGURES)('$kind: no label is cut or crosses another', async (figure) => {
    const spec = chartKinds
      .get(figure.kind)!
      .specOf(readDocuments(resultsOf(figure)), PRESETS[name])
    expect((await illegible(spec, PRESETS[name])).faults).toEqual([])
  })
})
