/**
 * Owns the normalised key space of statistical simulations: positions 0 … 2^53, written as keys of
 * eight bytes, big-endian, so that bytes sort as positions do and strategies see ordinary keys.
 */

const TWO_POW_32 = 2 ** 32
const KEY_BYTES = 8

/** The end of the key space: one past the last position. */
export const KEY_SPACE = 2 ** 53

/** Owned. Written byte by byte, since a view would move a key of eight bytes off the heap. */
export function keyAt(position: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  const high = Math.floor(position / TWO_POW_32)
  const low = position % TWO_POW_32
  for (let i = 0; i < KEY_BYTES / 2; i++) {
    key[i] = high >>> (24 - 8 * i)
    key[i + KEY_BYTES / 2] = low >>> (24 - 8 * i)
  }
  return key
}

/** The first position whose key is ≥ `key`, which may have any length. */
export function positionOf(key: Uint8Array): number {
  let position = 0
  for (let i = 0; i < KEY_BYTES; i++) position = position * 256 + (key[i] ?? 0)
  return Math.min(key.length > KEY_BYTES ? position + 1 : position, KEY_SPACE)
}
