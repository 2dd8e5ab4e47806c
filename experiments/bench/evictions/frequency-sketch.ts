/**
 * Owns the estimate of how often blocks were used lately: a count-min sketch of 4-bit counters,
 * four for each block (Einziger, Friedman & Manes, "TinyLFU", 2017). When it has counted ten uses
 * for each slot, all counters are halved, so that old uses are forgotten.
 */

const ROWS = 4
const COUNTER_MAX = 15
const USES_PER_SLOT = 10
const SEEDS = [0x97cb3127, 0xbe98f273, 0x2f90404f, 0x84222325] as const

export class FrequencySketch {
  /** Eight counters a number; each row has a quarter of the numbers. */
  #words = new Int32Array(0)
  #rowWords = 0
  #usesMax = 0
  #uses = 0

  /** For `slots` blocks, a power of two. Forgets all uses. */
  resize(slots: number): void {
    this.#rowWords = Math.max(slots >>> 1, 1)
    this.#words = new Int32Array(ROWS * this.#rowWords)
    this.#usesMax = USES_PER_SLOT * slots
    this.#uses = 0
  }

  add(hash: number): void {
    let isAdded = false
    for (let row = 0; row < ROWS; row++) {
      const spread = spreadOf(hash, SEEDS[row]!)
      const index = row * this.#rowWords + ((spread >>> 3) & (this.#rowWords - 1))
      const shift = (spread & 7) << 2
      const word = this.#words[index]!
      if (((word >>> shift) & COUNTER_MAX) === COUNTER_MAX) continue
      this.#words[index] = word + (1 << shift)
      isAdded = true
    }
    if (isAdded && ++this.#uses >= this.#usesMax) this.#halve()
  }

  /** At most 15, and never less than the uses since the last halving. */
  estimate(hash: number): number {
    let least = COUNTER_MAX
    for (let row = 0; row < ROWS; row++) {
      const spread = spreadOf(hash, SEEDS[row]!)
      const index = row * this.#rowWords + ((spread >>> 3) & (this.#rowWords - 1))
      least = Math.min(least, (this.#words[index]! >>> ((spread & 7) << 2)) & COUNTER_MAX)
    }
    return least
  }

  #halve(): void {
    const words = this.#words
    for (let index = 0; index < words.length; index++) {
      words[index] = (words[index]! >>> 1) & 0x77777777
    }
    this.#uses = this.#uses >>> 1
  }
}

function spreadOf(hash: number, seed: number): number {
  let spread = Math.imul(hash ^ (hash >>> 16), seed)
  spread ^= spread >>> 15
  spread = Math.imul(spread, 0x2c1b3c6d)
  return spread ^ (spread >>> 13)
}
