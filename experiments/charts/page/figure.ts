/**
 * Owns the page of one figure. Vega draws the embedded spec, with tooltips and a menu to save it; a
 * narrow window shows the narrow spec.
 */
import { elementOf, embeddedData } from '../../browser/page/embedded-data.ts'

type Embed = (target: HTMLElement, spec: object, options: object) => Promise<{ finalize(): void }>

const { vegaEmbed } = globalThis as unknown as { readonly vegaEmbed: Embed }

const figure = elementOf('figure', HTMLElement)
const { wide, narrow } = await embeddedData<{
  readonly wide: object
  readonly narrow: object | null
}>()
const isNarrow = matchMedia('(max-width: 720px)')
let drawn: { finalize(): void } | null = null

async function draw(): Promise<void> {
  drawn?.finalize()
  drawn = await vegaEmbed(figure, isNarrow.matches && narrow !== null ? narrow : wide, {
    mode: 'vega-lite',
    renderer: 'svg',
    // The editor is a page on the network.
    actions: { export: true, source: true, compiled: false, editor: false },
  })
}

isNarrow.addEventListener('change', () => void draw())
await draw()
