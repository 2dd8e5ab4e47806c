/**
 * Owns the copy of a byte range that creates no view. `target.set(source.subarray(…))` allocates
 * one a call, and onto shared memory V8 copies byte by byte (300 ns a KiB); the loop wins below
 * about 40 bytes, Node's memmove (45 ns flat to 1 KiB) above.
 */

const LOOP_BYTES_MAX = 40

const memmove = Buffer.prototype.copy

/** Copies `length` bytes; both ranges must lie within their arrays. Ranges of one array may overlap
 * when the target does not follow the source. */
export function copyRange(
  target: Uint8Array,
  targetStart: number,
  source: Uint8Array,
  sourceStart: number,
  length: number,
): void {
  if (length <= LOOP_BYTES_MAX) {
    for (let i = 0; i < length; i++) target[targetStart + i] = source[sourceStart + i]!
  } else {
    memmove.call(source, target, targetStart, sourceStart, sourceStart + length)
  }
}
