/**
 * Owns counts of keys in bounded memory. Counts are exact while the keys are few. Beyond that, the
 * number of distinct keys comes from HyperLogLog (Flajolet et al., 2007; 2^14 registers, standard
 * error 0.8 %) and the counts of frequent keys from Misra and Gries (1982), which are too low by at
 * most `shortfall`.
 */

/** Two maps of this many keys take about 10 MB each. */
const EXACT_KEYS_MAX = 1 << 17
const FREQUENT_KEYS_MAX = 1 << 13
const REGISTER_BITS = 14
const TWO_POW_32 = 0x100000000

export class KeyCounts {
  /** The most by which any key's count can be too low; 0 while counts are exact. */
  shortfall = 0
  readonly #exactKeysMax: number
  readonly #frequentKeysMax: number
  #counts = new Map<number, number>()
  #registers: Uint8Array | null = null

  constructor(exactKeysMax = EXACT_KEYS_MAX, frequentKeysMax = FREQUENT_KEYS_MAX) {
    this.#exactKeysMax = exactKeysMax
    this.#frequentKeysMax = frequentKeysMax
  }

  get isExact(): boolean {
    return this.#registers === null
  }

  /** `hash`: 52 bits that represent the key. */
  add(hash: number): void {
    const counts = this.#counts
    if (this.#registers !== null) this.#register(hash)
    const before = counts.get(hash)
    if (before !== undefined) counts.set(hash, before + 1)
    else if (counts.size < this.#capacity) counts.set(hash, 1)
    else if (this.#registers === null) {
      this.#becomeApproximate()
      this.add(hash)
    } else this.#decrementAll()
  }

  /** Number of distinct keys seen; rounded if it is an estimate. */
  distinct(): number {
    return this.#registers === null ? this.#counts.size : Math.round(estimate(this.#registers))
  }

  /** The counts of the most frequent keys, descending. */
  top(keys: number): readonly number[] {
    return [...this.#counts.values()].sort((a, b) => b - a).slice(0, keys)
  }

  get #capacity(): number {
    return this.#registers === null ? this.#exactKeysMax : this.#frequentKeysMax
  }

  /** A key without room decrements every other count (Misra and Gries). */
  #decrementAll(): void {
    this.shortfall++
    for (const [hash, count] of this.#counts) {
      if (count === 1) this.#counts.delete(hash)
      else this.#counts.set(hash, count - 1)
    }
  }

  #becomeApproximate(): void {
    this.#registers = new Uint8Array(1 << REGISTER_BITS)
    for (const hash of this.#counts.keys()) this.#register(hash)
    const ranked = [...this.#counts].sort(([, a], [, b]) => b - a)
    const cut = ranked[this.#frequentKeysMax]?.[1] ?? 0
    const kept = ranked.slice(0, this.#frequentKeysMax).filter(([, count]) => count > cut)
    this.#counts = new Map(kept.map(([hash, count]) => [hash, count - cut]))
    this.shortfall = cut
  }

  /** The upper 20 bits choose a register, the lower 32 say how rare the key is. */
  #register(hash: number): void {
    const index = Math.floor(hash / TWO_POW_32) & ((1 << REGISTER_BITS) - 1)
    const rank = Math.clz32(hash >>> 0) + 1
    if (rank > this.#registers![index]!) this.#registers![index] = rank
  }
}

function estimate(registers: Uint8Array): number {
  const count = registers.length
  let sum = 0
  let empty = 0
  for (const rank of registers) {
    sum += 2 ** -rank
    if (rank === 0) empty++
  }
  const raw = ((0.7213 / (1 + 1.079 / count)) * count * count) / sum
  if (raw <= 2.5 * count && empty > 0) return count * Math.log(count / empty)
  // Above 2^32 / 30, the 32-bit ranks of the keys collide.
  return raw <= TWO_POW_32 / 30
    ? raw
    : -TWO_POW_32 * count * Math.log(1 - raw / (TWO_POW_32 * count))
}

/**
 * Fits a line through log count over log rank: the skew of a Zipf distribution, and the quality of
 * the fit.
 */
export function fitZipf(
  counts: readonly number[],
): { readonly theta: number; readonly r2: number } | null {
  if (counts.length < 10) return null
  const points = counts.map((count, i) => [Math.log(i + 1), Math.log(count)] as const)
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  let xx = 0
  let xy = 0
  let yy = 0
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2
    xy += (x - meanX) * (y - meanY)
    yy += (y - meanY) ** 2
  }
  return { theta: -xy / xx, r2: yy === 0 ? 0 : xy ** 2 / (xx * yy) }
}
