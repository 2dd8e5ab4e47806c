/**
 * Owns the growth of scratch buffers. Their size doubles, so growth costs amortised O(1) per byte.
 */

/** A larger copy of `bytes`: at least `needed` bytes, at least twice its size. */
export function grown(bytes: Uint8Array, needed: number): Uint8Array {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2))
  larger.set(bytes)
  return larger
}
