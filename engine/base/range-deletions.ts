/**
 * Owns a set of deleted key ranges and the question that reads and merges ask of it: which deletion
 * hides a version of a key? A deletion of [from, to) at a sequence number hides the older versions
 * of all keys from `from` up to but without `to`.
 *
 * The ranges are kept as fragments (RocksDB's `FragmentedRangeTombstoneList`): where ranges
 * overlap, they are divided at each other's ends, so that a key has at most one fragment.
 *
 *   added       [a ─────────── g)@3              fragments   [a ── d)  @3
 *                      [d ─────────── k)@8                   [d ── g)  @8 @3
 *                                                            [g ── k)  @8
 *
 * Invariant: fragments ascend and are disjoint; none is empty; the sequence numbers of a fragment
 * descend strictly.
 */

import { assert } from './assert.ts'
import { compareBytes, compareRanges } from './compare.ts'
import { ENTRY_KIND, type SeqNum } from './internal-key.ts'
import type { Lookup } from './lookup.ts'

/** One deletion: keys from `from` (inclusive) to `to` (exclusive), at `seq`. Owned. */
export interface RangeDeletion {
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly seq: SeqNum
}

/** Keys that the same deletions cover. */
export interface Fragment {
  /** Inclusive. */
  readonly from: Uint8Array
  /** Exclusive. */
  readonly to: Uint8Array
  /** The sequence numbers of the deletions, descending. */
  readonly seqs: readonly SeqNum[]
}

/** Less than every sequence number: no deletion covers the key. */
export const NOT_DELETED = -1

const EMPTY = new Uint8Array(0)
/** Memory of a fragment with one number, without the bytes of its keys; measured on Node 24. */
const FRAGMENT_BYTES = 500

export class RangeDeletions {
  readonly #fragments: Fragment[] = []

  /** In key order. They change when a deletion is added. */
  get fragments(): readonly Fragment[] {
    return this.#fragments
  }

  /** Estimate of the memory of all fragments. It walks them. */
  get memoryBytes(): number {
    let bytes = 0
    for (const { from, to, seqs } of this.#fragments) {
      bytes += FRAGMENT_BYTES + from.length + to.length + 8 * (seqs.length - 1)
    }
    return bytes
  }

  get isEmpty(): boolean {
    return this.#fragments.length === 0
  }

  /** Adds a deletion and keeps both keys. Deletions may be added in any order. */
  add({ from, to, seq }: RangeDeletion): void {
    assert(compareBytes(from, to) < 0, 'a deleted range is not empty')
    const fragments = this.#fragments
    let at = this.indexOf(from, 0, from.length)
    let start = from
    while (compareBytes(start, to) < 0) {
      const next = fragments[at]
      if (next === undefined || compareBytes(to, next.from) <= 0) {
        fragments.splice(at, 0, { from: start, to, seqs: [seq] })
        return
      }
      const order = compareBytes(start, next.from)
      if (order < 0) {
        fragments.splice(at, 0, { from: start, to: next.from, seqs: [seq] })
        start = next.from
      } else if (order > 0) {
        this.#split(at, start)
      } else {
        if (compareBytes(to, next.to) < 0) this.#split(at, to)
        const { from: same, to: end, seqs } = fragments[at]!
        fragments[at] = { from: same, to: end, seqs: withSeq(seqs, seq) }
        start = end
      }
      at++
    }
  }

  /** Adds all deletions of `other`. */
  addAll(other: RangeDeletions): void {
    for (const { from, to, seqs } of other.fragments) {
      for (const seq of seqs) this.add({ from, to, seq })
    }
  }

  /** Index of the first fragment that ends after the key, or the number of fragments. */
  indexOf(keyBytes: Uint8Array, keyStart: number, keyLength: number): number {
    const fragments = this.#fragments
    let low = 0
    let high = fragments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { to } = fragments[middle]!
      if (compareRanges(to, 0, to.length, keyBytes, keyStart, keyLength) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The newest deletion of the key at or before `snapshot`, or `NOT_DELETED`. */
  newestFor(keyBytes: Uint8Array, keyStart: number, keyLength: number, snapshot: SeqNum): SeqNum {
    const fragment = this.#fragments[this.indexOf(keyBytes, keyStart, keyLength)]
    if (fragment === undefined) return NOT_DELETED
    const { from, seqs } = fragment
    if (compareRanges(from, 0, from.length, keyBytes, keyStart, keyLength) > 0) return NOT_DELETED
    return newestAt(seqs, snapshot)
  }

  /**
   * Turns the answer of a lookup in one source into the answer with its deleted ranges. `isFound`:
   * `lookup` has the key's newest version at or before `snapshot`. If a deletion is newer, `lookup`
   * becomes a deletion. Returns whether the source has an answer.
   */
  answer(userKey: Uint8Array, snapshot: SeqNum, lookup: Lookup, isFound: boolean): boolean {
    const seq = this.newestFor(userKey, 0, userKey.length, snapshot)
    if (seq === NOT_DELETED || (isFound && lookup.seq >= seq)) return isFound
    lookup.set(seq, ENTRY_KIND.deletion, EMPTY, 0, 0)
    return true
  }

  /** Divides fragment `at` before `key`, which lies inside it. */
  #split(at: number, key: Uint8Array): void {
    const { from, to, seqs } = this.#fragments[at]!
    this.#fragments.splice(at, 1, { from, to: key, seqs }, { from: key, to, seqs })
  }
}

/** The first of the descending `seqs` at or before `snapshot`, or `NOT_DELETED`. */
export function newestAt(seqs: readonly SeqNum[], snapshot: SeqNum): SeqNum {
  for (const seq of seqs) if (seq <= snapshot) return seq
  return NOT_DELETED
}

function withSeq(seqs: readonly SeqNum[], seq: SeqNum): readonly SeqNum[] {
  if (seq > seqs[0]!) return [seq, ...seqs]
  if (seqs.includes(seq)) return seqs
  const at = seqs.findIndex((other) => other < seq)
  return at < 0 ? [...seqs, seq] : seqs.toSpliced(at, 0, seq)
}
