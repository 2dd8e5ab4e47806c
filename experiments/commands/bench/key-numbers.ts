/**
 * Owns the numbers of keys that races draw. They are those of RocksDB's `db_bench` 7.8, drawn in
 * its order: a 64-bit Mersenne Twister for each benchmark, of which each batch first takes one
 * number that has no effect. Sources: tools/db_bench_tool.cc (`DoWrite`, `KeyGenerator`), Matsumoto
 * and Nishimura's mt19937-64.
 */

const WORDS = 312
const MIDDLE = 156
const TWIST = 0xb5026f5aa96619e9n
const UPPER = 0xffffffff80000000n
const LOWER = 0x7fffffffn
const SEED_FACTOR = 6364136223846793005n

/** A generator of unsigned 64-bit numbers. */
export class MersenneTwister {
  /** Arithmetic on its elements wraps at 64 bits when it is stored. */
  readonly #state = new BigUint64Array(WORDS)
  #index = WORDS

  constructor(seed: number) {
    const state = this.#state
    state[0] = BigInt(seed)
    for (let at = 1; at < WORDS; at++) {
      const before = state[at - 1]!
      state[at] = SEED_FACTOR * (before ^ (before >> 62n)) + BigInt(at)
    }
  }

  next(): bigint {
    if (this.#index === WORDS) this.#twist()
    let x = this.#state[this.#index++]!
    x ^= (x >> 29n) & 0x5555555555555555n
    x ^= (x << 17n) & 0x71d67fffeda60000n
    x ^= (x << 37n) & 0xfff7eee000000000n
    return BigInt.asUintN(64, x ^ (x >> 43n))
  }

  #twist(): void {
    const state = this.#state
    for (let at = 0; at < WORDS; at++) {
      const x = (state[at]! & UPPER) | (state[(at + 1) % WORDS]! & LOWER)
      const odd = (x & 1n) === 0n ? 0n : TWIST
      state[at] = state[(at + MIDDLE) % WORDS]! ^ (x >> 1n) ^ odd
    }
    this.#index = 0
  }
}

/**
 * The keys of `count` writes in batches of `batch`, below `below`, as `db_bench --seed=seed` draws
 * them in its first benchmark.
 */
export function randomKeys(seed: number, count: number, below: number, batch: number): Uint32Array {
  const random = new MersenneTwister(seed + 1)
  const modulus = BigInt(below)
  const numbers = new Uint32Array(count)
  for (let at = 0; at < count; at++) {
    if (at % batch === 0) random.next()
    numbers[at] = Number(random.next() % modulus)
  }
  return numbers
}

/** The numbers below `count`, each once, in an order that depends on the seed alone. */
export function shuffledKeys(seed: number, count: number): Uint32Array {
  const numbers = Uint32Array.from({ length: count }, (_, at) => at)
  const random = new MersenneTwister(seed + 1)
  for (let left = count; left > 1; left--) {
    const other = Number(random.next() % BigInt(left))
    const last = numbers[left - 1]!
    numbers[left - 1] = numbers[other]!
    numbers[other] = last
  }
  return numbers
}
