/**
 * Owns the iteration orders of two Java collections keyed by strings. YCSB draws a record's values,
 * and its RocksDB binding encodes them, in the order of a `HashMap`. Its client prints properties
 * in the order of a `Hashtable`. Both orders follow from the JDK's algorithms.
 */

/** `String.hashCode()`. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/**
 * The positions of `keys` in the iteration order of a `HashMap` into which they were put one by
 * one: by bucket, then by insertion, an order that growth preserves. (Buckets of nine and more
 * become trees, whose order may differ.)
 */
export function hashMapOrder(keys: readonly string[]): number[] {
  let capacity = 16
  while (keys.length > capacity * 0.75) capacity *= 2
  const bucketOf = (key: string) => {
    const hash = javaStringHash(key)
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  // Array.prototype.sort is stable, so keys of one bucket keep their insertion order.
  return keys.map((_, index) => index).sort((a, b) => bucketOf(keys[a]!) - bucketOf(keys[b]!))
}

/**
 * `keys` in the order of `Properties.propertyNames()`: the entries of its map (16 buckets and more)
 * are copied into a `Hashtable` (11 buckets, then 2n + 1), which is walked from the last bucket
 * down. The newest entry of a bucket comes first.
 */
export function propertyNamesOrder(keys: readonly string[]): string[] {
  let buckets: string[][] = Array.from({ length: 11 }, () => [])
  let count = 0
  const put = (key: string) => {
    const index = (javaStringHash(key) & 0x7fffffff) % buckets.length
    buckets[index]!.unshift(key)
  }
  for (const index of hashMapOrder(keys)) {
    if (count >= Math.floor(buckets.length * 0.75)) {
      const entries = buckets.toReversed().flat()
      buckets = Array.from({ length: buckets.length * 2 + 1 }, () => [])
      for (const entry of entries) put(entry)
    }
    put(keys[index]!)
    count++
  }
  return buckets.toReversed().flat()
}
