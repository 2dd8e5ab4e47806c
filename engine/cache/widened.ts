/** Owns the growth of the typed arrays that hold one number a slot. */

type Numbers = Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>

/** `wide` with the numbers of `from` at its beginning. */
export function widened<Wide extends Numbers>(wide: Wide, from: Wide): Wide {
  wide.set(from)
  return wide
}
