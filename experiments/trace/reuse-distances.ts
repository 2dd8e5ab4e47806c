/**
 * Owns reuse distances: the number of distinct keys used since the last use of a key, which is the
 * size, in keys, of an LRU cache that would have held it. Keys are sampled by hash (SHARDS,
 * Waldspurger et al., FAST 2015, the variant of fixed size): if more than `keysMax` keys are
 * followed, the threshold falls and the keys above it are dropped, so memory is bounded for any
 * trace.
 *
 * Among the sampled keys a distance is exact: a Fenwick tree counts over the times of last use.
 * Divided by the sampling rate it estimates the distance among all keys.
 */

const KEYS_MAX = 1 << 13
const MODULUS = 1 << 24
/** Times are renumbered when the tree is full. */
const TIMES_PER_KEY = 4

export interface ReuseFigures {
  /** Number of distinct keys followed at the end, and their share of all keys. */
  readonly sampledKeys: number
  readonly rate: number
  /** Estimated number of uses, and of first uses of a key. */
  readonly uses: number
  readonly firstUses: number
  /** Quantiles of the distances, in distinct keys; null without reuses. */
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
}

export class ReuseDistances {
  readonly #keysMax: number
  #threshold = MODULUS
  /** Hash → time of last use, in order of last use. */
  readonly #lastUse = new Map<number, number>()
  readonly #tree: Int32Array
  #time = 0
  /** Weights by the logarithm of the distance, eight buckets to a doubling. */
  readonly #buckets = new Float64Array(64 * BUCKETS_PER_DOUBLING)
  #firstUses = 0

  constructor(keysMax = KEYS_MAX) {
    this.#keysMax = keysMax
    this.#tree = new Int32Array(TIMES_PER_KEY * keysMax + 1)
  }

  add(hash: number): void {
    if (hash % MODULUS >= this.#threshold) return
    const before = this.#lastUse.get(hash)
    const weight = MODULUS / this.#threshold
    if (before === undefined) this.#firstUses += weight
    else {
      const distance = (this.#lastUse.size - this.#usedUpTo(before)) * weight
      this.#buckets[bucketOf(distance)]! += weight
      this.#lastUse.delete(hash)
      this.#count(before, -1)
    }
    if (this.#time === this.#tree.length - 1) this.#renumber()
    this.#time++
    this.#lastUse.set(hash, this.#time)
    this.#count(this.#time, 1)
    if (this.#lastUse.size > this.#keysMax) this.#sampleFewer()
  }

  figures(): ReuseFigures {
    const rate = this.#threshold / MODULUS
    const reuses = this.#buckets.reduce((sum, weight) => sum + weight, 0)
    const below = (share: number) => {
      if (reuses === 0) return null
      let sum = 0
      const bucket = this.#buckets.findIndex((weight) => {
        sum += weight
        return sum >= share * reuses
      })
      const distance = Math.round(2 ** (bucket / BUCKETS_PER_DOUBLING)) - 1
      return Math.min(distance, Math.round(this.#lastUse.size / rate))
    }
    return {
      sampledKeys: this.#lastUse.size,
      rate,
      uses: Math.round(reuses + this.#firstUses),
      firstUses: Math.round(this.#firstUses),
      p50: below(0.5),
      p90: below(0.9),
      p99: below(0.99),
    }
  }

  /** Keys whose last use was at or before `time`. */
  #usedUpTo(time: number): number {
    let sum = 0
    for (let at = time; at > 0; at -= at & -at) sum += this.#tree[at]!
    return sum
  }

  #count(time: number, by: number): void {
    for (let at = time; at < this.#tree.length; at += at & -at) this.#tree[at]! += by
  }

  #renumber(): void {
    this.#tree.fill(0)
    this.#time = 0
    for (const hash of this.#lastUse.keys()) {
      this.#time++
      this.#lastUse.set(hash, this.#time)
      this.#count(this.#time, 1)
    }
  }

  /** Drops a tenth of the keys at a time, so that this walk is rare. */
  #sampleFewer(): void {
    this.#threshold = Math.max(1, Math.floor(this.#threshold * 0.9))
    for (const hash of this.#lastUse.keys()) {
      if (hash % MODULUS >= this.#threshold) this.#lastUse.delete(hash)
    }
    this.#renumber()
  }
}

const BUCKETS_PER_DOUBLING = 8

function bucketOf(distance: number): number {
  return Math.round(Math.log2(distance + 1) * BUCKETS_PER_DOUBLING)
}
