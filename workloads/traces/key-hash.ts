/**
 * Owns the number of a foreign key: 52 bits of a hash of its bytes. It is a safe integer, and in a
 * trace of ten million keys the chance that any two share a number is 1 in 90. Two FNV-1a lanes
 * with different primes, each finished by MurmurHash3's finaliser. Never change it: results store
 * it.
 */

import { bytesIn } from '../../engine/base/arguments.ts'

const TWO_POW_32 = 0x100000000
const HIGH_BITS_MASK = 0xfffff

/** The number of the key `bytes[start, end)`, a whole number below 2^52. */
export function hashKey(bytes: Uint8Array, start = 0, end = bytesIn(bytes, 'key')): number {
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (let i = start; i < end; i++) {
    a = Math.imul(a ^ bytes[i]!, 0x01000193)
    b = Math.imul(b ^ bytes[i]!, 0x5bd1e995)
    b ^= b >>> 15
  }
  return (finish(b) & HIGH_BITS_MASK) * TWO_POW_32 + (finish(a) >>> 0)
}

function finish(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
