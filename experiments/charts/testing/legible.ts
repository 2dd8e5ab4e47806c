/**
 * Owns the faults that make a figure illegible: texts that cross each other or the edge, words such
 * as NaN, a figure wider than its page, text too small to print, and warnings of the compiler.
 */

import { compile } from 'vega-lite'
import type { Preset, VegaLiteSpec } from '../theme.ts'
import { overlappingTexts, textsOf } from './drawn-text.ts'

/** Six points, in pixels. */
const FONT_SIZE_MIN = 8

export async function illegible(
  spec: VegaLiteSpec,
  preset: Preset,
): Promise<{ readonly faults: readonly string[]; readonly svg: string }> {
  const { texts, svg, width, height } = await textsOf(spec)
  const widthMax = preset.width + 2 * preset.padding
  const clipped = texts.filter(
    ({ x1, y1, x2, y2 }) => x1 < 0 || y1 < 0 || x2 > width || y2 > height,
  )
  const wrong = /NaN|undefined|Infinity|(?<!=)\bnull\b/.exec(svg)
  const sizes = [...svg.matchAll(/font-size="([\d.]+)px"/g)].map((match) => Number(match[1]))
  return {
    svg,
    faults: [
      ...overlappingTexts(texts),
      ...clipped.map(({ text }) => `clipped: ${text}`),
      ...(wrong === null ? [] : [`drawn: ${wrong[0]}`]),
      ...(width > widthMax ? [`${width} pixels wide, a page has ${widthMax}`] : []),
      ...(Math.min(...sizes) < FONT_SIZE_MIN ? [`text of ${Math.min(...sizes)} pixels`] : []),
      ...warningsOf(spec),
    ],
  }
}

/** The warnings of the compiler. */
export function warningsOf(spec: VegaLiteSpec): readonly string[] {
  const warnings: string[] = []
  const ignore = () => logger
  const note = (...args: readonly unknown[]) => {
    warnings.push(args.join(' '))
    return logger
  }
  const logger = { level: ignore, error: note, warn: note, info: ignore, debug: ignore }
  compile(spec, { logger: logger as never })
  return warnings
}
