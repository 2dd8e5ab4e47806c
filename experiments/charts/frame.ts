/**
 * Owns the surroundings of the plots of every figure: the title with the settings, the caption, and
 * the look of the page. If the caption is set beside the figure, for example by LaTeX, title and
 * caption are text in the spec's metadata instead.
 */

import { type CaptionParagraph, captionView } from './caption.ts'
import { wrapText } from './font-metrics.ts'
import { spacingOf } from './panels.ts'
import { sharedPlaceNotes } from './plots.ts'
import { configOf, type Preset, type VegaLiteSpec, type View } from './theme.ts'
import { settingsLines } from './wording.ts'

export interface Frame {
  readonly title: string
  /** The settings that everything shown has in common. */
  readonly settings: readonly string[]
  readonly description: string
  readonly usermeta: Readonly<Record<string, readonly string[]>>
  /** Stacked by their true bounds. */
  readonly rows: readonly View[]
  /** Paragraphs that explain marks and define quantities. */
  readonly notes: readonly string[]
  /** Paragraphs that follow the notes. */
  readonly paragraphs: readonly CaptionParagraph[]
}

export function framed(preset: Preset, frame: Frame): VegaLiteSpec {
  const { title, settings, description, usermeta, rows } = frame
  const notes = [...frame.notes, ...sharedPlaceNotes(rows)]
  const paragraphs = [
    ...notes.map((text): CaptionParagraph => ({ kind: 'note', text })),
    ...frame.paragraphs,
  ]
  const isInside = preset.caption === 'inside'
  const beside = [title, settings.join(' · '), ...paragraphs.map(({ text }) => text)]
  const style = { fontSize: preset.fontSize.title, fontWeight: 'bold' } as const
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description,
    usermeta: {
      ...usermeta,
      ...(isInside ? {} : { caption: beside }),
      // The caption says everything; a reader of the page needs no link to an editor.
      embedOptions: { actions: { editor: false } },
    },
    ...(isInside && {
      title: {
        text: [...wrapText(title, preset.width, style)],
        subtitle: settingsLines(preset, settings),
      },
    }),
    padding: preset.padding,
    config: configOf(preset),
    spacing: spacingOf(preset).rowGap,
    vconcat: isInside ? [...rows, captionView(preset, paragraphs)] : [...rows],
  }
}

/** The caption of a figure that has it beside, one paragraph a line; null if it is inside. */
export function captionText(spec: VegaLiteSpec): string | null {
  const { caption } = (spec.usermeta ?? {}) as { readonly caption?: readonly string[] }
  return caption === undefined ? null : `${caption.filter((line) => line !== '').join('\n\n')}\n`
}
