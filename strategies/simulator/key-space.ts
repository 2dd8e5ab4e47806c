/**
 * Owns the normalised key space of statistical simulations: positions 0 … 2^53, written as keys of
 * eight bytes, big-endian, so that bytes sort as positions do and strategies see ordinary keys.
 */

const TWO_POW_32 = 2 ** 32
const KEY_BYTES = 8

/** The end of the key space: one past the last position. */
export const KEY_SPACE = 2 ** 53

/**
 * Keys lie side by side in a larger buffer: most objects of a large simulation are keys, and one
 * with a buffer of its own takes about twice the memory.
 */
const SLAB_BYTES = 16 * 1024
let slab = new ArrayBuffer(SLAB_BYTES)
/** Bytes of the slab that keys fill. */
let filled = 0

/** Owned. */
export function keyAt(position: number): Uint8Array {
  if (filled === slab.byteLength) {
    slab = new ArrayBuffer(SLAB_BYTES)
    filled = 0
  }
  const key = new Uint8Array(slab, filled, KEY_BYTES)
  filled += KEY_BYTES
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
