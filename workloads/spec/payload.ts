/**
 * Owns the bytes of values with a target compression ratio, made at memory speed. The
 * incompressible part is random bytes (xorshift128, Marsaglia 2003, four bytes per step). The
 * compressible part repeats their beginning, as in RocksDB's `CompressibleString` (test_util). The
 * bytes are a function of the two seed halves and the length. They are binary, unlike YCSB's
 * printable ones (`ycsb/record-values.ts`), which LZ4 cannot shrink at all.
 */

import { scramble32 } from '../u64.ts'

/** The repetition distance is at most this, within the window of every LZ-type compressor. */
const PERIOD_BYTES_MAX = 4096
/**
 * Bytes that LZ4 needs to announce a run of literals and a match. They are taken off the random
 * part.
 */
const SEQUENCE_BYTES = 5
const BYTES_PER_MATCH_BYTE = 255
/** LZ4 gains nothing from a shorter match. */
const MATCH_BYTES_MIN = 12
/** Below this length, copying byte by byte is faster than a call. */
const LOOP_BYTES_MAX = 128
/** For lengths up to this, a view is kept. */
const VIEW_BYTES_MAX = 1 << 16

export class Payload {
  readonly #ratio: number
  #words = new Int32Array(1024)
  #bytes = new Uint8Array(this.#words.buffer)
  #views: Uint8Array[] = []

  /** `ratio` is the target compressed ÷ raw, 0 … 1; 1 means only random bytes. */
  constructor(ratio: number) {
    this.#ratio = ratio
  }

  /** `length` bytes, borrowed until the next call. */
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
    // Each word depends on both halves. Otherwise neighbouring seeds would start alike, because
    // xorshift mixes slowly.
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

/**
 * Fills bytes[start, end) with repetitions of bytes[0, period). Each copy doubles the filled part.
 */
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
