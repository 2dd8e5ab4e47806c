/**
 * Owns the lists of entries that tables hold in an exact simulation, as typed arrays. There are no
 * snapshots, so a table keeps one version of a key, the newest.
 *
 * Invariant: keys ascend strictly by the key book's order.
 */

import type { KeyBook, KeyId } from './key-book.ts'

/** The value length that stands for a deletion. */
export const TOMBSTONE = -1

export class Entries {
  length = 0
  readonly keys: Uint32Array
  readonly seqs: Float64Array
  /** Bytes of the value, or TOMBSTONE. */
  readonly valueLengths: Int32Array

  constructor(capacity: number) {
    this.keys = new Uint32Array(capacity)
    this.seqs = new Float64Array(capacity)
    this.valueLengths = new Int32Array(capacity)
  }

  push(key: KeyId, seq: number, valueLength: number): void {
    this.keys[this.length] = key
    this.seqs[this.length] = seq
    this.valueLengths[this.length] = valueLength
    this.length++
  }

  /** Appends entry `at` of another list. */
  take(other: Entries, at: number): void {
    this.push(other.keys[at]!, other.seqs[at]!, other.valueLengths[at]!)
  }

  /** Index of the first entry at or after a key, given as text; `length` if there is none. */
  lowerBound(book: KeyBook, text: string): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (book.textOf(this.keys[middle]!) < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Joins lists whose key ranges are disjoint and ascend. */
export function concatenated(lists: readonly Entries[]): Entries {
  if (lists.length === 1) return lists[0]!
  const all = new Entries(lists.reduce((sum, list) => sum + list.length, 0))
  for (const list of lists) {
    all.keys.set(list.keys.subarray(0, list.length), all.length)
    all.seqs.set(list.seqs.subarray(0, list.length), all.length)
    all.valueLengths.set(list.valueLengths.subarray(0, list.length), all.length)
    all.length += list.length
  }
  return all
}

/** Every key of either list once, in the version of `newer` if both have it. */
export function merged(book: KeyBook, newer: Entries, older: Entries): Entries {
  const all = new Entries(newer.length + older.length)
  let a = 0
  let b = 0
  while (a < newer.length && b < older.length) {
    const order = book.compare(newer.keys[a]!, older.keys[b]!)
    if (order > 0) {
      all.take(older, b++)
      continue
    }
    all.take(newer, a++)
    if (order === 0) b++
  }
  while (a < newer.length) all.take(newer, a++)
  while (b < older.length) all.take(older, b++)
  return all
}
