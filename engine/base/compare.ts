/**
 * Owns the order of user keys: bytewise, as RocksDB's `leveldb.BytewiseComparator`. `compareRanges`
 * serves the hot paths: it compares a key inside a block or an arena without creating a view.
 */

/**
 * Negative if the first range orders before the second, zero if they are equal, positive if it
 * orders after.
 */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const shared = aLength < bLength ? aLength : bLength
  for (let i = 0; i < shared; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** Negative, zero or positive as `a` orders before, equals or follows `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return compareRanges(a, 0, a.length, b, 0, b.length)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/** The smallest key after `key`. Owned. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
