/**
 * Owns the texts of a figure's scene as tests see them: every visible text with its box. Watermarks
 * are left out, because other texts may lie over them.
 */

import { WATERMARK_OPACITY } from '../figure.ts'
import { layOut } from '../render.ts'
import type { VegaLiteSpec } from '../theme.ts'

/** A box in pixels from the figure's upper left corner. */
export interface DrawnText {
  readonly text: string
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

/** The parts of Vega's scene that concern texts. */
interface SceneItem {
  readonly marktype?: string
  readonly items?: readonly SceneItem[]
  readonly text?: string | readonly string[]
  readonly opacity?: number
  readonly x?: number
  readonly y?: number
  readonly bounds?: Omit<DrawnText, 'text'>
}

export async function textsOf(spec: VegaLiteSpec): Promise<{
  readonly texts: readonly DrawnText[]
  readonly svg: string
  readonly width: number
  readonly height: number
}> {
  const view = await layOut(spec)
  try {
    const [originX, originY] = view.origin() as [number, number]
    const { root } = view.scenegraph() as unknown as { readonly root: SceneItem }
    const svg = await view.toSVG()
    return { texts: [...collect(root, originX, originY)], svg, ...sizeOf(svg) }
  } finally {
    view.finalize()
  }
}

/** Pairs of texts whose boxes overlap by more than half a pixel. */
export function overlappingTexts(texts: readonly DrawnText[]): readonly string[] {
  const hair = 0.5
  return texts.flatMap((a, index) =>
    texts
      .slice(index + 1)
      .filter(
        (b) =>
          Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1) > hair &&
          Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1) > hair,
      )
      .map((b) => `${a.text} × ${b.text}`),
  )
}

function* collect(node: SceneItem, x: number, y: number): Generator<DrawnText> {
  for (const item of node.items ?? []) {
    if (node.marktype === 'text') {
      const text = typeof item.text === 'object' ? item.text.join(' ') : String(item.text ?? '')
      const { x1, y1, x2, y2 } = item.bounds!
      if (text === '' || (item.opacity ?? 1) <= WATERMARK_OPACITY) continue
      yield { text, x1: x1 + x, y1: y1 + y, x2: x2 + x, y2: y2 + y }
    } else if (node.marktype === 'group') {
      yield* collect(item, x + (item.x ?? 0), y + (item.y ?? 0))
    } else {
      yield* collect(item, x, y)
    }
  }
}

function sizeOf(svg: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!
  return { width: Number(width), height: Number(height) }
}
