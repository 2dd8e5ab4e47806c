/**
 * Owns how a plot shows the phases of a run: a rule where one ends and the next begins, and above
 * the plot the names that fit.
 */

import { textWidth } from './font-metrics.ts'
import type { Layer } from './panels.ts'
import { COLOUR, type Preset } from './theme.ts'

/** A phase, with its length in the unit of the plot's x axis. */
export interface PlottedPhase {
  readonly name: string
  readonly length: number
}

/** Room above a plot for the names of its phases, in pixels. */
export const phaseRise = ({ fontSize }: Preset) => Math.ceil(fontSize.value * 1.2) + 9

/** The layers for phases that follow each other from 0 on, in a plot from 0 to `end`. */
export function phaseLayers(
  { fontSize, scale }: Preset,
  phases: readonly PlottedPhase[],
  end: number,
  width: number,
): readonly Layer[] {
  const pixels = width / end
  let before = 0
  const placed = phases.map(({ name, length }) => {
    const from = before * pixels
    before += length
    const fits = textWidth(name, { fontSize: fontSize.value }) < length * pixels - 8 * scale
    return { name: fits ? name : '', from }
  })
  const x = { field: 'from', type: 'quantitative' as const, scale: null, axis: null }
  return [
    {
      data: { values: placed.filter(({ from }) => from > 0 && from < width) },
      mark: { type: 'rule', color: COLOUR.muted, strokeDash: [3, 3], strokeWidth: 1 },
      encoding: { x },
    },
    {
      data: { values: placed.filter(({ name }) => name !== '') },
      mark: {
        type: 'text',
        align: 'left',
        baseline: 'bottom',
        dx: 1,
        dy: -2,
        fontSize: fontSize.value,
        color: COLOUR.muted,
      },
      encoding: { x, y: { value: 0 }, text: { field: 'name', type: 'nominal' } },
    },
  ]
}
