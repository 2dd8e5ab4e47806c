/**
 * Owns which entries survive a flush or a merge. The engine decides this, never a strategy.
 *
 * - Snapshots divide the sequence numbers into stripes. Of a key's versions in one stripe only the
 *   newest is visible to anybody; the others are dropped.
 * - A tombstone is dropped if no snapshot is older than it and no table older than the output has
 *   its key in range: then it has nothing left to hide.
 *
 * Invariant: entries come in internal order, so the versions of a key are neighbours, newest first.
 */

import { compareRanges } from '../base/compare.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'

export interface EntrySink {
  /** Called once for every user key that has a surviving entry, before `add`. */
  startKey(keyBytes: Uint8Array, keyStart: number, keyLength: number): void
  /** Takes the cursor's current entry. */
  add(cursor: InternalCursor): void
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

/** Passes the surviving entries of `source` within `keys` to `sink`. `snapshots` ascend. */
export function writeSurvivors(
  source: InternalCursor,
  snapshots: readonly number[],
  sink: EntrySink,
  { from, to }: SourceKeys = ALL_KEYS,
): DroppedEntries {
  const oldestSnapshot = snapshots[0] ?? Number.POSITIVE_INFINITY
  const dropped = { shadowed: 0, tombstones: 0 }
  let key = new Uint8Array(256)
  let keyLength = -1
  let started = false
  let stripe = -1
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
    }
    const own = stripeOf(snapshots, source.seq)
    if (sameKey && own === stripe) {
      dropped.shadowed++
      continue
    }
    stripe = own
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
function stripeOf(snapshots: readonly number[], seq: number): number {
  let index = 0
  while (index < snapshots.length && snapshots[index]! < seq) index++
  return index
}
