/**
 * Owns the entries of the micro-benchmarks of tables and merges: keys of 16 bytes and values of 100
 * bytes, half of which can be compressed.
 */

import { createRandom } from '../../engine/base/random.ts'

export const KEY_BYTES = 16
export const VALUE_BYTES = 100

/** Writes a number as a key: 16 decimal digits, so that keys sort as their numbers do. */
export function writeNumber(target: Uint8Array, start: number, number: number): void {
  let rest = number
  for (let at = start + KEY_BYTES - 1; at >= start; at--) {
    target[at] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

/** A megabyte of values, one after another. The first half of each is random. */
export function createValues(): Uint8Array {
  const random = createRandom(1)
  const values = new Uint8Array(1 << 20)
  for (let i = 0; i < values.length; i++) values[i] = i % VALUE_BYTES < 50 ? random.nextU32() : 0x2e
  return values
}
