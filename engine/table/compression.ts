/**
 * Owns the compression of blocks, in RocksDB's stored forms for format version 2 and later:
 *
 *   type 0 none   payload = the raw block
 *   type 4 lz4    payload = varint32 raw bytes ‖ one raw LZ4 block
 *   type 7 zstd   payload = varint32 raw bytes ‖ one zstd frame
 *
 * Types are persisted: never renumber. Callers check the CRC before they decompress. Even so, this
 * code refuses stored sizes beyond a bound and never writes outside the raw block.
 */

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { assert } from '../base/assert.ts'
import { copyRange } from '../base/copy.ts'
import { lz4Encode } from './lz4-encode.ts'

export type Compression = 'none' | 'lz4' | 'zstd'

export const COMPRESSION_TYPE = { none: 0, lz4: 4, zstd: 7 } as const

/** No block is larger than this; a larger stored size means damage. */
const RAW_BLOCK_BYTES_MAX = 2 ** 30
/** Each byte of a length extension produces at most 255 bytes of output. */
const LZ4_RATIO_MAX = 255

let scratch = new Uint8Array(0)

/**
 * The stored payload, or null if compression saves less than an eighth: then the block is stored
 * uncompressed (RocksDB's `GoodCompressionRatio`). Borrowed until the next call.
 */
export function compressBlock(compression: 'lz4' | 'zstd', raw: Uint8Array): Uint8Array | null {
  const header = encodeVarint32(raw.length)
  const bytesMax = raw.length - Math.floor(raw.length / 8) - 1
  if (bytesMax < header.length) return null
  const target = reserveScratch(bytesMax)
  target.set(header)
  const end =
    compression === 'lz4'
      ? lz4Encode(raw, raw.length, target, header.length)
      : zstdEncode(raw, target, header.length)
  return end < 0 ? null : target.subarray(0, end)
}

/**
 * The stored payload, however little compression saves. The value log needs this, because there the
 * compression type belongs to a whole segment. `raw` is not empty. Borrowed until the next call.
 */
export function compressWhole(compression: 'lz4' | 'zstd', raw: Uint8Array): Uint8Array {
  const header = encodeVarint32(raw.length)
  if (compression === 'zstd') {
    const frame = zstdCompressSync(raw)
    const target = reserveScratch(header.length + frame.length)
    target.set(header)
    target.set(frame, header.length)
    return target
  }
  // Literals alone take their own bytes, one length byte per 255, and a token (LZ4_compressBound).
  const target = reserveScratch(header.length + raw.length + Math.ceil(raw.length / 255) + 16)
  target.set(header)
  const end = lz4Encode(raw, raw.length, target, header.length)
  assert(end >= 0, 'an LZ4 block fits its bound')
  return target.subarray(0, end)
}

/**
 * The raw block in payload[start, end), compressed with `type` (lz4 or zstd). Null if it does not
 * decompress to exactly the size that it claims. Owned.
 */
export function decompressBlock(
  type: number,
  payload: Uint8Array,
  start: number,
  end: number,
): Uint8Array | null {
  let rawBytes = 0
  let at = start
  for (let scale = 1; ; scale *= 0x80) {
    if (at === end || scale > 2 ** 28) return null
    const byte = payload[at++]!
    rawBytes += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  if (rawBytes === 0 || rawBytes > RAW_BLOCK_BYTES_MAX) return null
  if (type === COMPRESSION_TYPE.zstd) return zstdDecode(payload.subarray(at, end), rawBytes)
  if (rawBytes > (end - at) * LZ4_RATIO_MAX) return null
  const raw = new Uint8Array(rawBytes)
  return lz4Decode(payload, at, end, raw) === rawBytes ? raw : null
}

function reserveScratch(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes)
  return scratch.subarray(0, bytes)
}

/** Writes the frame at target[start]. Returns its end, or −1 if it does not fit. */
function zstdEncode(raw: Uint8Array, target: Uint8Array, start: number): number {
  const frame = zstdCompressSync(raw)
  if (start + frame.length > target.length) return -1
  target.set(frame, start)
  return start + frame.length
}

function zstdDecode(frame: Uint8Array, rawBytes: number): Uint8Array | null {
  try {
    const raw = zstdDecompressSync(frame, { maxOutputLength: rawBytes })
    return raw.length === rawBytes ? new Uint8Array(raw.buffer, raw.byteOffset, rawBytes) : null
  } catch {
    return null
  }
}

/**
 * Decodes source[start, end) into `target`. Returns the bytes written, or −1 if the block is
 * malformed. This is our own decoder, because the native one allocates the claimed size, accepts no
 * target, and is slower at 4 KiB. Sequence: token (literal count, match length − 4), literals,
 * u16le distance. The last sequence ends after its literals (lz4_Block_format.md).
 */
function lz4Decode(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let from = start
  let to = 0
  while (from < end) {
    const token = source[from++]!
    let literals = token >>> 4
    if (literals === 15) {
      let byte: number
      do {
        if (from === end) return -1
        byte = source[from++]!
        literals += byte
      } while (byte === 255)
    }
    if (literals > end - from || literals > target.length - to) return -1
    copyRange(target, to, source, from, literals)
    from += literals
    to += literals
    if (from === end) return to

    if (end - from < 2) return -1
    const distance = source[from]! | (source[from + 1]! << 8)
    from += 2
    let length = (token & 15) + 4
    if (length === 19) {
      let byte: number
      do {
        if (from === end) return -1
        byte = source[from++]!
        length += byte
      } while (byte === 255)
    }
    if (distance === 0 || distance > to || length > target.length - to) return -1
    // Copies byte by byte, because a match may overlap the bytes being written.
    for (const stop = to + length; to < stop; to++) target[to] = target[to - distance]!
  }
  return -1
}

function encodeVarint32(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return bytes
}
