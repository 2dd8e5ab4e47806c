/**
 * Owns how a record's number becomes a key: a prefix, then the parts of the spec one after another,
 * then padding. The number is split like digits: in their listed order, parts with a count take the
 * remainder, and the part without a count gets the rest (n mod series, n div series). Invariant:
 * different numbers give different keys, provided that every part fits its width. This is checked
 * for the largest number before a stream is made.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import { timesHigh, U64, writeDecimal } from '../u64.ts'
import { KEY_BYTES_MAX, type WorkloadSpec } from './spec-schema.ts'

type KeySpec = WorkloadSpec['keys']
type Part = KeySpec['parts'][number]

const DECIMAL_DIGITS_MAX = 20
const ZERO = 0x30
const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef')
const TWO_POW_32 = 0x100000000
// The two multipliers of MurmurHash3's 64-bit finaliser (Appleby, fmix64).
const MIX_1 = [0xff51afd7, 0xed558ccd] as const
const MIX_2 = [0xc4ceb9fe, 0x1a85ec53] as const

export class KeyFormat {
  readonly #prefix: Uint8Array
  readonly #parts: readonly Part[]
  readonly #bytes: number
  readonly #number = new U64()
  readonly #digits = new Uint8Array(DECIMAL_DIGITS_MAX)
  /** Number of bytes of every key. */
  readonly length: number

  /** Throws `LSM_INVALID_ARGUMENT` if a number below `numbers` would not fit. */
  constructor(keys: KeySpec, numbers: number) {
    this.#prefix = new TextEncoder().encode(keys.prefix)
    this.#parts = keys.parts
    const made = keys.parts.reduce((sum, { width }) => sum + width, this.#prefix.length)
    this.#bytes = keys.bytes ?? made
    this.length = this.#bytes
    if (made > this.#bytes) {
      throw invalidArgument(`keys.bytes: ${this.#bytes}; prefix and parts take ${made}`, { made })
    }
    if (this.#bytes > KEY_BYTES_MAX) {
      throw invalidArgument(`keys: ${this.#bytes} bytes; at most ${KEY_BYTES_MAX}`, { made })
    }
    checkWidths(keys.parts, numbers)
  }

  /** Writes the key of `keyNumber` at target[0] and returns its length. */
  write(keyNumber: number, target: Uint8Array): number {
    let at = 0
    for (; at < this.#prefix.length; at++) target[at] = this.#prefix[at]!
    let rest = keyNumber
    for (const part of this.#parts) {
      if (part.count !== undefined) rest = Math.floor(rest / part.count)
    }
    let left = keyNumber
    for (const part of this.#parts) {
      let value = rest
      if (part.count !== undefined) {
        const next = Math.floor(left / part.count)
        value = left - next * part.count
        left = next
      }
      this.#writePart(part, value, target, at)
      at += part.width
    }
    while (at < this.#bytes) target[at++] = ZERO
    return at
  }

  #writePart(part: Part, value: number, target: Uint8Array, start: number): void {
    const number = this.#number
    if (part.order === 'hashed') scatter(value, number)
    else {
      number.high = Math.floor(value / TWO_POW_32)
      number.low = value | 0
    }
    const end = start + part.width
    if (part.encoding === 'binary') writeBinary(number, target, start, end)
    else if (part.encoding === 'hex') writeHex(number, target, start, end)
    else {
      const digits = this.#digits
      const from = writeDecimal(number.high, number.low, digits, DECIMAL_DIGITS_MAX)
      let at = start
      for (let zeros = part.width - (DECIMAL_DIGITS_MAX - from); zeros > 0; zeros--) {
        target[at++] = ZERO
      }
      for (let i = from; at < end; i++) target[at++] = digits[i]!
    }
  }
}

// 2^64 divided by the golden ratio: fmix64 alone would map 0 to 0.
const OFFSET = [0x9e3779b9, 0x7f4a7c15] as const

/** A bijection of 64 bits (fmix64) without its top bit, so that decimal digits can hold it. */
export function scatter(value: number, target: U64): void {
  let high = Math.floor(value / TWO_POW_32) ^ OFFSET[0]
  let low = value ^ OFFSET[1]
  low ^= high >>> 1
  high = timesHigh(high, low, MIX_1[0], MIX_1[1])
  low = Math.imul(low, MIX_1[1])
  low ^= high >>> 1
  high = timesHigh(high, low, MIX_2[0], MIX_2[1])
  low = Math.imul(low, MIX_2[1])
  target.low = low ^ (high >>> 1)
  target.high = high & 0x7fffffff
}

function writeBinary(number: U64, target: Uint8Array, start: number, end: number): void {
  let { high, low } = number
  for (let at = end - 1; at >= start; at--) {
    target[at] = low
    low = (low >>> 8) | (high << 24)
    high >>>= 8
  }
}

function writeHex(number: U64, target: Uint8Array, start: number, end: number): void {
  let { high, low } = number
  for (let at = end - 1; at >= start; at--) {
    target[at] = HEX_DIGITS[low & 15]!
    low = (low >>> 4) | (high << 28)
    high >>>= 4
  }
}

const BASES = { decimal: 10, hex: 16, binary: 256 } as const

function checkWidths(parts: readonly Part[], numbers: number): void {
  const counts = parts.reduce((product, { count = 1 }) => product * count, 1)
  for (const [index, { count, order, encoding, width }] of parts.entries()) {
    const values = count ?? Math.ceil(numbers / counts)
    if (order === 'ordered' && BASES[encoding] ** width < values) {
      throw invalidArgument(
        `keys.parts.${index}.width: ${width} is too narrow for ${values} values in ${encoding}`,
        { values, width },
      )
    }
  }
}
