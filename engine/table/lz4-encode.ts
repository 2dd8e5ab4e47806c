/**
 * Owns the encoding of one raw LZ4 block (lz4_Block_format.md of the LZ4 project), greedy with a
 * hash of four bytes, as in the reference's fast mode. It is JavaScript and not native, because
 * native results are freed only when the event loop turns: a long merge would accumulate all of
 * them. It allocates one view per block.
 *
 *   sequence  token (literal count ‖ match length − 4, four bits each, 15 = more bytes follow)
 *             literals ‖ offset u16le ‖ more length bytes
 *   The last sequence is literals only; the last five bytes are always literals, and no match
 *   begins within the last twelve.
 */

const MATCH_BYTES_MIN = 4
const LAST_LITERALS = 5
const MATCH_START_MARGIN = 12
const OFFSET_MAX = 0xffff
const HASH_BITS = 12
/** The step grows by one after 2^6 misses, so that incompressible data is passed quickly. */
const SKIP_SHIFT = 6
/** The result if the target is too small. */
const NONE = -1

const lastSeen = new Int32Array(1 << HASH_BITS)

/**
 * Writes the encoding of source[0, length) at target[start]. Returns its end, or −1 if it does not
 * fit.
 */
export function lz4Encode(
  source: Uint8Array,
  length: number,
  target: Uint8Array,
  start: number,
): number {
  const words = new DataView(source.buffer, source.byteOffset, length)
  const matchEndMax = length - LAST_LITERALS
  const matchStartMax = length - MATCH_START_MARGIN
  let at = start
  let anchor = 0
  // A hash that was not seen yet leads to position 0. If the word there is the same, its hash is
  // too, so this is a match like any other; position 0 itself has none, and the search begins at 1.
  lastSeen.fill(0)
  let position = 1
  let misses = 1
  while (position <= matchStartMax) {
    const word = words.getInt32(position, true)
    const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = lastSeen[hash]!
    lastSeen[hash] = position
    if (words.getInt32(candidate, true) !== word || position - candidate > OFFSET_MAX) {
      position += 1 + (misses++ >>> SKIP_SHIFT)
      continue
    }
    let end = position + MATCH_BYTES_MIN
    const offset = position - candidate
    while (end < matchEndMax && source[end] === source[end - offset]) end++
    const extraBytes = end - position - MATCH_BYTES_MIN
    at = writeLiterals(source, anchor, position, target, at, extraBytes)
    if (at === NONE || at + 2 + lengthBytes(extraBytes) > target.length) return NONE
    target[at] = offset
    target[at + 1] = offset >>> 8
    at = writeLength(target, at + 2, extraBytes)
    anchor = position = end
    misses = 0
  }
  return writeLiterals(source, anchor, length, target, at, 0)
}

/** Writes a token, the literal length and source[from, to). Returns the end, or −1. */
function writeLiterals(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
  matchExtraBytes: number,
): number {
  const count = to - from
  if (at + 1 + lengthBytes(count) + count > target.length) return NONE
  target[at] = ((count < 15 ? count : 15) << 4) | (matchExtraBytes < 15 ? matchExtraBytes : 15)
  let end = writeLength(target, at + 1, count)
  for (let index = from; index < to; index++) target[end++] = source[index]!
  return end
}

/** Number of bytes that follow the token to encode a length. */
function lengthBytes(length: number): number {
  return length < 15 ? 0 : 1 + Math.floor((length - 15) / 255)
}

function writeLength(target: Uint8Array, at: number, length: number): number {
  if (length < 15) return at
  let rest = length - 15
  let end = at
  for (; rest >= 255; rest -= 255) target[end++] = 255
  target[end++] = rest
  return end
}
