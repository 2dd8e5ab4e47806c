/** Owns a page of one figure: Vega draws what the page embeds, with tooltips and a menu to save it. */
import { elementOf, embeddedData } from '../../browser/page/embedded-data.ts'

type Embed = (target: HTMLElement, spec: object, options: object) => Promise<unknown>

const { vegaEmbed } = globalThis as unknown as { readonly vegaEmbed: Embed }

await vegaEmbed(elementOf('figure', HTMLElement), await embeddedData<object>(), {
  mode: 'vega-lite',
  renderer: 'svg',
  // The editor is a page of the network.
  actions: { export: true, source: true, compiled: false, editor: false },
})
