/**
 * Owns the filter of a table: a blocked bloom filter (Putze, Sanders, Singler, "Cache-, Hash- and
 * Space-Efficient Bloom Filters", 2007). One hash of the user key selects a block of 512 bits (one
 * cache line) and `probes` bits in it. The filter is built over distinct user keys, and never
 * denies a key that was added. The filter block is private to this engine: RocksDB's tools check
 * its checksum and ignore it.
 *
 *   +------------------------+-----------+---------------+
 *   | 64 B a block, n blocks | u8 probes | u8 version, 1 |
 *   +------------------------+-----------+---------------+
 */

import { assert } from '../base/assert.ts'
import { IdleBuffers } from '../base/idle-buffers.ts'

const PIECE_WORDS = 16 * 1024
const NO_WORDS = new Uint32Array(0)
/** A megabyte per piece: the hashes of 128 Ki keys. */
const idlePieces = new IdleBuffers(() => new Uint32Array(PIECE_WORDS), 16)

const BLOCK_BYTES = 64
const BLOCK_BITS = 512
const TAIL_BYTES = 2
const FILTER_VERSION = 1
const PROBES_MAX = 30
/**
 * With fewer bits per key, more than 40 keys share each bit. The share of zeros, e^-40, then
 * vanishes beside 1 in a double, so every key passes and the sum over block loads is not needed.
 */
const BITS_PER_KEY_FELT = 1 / 40
const TWO_POW_32 = 0x100000000
/**
 * 2^32 ÷ the golden ratio. Each multiplication moves fresh bits to the top (RocksDB
 * `bloom_impl.h`).
 */
const GOLDEN = 0x9e3779b9

/** Collects the hashes of a table's distinct user keys, then builds the filter. */
export class FilterBuilder {
  readonly #bitsPerKey: number
  readonly #hash = new KeyHash()
  /** Two words per key, in pieces, so that growth never copies the words of a large table. */
  readonly #pieces: Uint32Array<ArrayBuffer>[] = []
  #last = NO_WORDS
  #lastLength = 0

  /** `bitsPerKey` must be > 0; fractions are allowed. */
  constructor(bitsPerKey: number) {
    assert(bitsPerKey > 0, 'a filter has bits')
    this.#bitsPerKey = bitsPerKey
  }

  /** Size in bytes of the filter over the keys added so far. */
  get bytes(): number {
    return filterBytes(this.#keys, this.#bitsPerKey)
  }

  /** The caller adds each user key only once. */
  add(keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    if (this.#lastLength === this.#last.length) {
      this.#last = idlePieces.take()
      this.#lastLength = 0
      this.#pieces.push(this.#last)
    }
    this.#hash.of(keyBytes, keyStart, keyLength)
    this.#last[this.#lastLength++] = this.#hash.block
    this.#last[this.#lastLength++] = this.#hash.bits
  }

  /**
   * Writes the payload of the filter block into `target`, `bytes` bytes from `start` on, and
   * returns a view of it. Add no keys afterwards.
   */
  finish(target: Uint8Array = new Uint8Array(this.bytes), start = 0): Uint8Array {
    const blocks = filterBlocks(this.#keys, this.#bitsPerKey)
    const probes = probeCount(this.#bitsPerKey)
    const payload = target.subarray(start, start + this.bytes).fill(0)
    for (const piece of this.#pieces) {
      const length = piece === this.#last ? this.#lastLength : piece.length
      for (let i = 0; i < length; i += 2) {
        const base = blockStart(piece[i]!, blocks)
        let bits = piece[i + 1]!
        for (let probe = 0; probe < probes; probe++) {
          const bit = bits >>> 23
          payload[base + (bit >>> 3)]! |= 1 << (bit & 7)
          bits = Math.imul(bits, GOLDEN)
        }
      }
      idlePieces.give(piece)
    }
    payload[payload.length - 2] = probes
    payload[payload.length - 1] = FILTER_VERSION
    return payload
  }

  get #keys(): number {
    return (Math.max(0, this.#pieces.length - 1) * PIECE_WORDS + this.#lastLength) / 2
  }
}

/** A decoded filter. It keeps a reference to its payload. */
export class BloomFilter {
  readonly #payload: Uint8Array
  readonly #blocks: number
  readonly #probes: number
  readonly #hash = new KeyHash()

  constructor(payload: Uint8Array, blocks: number, probes: number) {
    this.#payload = payload
    this.#blocks = blocks
    this.#probes = probes
  }

  /** Null if the payload is not a filter of this version. */
  static decode(payload: Uint8Array): BloomFilter | null {
    const blocks = (payload.length - TAIL_BYTES) / BLOCK_BYTES
    const probes = payload[payload.length - 2]
    if (payload[payload.length - 1] !== FILTER_VERSION) return null
    if (probes === undefined || probes === 0 || probes > PROBES_MAX) return null
    return Number.isInteger(blocks) && blocks > 0 ? new BloomFilter(payload, blocks, probes) : null
  }

  get memoryBytes(): number {
    return this.#payload.length
  }

  /** False means that the key was not added. */
  mayContain(userKey: Uint8Array): boolean {
    const hash = this.#hash
    hash.of(userKey, 0, userKey.length)
    const payload = this.#payload
    const base = blockStart(hash.block, this.#blocks)
    let { bits } = hash
    for (let probe = 0; probe < this.#probes; probe++) {
      const bit = bits >>> 23
      if ((payload[base + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false
      bits = Math.imul(bits, GOLDEN)
    }
    return true
  }
}

/**
 * The share of absent keys that the filter lets through at `bitsPerKey`; 1 for 0 bits. A block
 * holds Poisson(512 ÷ bits) keys. This mixture of loads costs more than the classic exp(−bits ·
 * ln²2), and the difference grows with the bits: 18 % at 10, 66 % at 15.
 */
export function falsePositiveRate(bitsPerKey: number): number {
  return bitsPerKey > 0 ? optimumAt(bitsPerKey).rate : 1
}

/** The number of probes with the lowest false-positive rate at `bitsPerKey`. */
export function probeCount(bitsPerKey: number): number {
  return optimumAt(bitsPerKey).probes
}

/** The optimum for the last `bitsPerKey`. Consecutive tables have nearly the same. */
let found = { bitsPerKey: 0, probes: 1, rate: 1 }

function optimumAt(bitsPerKey: number): typeof found {
  if (found.bitsPerKey !== bitsPerKey) found = { bitsPerKey, ...bestProbes(bitsPerKey) }
  return found
}

/** The rate falls up to the best number of probes, then rises. So the search may start anywhere. */
function bestProbes(bitsPerKey: number): { readonly probes: number; readonly rate: number } {
  let { probes } = found
  let rate = rateWithProbes(bitsPerKey, probes)
  for (const step of [-1, 1]) {
    for (let next = probes + step; next >= 1 && next <= PROBES_MAX; next += step) {
      const nextRate = rateWithProbes(bitsPerKey, next)
      // Of equal rates the fewest probes are the best.
      if (step < 0 ? nextRate > rate : nextRate >= rate) break
      probes = next
      rate = nextRate
    }
  }
  return { probes, rate }
}

function rateWithProbes(bitsPerKey: number, probes: number): number {
  if (bitsPerKey < BITS_PER_KEY_FELT) return 1
  const load = BLOCK_BITS / bitsPerKey
  const spread = 10 * Math.sqrt(load) + 10
  let logProbability = -load
  let rate = 0
  for (let keys = 1; keys <= load + spread; keys++) {
    logProbability += Math.log(load / keys)
    if (keys < load - spread) continue
    rate += Math.exp(logProbability) * passRate(keys * probes, probes)
  }
  return rate
}

/**
 * The chance that `probes` bits are all set in a block in which `thrown` bits were set: the mean
 * share of ones to the power of `probes`, with the second-order term of its exact variance.
 */
function passRate(thrown: number, probes: number): number {
  const zero = (1 - 1 / BLOCK_BITS) ** thrown
  const bothZero = (1 - 2 / BLOCK_BITS) ** thrown
  const variance = zero / BLOCK_BITS + (1 - 1 / BLOCK_BITS) * bothZero - zero * zero
  const ones = 1 - zero
  return ones ** probes * (1 + ((probes * (probes - 1)) / 2) * (variance / (ones * ones)))
}

/** Size of the filter over `keys` distinct user keys, without the block trailer. */
export function filterBytes(keys: number, bitsPerKey: number): number {
  return filterBlocks(keys, bitsPerKey) * BLOCK_BYTES + TAIL_BYTES
}

function filterBlocks(keys: number, bitsPerKey: number): number {
  return Math.max(1, Math.ceil((keys * bitsPerKey) / BLOCK_BITS))
}

/** Scales a 32-bit hash to a block, without a division. Every block is equally likely. */
function blockStart(hash: number, blocks: number): number {
  return Math.floor(((hash >>> 0) * blocks) / TWO_POW_32) * BLOCK_BYTES
}

/**
 * A 64-bit hash as two words, after MurmurHash3 (Appleby, public domain): two 32-bit lanes over the
 * same words, mixed at the end. Filters are persisted, so never change it.
 */
class KeyHash {
  /** Selects the block. */
  block = 0
  /** Selects the bits. */
  bits = 0

  of(bytes: Uint8Array, start: number, length: number): void {
    let a = length
    let b = ~length
    const end = start + length
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word =
        bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      a = mixA(a, word)
      b = mixB(b, word)
    }
    if (at < end) {
      let word = 0
      for (let shift = 0; at < end; shift += 8) word |= bytes[at++]! << shift
      a = mixA(a, word)
      b = mixB(b, word)
    }
    a = avalanche(a + b)
    b = avalanche(b + a)
    this.block = (a + b) | 0
    this.bits = b
  }
}

function mixA(hash: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51)
  const mixed = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function mixB(hash: number, word: number): number {
  const k = Math.imul(word, 0x239b961b)
  const mixed = hash ^ Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
  return (Math.imul((mixed << 17) | (mixed >>> 15), 5) + 0x561ccd1b) | 0
}

/** MurmurHash3's finaliser. */
function avalanche(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
