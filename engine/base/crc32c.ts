/**
 * Owns the checksum of every file: CRC-32C (Castagnoli), stored masked as LevelDB and RocksDB do,
 * because a CRC over bytes that contain CRCs is weak. Short inputs use a table: below about 100
 * bytes, the call into native code costs more than the checksum itself.
 */

import { crc32c as nativeCrc32c } from '@node-rs/crc32'

const NATIVE_BYTES_MIN = 100
const POLYNOMIAL_REVERSED = 0x82f63b78
const MASK_DELTA = 0xa282ead8

const table = new Uint32Array(256).map((_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL_REVERSED : 0)
  return value
})

/** The CRC of bytes[start, end). It continues from `initial`, the CRC of the bytes before them. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  if (end - start >= NATIVE_BYTES_MIN) {
    const view = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
    return nativeCrc32c(view, initial)
  }
  let crc = ~initial
  for (let i = start; i < end; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}

export function unmaskCrc(masked: number): number {
  const rotated = (masked - MASK_DELTA) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}
