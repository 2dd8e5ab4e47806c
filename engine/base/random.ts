/**
 * Owns seeded randomness. A run has one root seed, and each role draws from its own stream, so a
 * new consumer never shifts the numbers of another. The strategy is not part of the role, so paired
 * runs of two strategies see identical streams. The generator is xoroshiro128+ (package pure-rand).
 */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { checkText, checkWhole } from './arguments.ts'

/** A stream of pseudo-random numbers. Each call advances it. */
export interface Random {
  /** Uniform unsigned 32-bit integer. */
  nextU32(): number
  /** Uniform in [0, 1) with 53 bits. */
  nextDouble(): number
  /** Uniform integer in [0, bound), 1 ≤ bound ≤ 2^53. */
  nextBelow(bound: number): number
}

/**
 * A 32-bit seed for (root seed, role, repeat): FNV-1a over the text, then a mixing step that
 * spreads each bit. The root seed may be any safe integer; anything else throws
 * `LSM_INVALID_ARGUMENT`.
 */
export function deriveSeed(rootSeed: number, role: string, repeat = 0): number {
  checkWhole(rootSeed, 'rootSeed', Number.MIN_SAFE_INTEGER)
  checkText(role, 'role')
  checkWhole(repeat, 'repeat')
  let hash = 0x811c9dc5
  for (const char of `${rootSeed}/${role}/${repeat}`) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * The stream of `seed`, a safe integer (else `LSM_INVALID_ARGUMENT`). Equal seeds, equal numbers.
 */
export function createRandom(seed: number): Random {
  checkWhole(seed, 'seed', Number.MIN_SAFE_INTEGER)
  const generator = xoroshiro128plus(seed)
  const nextU32 = () => generator.next() >>> 0
  const nextDouble = () => ((nextU32() >>> 5) * 0x4000000 + (nextU32() >>> 6)) / 0x20000000000000
  return { nextU32, nextDouble, nextBelow: (bound) => Math.floor(nextDouble() * bound) }
}
