/**
 * Owns unsigned 64-bit arithmetic on two 32-bit halves, as Java's `long` needs it: products,
 * remainders and decimal digits, without BigInt, so that hot loops allocate nothing.
 * Invariant: halves are 32-bit patterns; readers apply `>>> 0` where the sign would matter.
 */

/** A mutable slot for a 64-bit result: a function cannot return two numbers without allocating. */
export class U64 {
  high = 0
  low = 0
}

const TWO_POW_32 = 0x100000000
const BILLION = 1_000_000_000

/** The upper 32 bits of the product of two unsigned 32-bit integers, as a signed pattern. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  // No sum below exceeds 2^32 − 1, so `>>> 0` and `>>> 16` lose nothing.
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) >>> 0
  const cross = (Math.imul(aLow, bHigh) + (middle & 0xffff)) >>> 0
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0
}

/** The upper half of (high, low) · (byHigh, byLow) modulo 2^64. */
export function timesHigh(high: number, low: number, byHigh: number, byLow: number): number {
  return (Math.imul(high, byLow) + Math.imul(low, byHigh) + multiplyHigh(low, byLow)) | 0
}

/** MurmurHash3's 32-bit finaliser (Appleby): a bijection in which every bit reaches every bit. */
export function scramble32(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/**
 * Java's `Math.abs(long)`, in place. (Long.MIN_VALUE stays 2^63, which is correct as an unsigned
 * number.)
 */
export function absolute(value: U64): void {
  if ((value.high | 0) >= 0) return
  const low = -value.low | 0
  value.high = (~value.high + (low === 0 ? 1 : 0)) | 0
  value.low = low
}

/** The remainder of the unsigned value (high, low) by `modulus`, 1 ≤ modulus ≤ 2^37. */
export function remainder(high: number, low: number, modulus: number): number {
  // With sixteen bits per step, every intermediate stays below 2^53.
  const first = remainderOf(high >>> 0, modulus)
  const second = remainderOf(first * 0x10000 + (low >>> 16), modulus)
  return remainderOf(second * 0x10000 + (low & 0xffff), modulus)
}

/**
 * `value % modulus` for value < 2^53 by one division, because V8 calls a function for `%` on
 * doubles. The quotient is never rounded up to an integer that it has not reached: the gap, at
 * least 1/modulus, exceeds half an ulp, which is below value · 2^−53 / modulus.
 */
function remainderOf(value: number, modulus: number): number {
  return value - Math.floor(value / modulus) * modulus
}

const DIGIT_PAIRS = Uint8Array.from({ length: 200 }, (_, index) => {
  const pair = index >>> 1
  return 0x30 + (index % 2 === 0 ? Math.floor(pair / 10) : pair % 10)
})

/**
 * Writes the unsigned value (high, low), below 2^63 + 1, in decimal so that it *ends* before
 * `target[end]`. Needs room for 19 bytes. Returns the offset where it starts.
 */
export function writeDecimal(high: number, low: number, target: Uint8Array, end: number): number {
  const unsignedHigh = high >>> 0
  // The quotient as a double is off by at most one. The exact remainder, modulo 2^32, shows it.
  let quotient = Math.floor((unsignedHigh * TWO_POW_32 + (low >>> 0)) / BILLION)
  let rest = (low - Math.imul(quotient, BILLION)) | 0
  if (rest < 0) {
    rest += BILLION
    quotient--
  } else if (rest >= BILLION) {
    rest -= BILLION
    quotient++
  }
  if (quotient === 0) return writeShort(rest, target, end)
  const top = Math.floor(quotient / BILLION)
  const middle = quotient - top * BILLION
  writeNineDigits(rest, target, end)
  if (top === 0) return writeShort(middle, target, end - 9)
  writeNineDigits(middle, target, end - 9)
  return writeShort(top, target, end - 18)
}

/** Writes exactly nine digits of a value below 10^9, zero-padded, ending before `end`. */
function writeNineDigits(value: number, target: Uint8Array, end: number): void {
  let rest = value | 0
  for (let at = end - 2; at > end - 9; at -= 2) {
    const next = (rest / 100) | 0
    const pair = (rest - next * 100) << 1
    target[at] = DIGIT_PAIRS[pair]!
    target[at + 1] = DIGIT_PAIRS[pair + 1]!
    rest = next
  }
  target[end - 9] = 0x30 + rest
}

/** Writes a value below 10^9 without padding. Returns the offset where it starts. */
function writeShort(value: number, target: Uint8Array, end: number): number {
  let rest = value | 0
  let at = end
  do {
    const next = (rest / 10) | 0
    target[--at] = 0x30 + (rest - next * 10)
    rest = next
  } while (rest > 0)
  return at
}
