/** Owns the way of a page's data out of the page: base64, gzip, JSON. No request is made for it. */

/** The value `pageOf` embedded; trusted to be a `Data`, since the same build wrote it. */
export async function embeddedData<Data>(): Promise<Data> {
  const packed = atob(document.getElementById('data')?.textContent ?? '')
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return (await new Response(stream).json()) as Data
}

/** The element with this id, which the page's own body holds. */
export function elementOf<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} "${id}"`)
  return element
}
