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
