/**
 * Owns the random numbers of the YCSB reference: the JDK 17 `ThreadLocalRandom` of thread 1, from
 * which YCSB draws everything. A step adds a constant to the 64-bit seed (a Weyl sequence), and the
 * outputs are mixes of the seed (MurmurHash3's finaliser). So `skip` is one multiplication, and a
 * remembered position replays the numbers drawn there: values are made only when they are needed.
 *
 * Invariant: it makes the same draws in the same order as the JDK, on two 32-bit halves without
 * BigInt.
 */

import { multiplyHigh, timesHigh, type U64 } from './u64.ts'

// 0x9e3779b97f4a7c15 + 2 · thread id (java.util.concurrent.ThreadLocalRandom.nextSeed, thread 1).
const STEP_HIGH = 0x9e3779b9
const STEP_LOW = 0x7f4a7c17
const MIX_1_HIGH = 0xff51afd7
const MIX_1_LOW = 0xed558ccd
const MIX_2_HIGH = 0xc4ceb9fe
const MIX_2_LOW = 0x1a85ec53
const BYTES_PER_INT = 6
/** By position within an int; positions are five bits apart. */
const BYTE_MASKS = [31, 63, 95, 31, 63] as const
const TWO_POW_32 = 0x100000000
const TWO_POW_27 = 0x8000000
const TWO_POW_MINUS_53 = 1.1102230246251565e-16

export class JavaRandom {
  /** The halves of the seed. A typed array, since V8 boxes fields that outgrow small integers. */
  readonly #seed = new Int32Array(2)

  /** `seed` is a safe integer: the `long` with which the thread is seeded. */
  constructor(seed: number) {
    this.moveTo(Math.floor(seed / TWO_POW_32), seed | 0)
  }

  get seedHigh(): number {
    return this.#seed[0]!
  }

  get seedLow(): number {
    return this.#seed[1]!
  }

  /** Continues as if the last draw had left the seed with these halves. */
  moveTo(seedHigh: number, seedLow: number): void {
    this.#seed[0] = seedHigh
    this.#seed[1] = seedLow
  }

  /** Skips `draws` draws (< 2^31). A double takes two draws, a long or an int takes one. */
  skip(draws: number): void {
    const seed = this.#seed
    const low = ((seed[1]! >>> 0) + (Math.imul(STEP_LOW, draws) >>> 0)) | 0
    const carry = low >>> 0 < seed[1]! >>> 0 ? 1 : 0
    seed[0] = seed[0]! + Math.imul(STEP_HIGH, draws) + multiplyHigh(STEP_LOW, draws) + carry
    seed[1] = low
  }

  #step(): void {
    const seed = this.#seed
    const low = (seed[1]! + STEP_LOW) | 0
    seed[0] = seed[0]! + STEP_HIGH + (low >>> 0 < STEP_LOW ? 1 : 0)
    seed[1] = low
  }

  /** A signed 32-bit integer: `nextInt()`. */
  nextInt(): number {
    this.#step()
    return mix32(this.#seed[0]!, this.#seed[1]!)
  }

  /** Writes `nextLong()` into `target`, in two's complement. */
  nextLong(target: U64): void {
    this.#step()
    let high = this.#seed[0]!
    let low = this.#seed[1]!
    low ^= high >>> 1
    high = timesHigh(high, low, MIX_1_HIGH, MIX_1_LOW)
    low = Math.imul(low, MIX_1_LOW) ^ (high >>> 1)
    high = timesHigh(high, low, MIX_2_HIGH, MIX_2_LOW)
    target.high = high
    target.low = Math.imul(low, MIX_2_LOW) ^ (high >>> 1)
  }

  /** Uniform in [0, 1) with 53 bits, from two ints: `Random.nextDouble()`. */
  nextDouble(): number {
    const high = this.nextInt() >>> 6
    return (high * TWO_POW_27 + (this.nextInt() >>> 5)) * TWO_POW_MINUS_53
  }

  /**
   * Writes printable bytes into target[start, end): YCSB's `RandomByteIterator`, six bytes from
   * each int; the rest of the last int is dropped. Takes ceil((end − start) / 6) draws.
   */
  fillPrintable(target: Uint8Array, start: number, end: number): void {
    let high = this.#seed[0]!
    let low = this.#seed[1]!
    const wholeEnd = end - ((end - start) % BYTES_PER_INT)
    let at = start
    for (; at < wholeEnd; at += BYTES_PER_INT) {
      low = (low + STEP_LOW) | 0
      high = (high + STEP_HIGH + (low >>> 0 < STEP_LOW ? 1 : 0)) | 0
      const bits = mix32(high, low)
      target[at] = (bits & 31) + 32
      target[at + 1] = ((bits >> 5) & 63) + 32
      target[at + 2] = ((bits >> 10) & 95) + 32
      target[at + 3] = ((bits >> 15) & 31) + 32
      target[at + 4] = ((bits >> 20) & 63) + 32
      target[at + 5] = ((bits >> 25) & 95) + 32
    }
    this.moveTo(high, low)
    if (at < end) this.#fillRest(target, at, end)
  }

  /** The last one to five bytes, from the last int. */
  #fillRest(target: Uint8Array, start: number, end: number): void {
    const bits = this.nextInt()
    for (let i = 0; i < end - start; i++) {
      target[start + i] = ((bits >> (5 * i)) & BYTE_MASKS[i]!) + 32
    }
  }
}

/** Number of draws that `fillPrintable` takes for `bytes` bytes. */
export function printableDraws(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_INT)
}

/** `ThreadLocalRandom.mix32`. */
function mix32(seedHigh: number, seedLow: number): number {
  const folded = seedLow ^ (seedHigh >>> 1)
  const high = timesHigh(seedHigh, folded, MIX_1_HIGH, MIX_1_LOW)
  const low = Math.imul(folded, MIX_1_LOW) ^ (high >>> 1)
  return timesHigh(high, low, MIX_2_HIGH, MIX_2_LOW)
}
