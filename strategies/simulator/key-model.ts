/**
 * Owns which keys a statistical simulation writes: their number, and how updates spread over them.
 * Keys of about equal popularity form a class. They are taken to lie evenly in the key space, as
 * hashed keys do, so memory depends on classes, not on keys.
 */

export interface KeyClass {
  readonly keys: number
  /** Share of all updates and deletes that go to the class. */
  readonly weight: number
}

export interface KeyModel {
  readonly keys: number
  /** The sum of their keys is `keys`, that of their weights 1. */
  readonly classes: readonly KeyClass[]
}

/** Ranks of one class differ at most by this ratio, and their popularity by little more. */
const RANK_RATIO = 1.3
/** Classes whose popularity differs by less are one. */
const CLASS_RATIO = 1.3

/** All keys are updated equally often. */
export function uniformKeys(keys: number): KeyModel {
  return { keys, classes: [{ keys, weight: 1 }] }
}

/** The key of rank r is updated in proportion to r^−theta; YCSB's theta is 0.99. */
export function zipfianKeys(keys: number, theta: number): KeyModel {
  const classes: KeyClass[] = []
  for (let first = 1; first <= keys; ) {
    const end = Math.min(keys + 1, Math.max(first + 1, Math.ceil(first * RANK_RATIO)))
    classes.push({ keys: end - first, weight: powerSum(first, end, theta) })
    first = end
  }
  const total = classes.reduce((sum, { weight }) => sum + weight, 0)
  return {
    keys,
    classes: classes.map(({ keys: size, weight }) => ({ keys: size, weight: weight / total })),
  }
}

/**
 * YCSB's scrambled zipfian: ranks of 10^10 items, each hashed onto one of the keys. A key's
 * popularity is the sum of the ranks that fall on it. The deep ranks are so many that every key
 * gets the same from them; the few popular ones fall on one key each. Between the two, the number
 * of ranks on a key is taken from Poisson's distribution, a band of ranks at a time.
 */
export function hashedZipfianKeys(keys: number): KeyModel {
  let classes: KeyClass[] = [{ keys, weight: 0 }]
  // From the deepest ranks to the most popular.
  for (let end = HASHED_RANKS; end > 0; ) {
    const first = Math.min(end - 1, Math.floor(end / RANK_RATIO))
    const ranks = end - first
    const each = (hashedShare(end) - hashedShare(first)) / ranks
    classes = merged(classes.flatMap((own) => withRanks(own, keys, ranks, each)))
    end = first
  }
  return { keys, classes }
}

const HASHED_RANKS = 1e10 + 1
const HASHED_THETA = 0.99
const HASHED_ZETA = 26.46902820178302

/**
 * Share of the operations that go to the first `ranks`, by the approximation with which YCSB draws
 * them (Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994).
 */
function hashedShare(ranks: number): number {
  const ofTwo = (1 + 2 ** -HASHED_THETA) / HASHED_ZETA
  if (ranks < 2) return ranks / HASHED_ZETA
  const power = (count: number) => (count / HASHED_RANKS) ** (1 - HASHED_THETA)
  return 1 - ((1 - ofTwo) * (1 - power(ranks))) / (1 - power(2))
}

/** Above this mean number of ranks on a key, the number counts as equal for all keys. */
const EVEN_RANKS_MIN = 100
/** So few keys, or so small a share, get no class of their own. */
const CLASS_KEYS_MIN = 1e-3
const CLASS_SHARE_MIN = 1e-12

/** The class divided by how many of the ranks, each of this weight, fall on a key. */
function withRanks(own: KeyClass, keys: number, ranks: number, weight: number): KeyClass[] {
  const mean = ranks / keys
  if (mean > EVEN_RANKS_MIN)
    return [{ keys: own.keys, weight: own.weight + own.keys * mean * weight }]
  const parts: KeyClass[] = []
  let left = own.keys
  let chance = Math.exp(-mean)
  const few = Math.max(CLASS_KEYS_MIN, own.keys * CLASS_SHARE_MIN)
  for (let count = 0; ; count++) {
    const isLast = count > mean && left - own.keys * chance < few
    const part = isLast ? left : own.keys * chance
    if (part > 0) {
      parts.push({ keys: part, weight: part * (own.weight / own.keys + count * weight) })
    }
    if (isLast) return parts
    left -= part
    chance *= mean / (count + 1)
  }
}

/** Joins classes of nearly equal popularity. */
function merged(classes: readonly KeyClass[]): KeyClass[] {
  const sorted = classes.toSorted((a, b) => a.weight / a.keys - b.weight / b.keys)
  const joined: KeyClass[] = []
  let least = -1
  for (const { keys, weight } of sorted) {
    const last = joined.at(-1)
    if (last !== undefined && weight / keys <= least * CLASS_RATIO) {
      joined[joined.length - 1] = { keys: last.keys + keys, weight: last.weight + weight }
    } else {
      joined.push({ keys, weight })
      least = weight / keys
    }
  }
  return joined
}

/** A share of the operations goes to a share of the keys; both parts are uniform within. */
export function hotspotKeys(keys: number, keyShare: number, operationShare: number): KeyModel {
  const hot = Math.floor(keys * keyShare)
  const classes = [
    { keys: hot, weight: operationShare },
    { keys: keys - hot, weight: 1 - operationShare },
  ]
  return { keys, classes: classes.filter((own) => own.keys > 0) }
}

/**
 * Popularity falls exponentially from key to key: `percentile` % of the operations would fall on
 * this share of the keys. Those beyond the last key are drawn again.
 */
export function exponentialKeys(keys: number, percentile: number, keyShare: number): KeyModel {
  const rate = -Math.log(1 - percentile / 100) / keyShare
  const beyond = (share: number) => -Math.expm1(-rate * share) / -Math.expm1(-rate)
  const classes = Array.from({ length: EXPONENTIAL_CLASSES }, (_, at) => ({
    keys: keys / EXPONENTIAL_CLASSES,
    weight: beyond((at + 1) / EXPONENTIAL_CLASSES) - beyond(at / EXPONENTIAL_CLASSES),
  }))
  return { keys, classes }
}

const EXPONENTIAL_CLASSES = 24

/** Σ r^−theta over ranks [first, end): term by term if there are few, else by the integral. */
function powerSum(first: number, end: number, theta: number): number {
  if (end - first <= 32) {
    let sum = 0
    for (let rank = first; rank < end; rank++) sum += rank ** -theta
    return sum
  }
  const [from, to] = [first - 0.5, end - 0.5]
  if (theta === 1) return Math.log(to / from)
  return (to ** (1 - theta) - from ** (1 - theta)) / (1 - theta)
}
