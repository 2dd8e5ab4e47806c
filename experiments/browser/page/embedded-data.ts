/** Owns reading a page's data inside the page: base64, gzip, JSON. It needs no request. */

/** The value that `pageOf` embedded. It is not checked, because the same build wrote it. */
export async function embeddedData<Data>(): Promise<Data> {
  const packed = atob(document.getElementById('data')?.textContent ?? '')
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return (await new Response(stream).json()) as Data
}

/** The element with this id, which the page's body contains. */
export function elementOf<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} "${id}"`)
  return element
}
