/** Owns closed ranges of user keys. Invariant: `smallest` ≤ `largest`, both inclusive. */

import { compareBytes } from '../base/compare.ts'

/** A closed range of user keys: both ends belong to it. */
export interface KeyRange {
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
}

/** Whether the two ranges have a key in common. */
export function overlaps(a: KeyRange, b: KeyRange): boolean {
  return compareBytes(a.smallest, b.largest) <= 0 && compareBytes(b.smallest, a.largest) <= 0
}

/** Whether `key` lies in the range. */
export function contains(range: KeyRange, key: Uint8Array): boolean {
  return compareBytes(range.smallest, key) <= 0 && compareBytes(key, range.largest) <= 0
}

/** The smallest range that contains all of `ranges`; null if there are none. */
export function hull(ranges: Iterable<KeyRange>): KeyRange | null {
  let smallest: Uint8Array | null = null
  let largest: Uint8Array | null = null
  for (const range of ranges) {
    if (smallest === null || compareBytes(range.smallest, smallest) < 0) smallest = range.smallest
    if (largest === null || compareBytes(range.largest, largest) > 0) largest = range.largest
  }
  return smallest === null || largest === null ? null : { smallest, largest }
}

/** Index of the last of ascending `items` that starts at the key or before it; −1 if none does. */
export function lastStartingBy(
  items: readonly { readonly smallest: Uint8Array }[],
  key: Uint8Array,
): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(items[middle]!.smallest, key) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}
