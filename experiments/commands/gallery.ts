/**
 * Declares `varve gallery`: every kind of figure, drawn from the checked-in results, and a contact
 * sheet.
 */
import type { Verb } from '../cli/verb.ts'

export const gallery: Verb = {
  name: 'gallery',
  summary: 'Draws every kind of figure of the results in the gallery, and a contact sheet of them.',
  examples: [
    '',
    '--measure=sizes,sweep',
    '--preset=one-column --out=out/one-column --sheet=out/one-column.png',
  ],
  notes: async () => {
    const { namesFrom } = await import('../cli/names.ts')
    const sets = await namesFrom('sets')
    return [`Sets: ${sets.map(([name]) => name).join(', ')}.`]
  },
  run: async (given, hear) => {
    return (await import('./gallery/draw-gallery.ts')).drawGallery(given, hear())
  },
}
