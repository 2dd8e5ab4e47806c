/**
 * Owns the hash that scatters YCSB's keys: FNV-1a over the eight octets of a long, low octet
 * first, then the absolute value (YCSB 0.17.0 `Utils.fnvhash64`).
 */

import { absolute, type U64 } from '../u64.ts'

const BASIS_HIGH = 0xcbf29ce4
const BASIS_LOW = 0x84222325
/** The prime is 2^40 + 0x1b3. */
const PRIME_LOW = 0x1b3
const TWO_POW_32 = 0x100000000

/** Hashes the long (high, low) into `target`, in 0 … 2^63 − 1. */
export function fnvHash64(high: number, low: number, target: U64): void {
  target.high = BASIS_HIGH
  target.low = BASIS_LOW
  hashOctets(low, target)
  hashOctets(high, target)
  absolute(target)
}

/** Hashes an integer in 0 … 2^53 − 1. */
export function fnvHashNumber(value: number, target: U64): void {
  fnvHash64(Math.floor(value / TWO_POW_32), value | 0, target)
}

function hashOctets(octets: number, target: U64): void {
  let { high, low } = target
  for (let shift = 0; shift < 32; shift += 8) {
    low ^= (octets >>> shift) & 0xff
    // The prime's low part is below 2^16, so the products with 16-bit parts stay safe integers.
    const carry =
      (Math.imul(low >>> 16, PRIME_LOW) + (Math.imul(low & 0xffff, PRIME_LOW) >>> 16)) >>> 16
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) | 0
    low = Math.imul(low, PRIME_LOW)
  }
  target.high = high
  target.low = low
}
