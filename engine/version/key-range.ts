/**
 * Owns ranges of user keys. Invariant: `smallest` ≤ `largest`, and smaller if the range is open. An
 * open range ends before `largest`, as a deleted range does: no key comes directly before another,
 * so such an end cannot be written as a key that belongs to the range.
 */

import { compareBytes } from '../base/compare.ts'

/** A range of user keys: `smallest` belongs to it, and `largest` too unless the range is open. */
export interface KeyRange {
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
  /** True: `largest` does not belong to the range. Default: false. */
  readonly isOpen?: boolean
}

/** Whether the range ends before `key`: neither `key` nor a later key belongs to it. */
export function endsBefore(range: Pick<KeyRange, 'largest' | 'isOpen'>, key: Uint8Array): boolean {
  const order = compareBytes(range.largest, key)
  return order < 0 || (order === 0 && range.isOpen === true)
}

/** Whether the two ranges have a key in common. */
export function overlaps(a: KeyRange, b: KeyRange): boolean {
  return !endsBefore(a, b.smallest) && !endsBefore(b, a.smallest)
}

/** Whether `key` lies in the range. */
export function contains(range: KeyRange, key: Uint8Array): boolean {
  return compareBytes(range.smallest, key) <= 0 && !endsBefore(range, key)
}

/** Whether `a` ends after `b`: it has keys that come after all keys of `b`. */
export function endsAfter(
  a: Pick<KeyRange, 'largest' | 'isOpen'>,
  b: Pick<KeyRange, 'largest' | 'isOpen'>,
): boolean {
  const order = compareBytes(a.largest, b.largest)
  return order > 0 || (order === 0 && b.isOpen === true && a.isOpen !== true)
}

/** The smallest range that contains all of `ranges`; null if there are none. */
export function hull(ranges: Iterable<KeyRange>): KeyRange | null {
  let smallest: Uint8Array | null = null
  let last: KeyRange | null = null
  for (const range of ranges) {
    if (smallest === null || compareBytes(range.smallest, smallest) < 0) smallest = range.smallest
    if (last === null || endsAfter(range, last)) last = range
  }
  return smallest === null || last === null ? null : rangeUntil(smallest, last)
}

/** The range from `smallest` to the end of `last`. */
export function rangeUntil(
  smallest: Uint8Array,
  last: Pick<KeyRange, 'largest' | 'isOpen'>,
): KeyRange {
  const { largest } = last
  return last.isOpen === true ? { smallest, largest, isOpen: true } : { smallest, largest }
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
