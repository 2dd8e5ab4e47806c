/**
 * Owns the internal key: the user key, then an 8-byte little-endian trailer.
 *
 *   +------------------+---------------------------+
 *   | user key, n B    | u64le  seq << 8 | kind    |
 *   +------------------+---------------------------+
 *
 * Order: user key ascending, then the trailer descending, so the newest version of a key comes
 * first. Sequence numbers are safe integers (< 2^53); the format allows 2^56. The trailer is read
 * and written as two u32s, so no precision is lost. Kinds are RocksDB's `ValueType`; never
 * renumber.
 */

export const ENTRY_KIND = {
  deletion: 0,
  value: 1,
  rangeDeletion: 15,
  blobIndex: 17,
} as const

export type SeqNum = number

export const SEQ_NUM_MAX: SeqNum = Number.MAX_SAFE_INTEGER

export const TRAILER_BYTES = 8

const TWO_POW_24 = 0x1000000

/** Writes the trailer of (seq, kind) at `offset` of `target`. */
export function writeTrailer(target: Uint8Array, offset: number, seq: SeqNum, kind: number): void {
  const low = (seq % TWO_POW_24) * 256 + kind
  const high = Math.floor(seq / TWO_POW_24)
  target[offset] = low
  target[offset + 1] = low >>> 8
  target[offset + 2] = low >>> 16
  target[offset + 3] = low >>> 24
  target[offset + 4] = high
  target[offset + 5] = high >>> 8
  target[offset + 6] = high >>> 16
  target[offset + 7] = Math.floor(high / TWO_POW_24)
}

export function readTrailerSeq(source: Uint8Array, offset: number): SeqNum {
  const low = source[offset + 1]! + source[offset + 2]! * 0x100 + source[offset + 3]! * 0x10000
  const high =
    source[offset + 4]! +
    source[offset + 5]! * 0x100 +
    source[offset + 6]! * 0x10000 +
    source[offset + 7]! * TWO_POW_24
  return high * TWO_POW_24 + low
}

/** A new array: `userKey` followed by its trailer. It allocates, so use it on cold paths only. */
export function encodeInternalKey(userKey: Uint8Array, seq: SeqNum, kind: number): Uint8Array {
  const key = new Uint8Array(userKey.length + TRAILER_BYTES)
  key.set(userKey)
  writeTrailer(key, userKey.length, seq, kind)
  return key
}

/** The trailer of a key where a range deletion ends: the greatest of all, seq 2^56 − 1. */
const RANGE_END_TRAILER = Uint8Array.of(ENTRY_KIND.rangeDeletion, 255, 255, 255, 255, 255, 255, 255)

/**
 * A new array: the internal key with which RocksDB bounds a table that a range deletion ends. It
 * comes before all versions of `userKey`, so none of them lies in the table.
 */
export function encodeRangeEnd(userKey: Uint8Array): Uint8Array {
  const key = new Uint8Array(userKey.length + TRAILER_BYTES)
  key.set(userKey)
  key.set(RANGE_END_TRAILER, userKey.length)
  return key
}

/** Whether the internal key was made by `encodeRangeEnd`. */
export function isRangeEnd(internalKey: Uint8Array): boolean {
  const start = internalKey.length - TRAILER_BYTES
  return RANGE_END_TRAILER.every((byte, at) => internalKey[start + at] === byte)
}

/** A borrowed view of the user key inside `internalKey`. */
export function userKeyOf(internalKey: Uint8Array): Uint8Array {
  return internalKey.subarray(0, internalKey.length - TRAILER_BYTES)
}
