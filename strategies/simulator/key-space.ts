/**
 * Owns the normalised key space of statistical simulations: positions 0 … 2^53, written as keys of
 * eight bytes, big-endian, so that bytes sort as positions do and strategies see ordinary keys.
 */

const TWO_POW_32 = 2 ** 32
const KEY_BYTES = 8

/** One past the last position. */
export const KEY_SPACE = 2 ** 53

/** Owned. */
export function keyAt(position: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  const view = new DataView(key.buffer)
  view.setUint32(0, Math.floor(position / TWO_POW_32))
  view.setUint32(4, position % TWO_POW_32)
  return key
}

/** The first position whose key is ≥ `key`, which may have any length. */
export function positionOf(key: Uint8Array): number {
  let position = 0
  for (let i = 0; i < KEY_BYTES; i++) position = position * 256 + (key[i] ?? 0)
  return Math.min(key.length > KEY_BYTES ? position + 1 : position, KEY_SPACE)
}
