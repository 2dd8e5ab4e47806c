/**
 * Owns the checksum of every file: CRC-32C (Castagnoli), stored masked as LevelDB and RocksDB do,
 * because a CRC over bytes that contain CRCs is weak. Short inputs use tables, eight bytes at a
 * time (Intel's slicing-by-8, Kounavis and Berry 2005): below about 200 bytes, the call into native
 * code costs more than the checksum itself.
 */

import { crc32c as nativeCrc32c } from '@node-rs/crc32'

const NATIVE_BYTES_MIN = 200
const POLYNOMIAL_REVERSED = 0x82f63b78
const MASK_DELTA = 0xa282ead8

/** How many bytes a step takes, and how many tables there are. */
const SLICE = 8
/** Table k, at 256·k, advances the CRC of one byte over k more bytes of zeros. */
const tables = new Uint32Array(SLICE * 256)
for (let index = 0; index < 256; index++) {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL_REVERSED : 0)
  tables[index] = value
}
for (let index = 256; index < tables.length; index++) {
  const before = tables[index - 256]!
  tables[index] = (before >>> 8) ^ tables[before & 0xff]!
}

/** The CRC of bytes[start, end). It continues from `initial`, the CRC of the bytes before them. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  if (end - start >= NATIVE_BYTES_MIN) {
    const view = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
    return nativeCrc32c(view, initial)
  }
  let crc = ~initial
  let at = start
  for (; at + SLICE <= end; at += SLICE) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      tables[0x700 + (crc & 0xff)]! ^
      tables[0x600 + ((crc >>> 8) & 0xff)]! ^
      tables[0x500 + ((crc >>> 16) & 0xff)]! ^
      tables[0x400 + (crc >>> 24)]! ^
      tables[0x300 + bytes[at + 4]!]! ^
      tables[0x200 + bytes[at + 5]!]! ^
      tables[0x100 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = tables[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}

export function unmaskCrc(masked: number): number {
  const rotated = (masked - MASK_DELTA) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}
