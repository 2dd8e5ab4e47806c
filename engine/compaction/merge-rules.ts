/**
 * Owns which entries survive a flush or a merge. The engine decides this, never a strategy.
 *
 * - Snapshots divide the sequence numbers into stripes. Of a key's versions in one stripe only the
 *   newest is visible to anybody; the others are dropped.
 * - A tombstone is dropped if no snapshot is older than it and no table older than the output has
 *   its key in range: then it has nothing left to hide.
 * - A version is dropped if a newer deletion of a range hides it from everybody: no snapshot lies
 *   between the two. `surviving-ranges.ts` says which deletions of ranges survive.
 *
 * Invariant: entries come in internal order, so the versions of a key are neighbours, newest first.
 */

import { compareRanges } from '../base/compare.ts'
import type { Entry, InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { type Fragment, newestAt, type RangeDeletions } from '../base/range-deletions.ts'

export interface EntrySink {
  /** Called once for every user key that has a surviving entry, before `add`. */
  startKey(keyBytes: Uint8Array, keyStart: number, keyLength: number): void
  /** Takes an entry. */
  add(entry: Entry): void
  /**
   * Whether a table older than this key's output may hold the key. Keys never descend between
   * calls.
   */
  olderMayHold(keyBytes: Uint8Array, keyStart: number, keyLength: number): boolean
}

/** Counts of the entries that a merge dropped. */
export interface DroppedEntries {
  readonly shadowed: number
  readonly tombstones: number
}

/** The user keys that a job reads: `from` inclusive, `to` exclusive. Null: no bound. */
export interface SourceKeys {
  readonly from: Uint8Array | null
  readonly to: Uint8Array | null
}

export const ALL_KEYS: SourceKeys = { from: null, to: null }

/**
 * Passes the surviving entries of `source` within `keys` to `sink`. `snapshots` ascend.
 * `deletions`: the range deletions of the same source, or null if it has none.
 */
export function writeSurvivors(
  source: InternalCursor,
  snapshots: readonly number[],
  sink: EntrySink,
  { from, to }: SourceKeys = ALL_KEYS,
  deletions: RangeDeletions | null = null,
): DroppedEntries {
  const oldestSnapshot = snapshots[0] ?? Number.POSITIVE_INFINITY
  const dropped = { shadowed: 0, tombstones: 0 }
  let key = new Uint8Array(256)
  let keyLength = -1
  let started = false
  let stripe = -1
  const walk = deletions === null ? null : new DeletionWalk(deletions)
  if (from === null) source.seekToFirst()
  else source.seek(from, SEQ_NUM_MAX)
  for (; source.valid; source.next()) {
    const sameKey =
      keyLength >= 0 &&
      compareRanges(source.keyBytes, source.keyStart, source.keyLength, key, 0, keyLength) === 0
    if (!sameKey) {
      keyLength = source.keyLength
      if (keyLength > key.length) key = new Uint8Array(keyLength * 2)
      for (let i = 0; i < keyLength; i++) key[i] = source.keyBytes[source.keyStart + i]!
      started = false
      if (to !== null && compareRanges(key, 0, keyLength, to, 0, to.length) >= 0) break
      walk?.advance(key, keyLength)
    }
    const own = stripeOf(snapshots, source.seq)
    const isDeleted = walk?.hides(source.seq, snapshots[own] ?? SEQ_NUM_MAX) === true
    const isShadowed = sameKey && own === stripe
    stripe = own
    if (isShadowed || isDeleted) {
      dropped.shadowed++
      continue
    }
    if (
      source.kind === ENTRY_KIND.deletion &&
      source.seq <= oldestSnapshot &&
      !sink.olderMayHold(key, 0, keyLength)
    ) {
      dropped.tombstones++
      continue
    }
    if (!started) sink.startKey(key, 0, keyLength)
    started = true
    sink.add(source)
  }
  return dropped
}

/**
 * Index of the oldest snapshot that sees `seq`, or the number of snapshots if only new readers see
 * it.
 */
export function stripeOf(snapshots: readonly number[], seq: number): number {
  let index = 0
  while (index < snapshots.length && snapshots[index]! < seq) index++
  return index
}

/** A walk along the range deletions of a job, for keys that ascend. */
class DeletionWalk {
  readonly #fragments: readonly Fragment[]
  #at = 0
  /** The deletions of the key; null if there are none. */
  #seqs: readonly number[] | null = null

  constructor({ fragments }: RangeDeletions) {
    this.#fragments = fragments
  }

  /** Goes to a user key: the first `length` bytes of `key`. */
  advance(key: Uint8Array, length: number): void {
    const fragments = this.#fragments
    for (; this.#at < fragments.length; this.#at++) {
      const { from, to, seqs } = fragments[this.#at]!
      if (compareRanges(to, 0, to.length, key, 0, length) <= 0) continue
      this.#seqs = compareRanges(from, 0, from.length, key, 0, length) <= 0 ? seqs : null
      return
    }
    this.#seqs = null
  }

  /** Whether a deletion at or before `snapshot` is newer than the version `seq` of the key. */
  hides(seq: number, snapshot: number): boolean {
    return this.#seqs !== null && newestAt(this.#seqs, snapshot) > seq
  }
}
