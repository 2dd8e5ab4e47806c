/**
 * Owns the ranges that a transaction has deleted, as one set of keys. Invariant of a list: ranges
 * ascend, none is empty, and no two of them meet. Lists are never changed.
 */

import { compareBytes, compareRanges } from '../base/compare.ts'

/** Keys from `from`, inclusive, to `to`, exclusive. */
export interface DeletedRange {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/** The list with the keys of `added`, which is not empty. */
export function withRange(
  ranges: readonly DeletedRange[],
  added: DeletedRange,
): readonly DeletedRange[] {
  let { from, to } = added
  const before: DeletedRange[] = []
  const after: DeletedRange[] = []
  for (const range of ranges) {
    if (compareBytes(range.to, from) < 0) before.push(range)
    else if (compareBytes(range.from, to) > 0) after.push(range)
    else {
      if (compareBytes(range.from, from) < 0) from = range.from
      if (compareBytes(range.to, to) > 0) to = range.to
    }
  }
  return [...before, { from, to }, ...after]
}

/** The range that holds the key, or null. */
export function rangeWith(
  ranges: readonly DeletedRange[],
  keyBytes: Uint8Array,
  keyStart: number,
  keyLength: number,
): DeletedRange | null {
  const order = (bound: Uint8Array) =>
    compareRanges(bound, 0, bound.length, keyBytes, keyStart, keyLength)
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (order(ranges[middle]!.to) <= 0) low = middle + 1
    else high = middle
  }
  const range = ranges[low]
  return range !== undefined && order(range.from) <= 0 ? range : null
}
