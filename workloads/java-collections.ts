/**
 * Owns the iteration orders of two Java collections keyed by strings. YCSB draws a record's values,
 * and the RocksDB binding encodes them, in the order of a `HashMap`; its client prints its
 * properties in that of a `Hashtable`. Both orders are facts of the JDK's algorithms.
 */

/** `String.hashCode()`. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/**
 * The positions of `keys` in the order of a `HashMap` they were put into one by one: by bucket,
 * then by insertion, which splits on growth keep. (Buckets of nine and more become trees, whose
 * order may differ.)
 */
export function hashMapOrder(keys: readonly string[]): number[] {
  let capacity = 16
  while (keys.length > capacity * 0.75) capacity *= 2
  const bucketOf = (key: string) => {
    const hash = javaStringHash(key)
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  // Array.prototype.sort is stable, so insertion order stands within a bucket.
  return keys.map((_, index) => index).sort((a, b) => bucketOf(keys[a]!) - bucketOf(keys[b]!))
}

/**
 * `keys` as `Properties.propertyNames()` lists them: the entries of its map (16 buckets and more)
 * are copied into a `Hashtable` (11 buckets, then 2n + 1), which is walked from the last bucket
 * down; a bucket's newest entry comes first.
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
