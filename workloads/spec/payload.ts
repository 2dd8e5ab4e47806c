/**
 * Owns the bytes of values with a target compression ratio, made at memory speed: random bytes
 * (xorshift128, Marsaglia 2003, four bytes a step) for the part that cannot shrink, and repeats of
 * their beginning for the part that can, as RocksDB's `CompressibleString` (test_util) does. The
 * bytes are a function of the two seed halves and the length. They are binary, unlike YCSB's
 * printable ones (`ycsb/record-values.ts`), which LZ4 cannot shrink at all.
 */

import { scramble32 } from '../u64.ts'

/** Repeats lie this close, within the window of any LZ-type compressor. */
const PERIOD_BYTES_MAX = 4096
/** What LZ4 spends on announcing a literal run and a match, taken off the random part. */
const SEQUENCE_BYTES = 5
const BYTES_PER_MATCH_BYTE = 255
/** Shorter than this a match is worth nothing to LZ4. */
const MATCH_BYTES_MIN = 12
/** So few bytes are copied faster one by one than by a call. */
const LOOP_BYTES_MAX = 128
/** Lengths up to this have a view kept for them. */
const VIEW_BYTES_MAX = 1 << 16

export class Payload {
  readonly #ratio: number
  #words = new Int32Array(1024)
  #bytes = new Uint8Array(this.#words.buffer)
  #views: Uint8Array[] = []

  /** `ratio`: compressed ÷ raw to aim at, 0 … 1; 1 means random bytes throughout. */
  constructor(ratio: number) {
    this.#ratio = ratio
  }

  /** `length` bytes; borrowed until the next call. */
  make(seedHigh: number, seedLow: number, length: number): Uint8Array {
    if (length > this.#bytes.length) this.#grow(length)
    const randomBytes = this.#randomBytes(length)
    this.#fillRandom(seedHigh, seedLow, randomBytes)
    const bytes = this.#bytes
    const period = Math.min(randomBytes, PERIOD_BYTES_MAX)
    if (period === 0) bytes.fill(0, 0, length)
    else repeat(bytes, randomBytes, length, period)
    if (length > VIEW_BYTES_MAX) return bytes.subarray(0, length)
    this.#views[length] ??= bytes.subarray(0, length)
    return this.#views[length]
  }

  #randomBytes(length: number): number {
    if (this.#ratio === 1) return length
    const overhead = SEQUENCE_BYTES + length / BYTES_PER_MATCH_BYTE
    const wanted = Math.max(0, Math.round(length * this.#ratio - overhead))
    return length - wanted < MATCH_BYTES_MIN ? length : wanted
  }

  #fillRandom(seedHigh: number, seedLow: number, bytes: number): void {
    const words = this.#words
    // Each word depends on both halves: neighbours would begin alike, xorshift spreads so slowly.
    let a = scramble32(seedHigh ^ scramble32(seedLow))
    let b = scramble32(a ^ seedLow)
    let c = scramble32(b ^ seedHigh)
    let d = scramble32(c ^ a) | 1
    const count = (bytes + 3) >>> 2
    for (let i = 0; i < count; i++) {
      const t = a ^ (a << 11)
      a = b
      b = c
      c = d
      d = d ^ (d >>> 19) ^ t ^ (t >>> 8)
      words[i] = d
    }
  }

  #grow(length: number): void {
    this.#words = new Int32Array(((2 * length) >>> 2) + 1)
    this.#bytes = new Uint8Array(this.#words.buffer)
    this.#views = []
  }
}

/** Fills bytes[start, end) with bytes[0, period) over and over, doubling what is copied. */
function repeat(bytes: Uint8Array, start: number, end: number, period: number): void {
  if (end - start <= LOOP_BYTES_MAX) {
    for (let at = start, from = 0; at < end; at++, from++) bytes[at] = bytes[from]!
    return
  }
  const first = Math.min(start + period, end)
  bytes.copyWithin(start, 0, period)
  for (let filled = first; filled < end; ) {
    const count = Math.min(filled - start, end - filled)
    bytes.copyWithin(filled, start, start + count)
    filled += count
  }
}
