/**
 * Owns which entries survive a flush or a merge. The engine decides this, never a strategy.
 *
 * - Snapshots cut the sequence numbers into stripes; of the versions of a key in one stripe only the
 *   newest can be seen by anyone, the others are dropped.
 * - A tombstone is dropped when no snapshot is older than it and no table older than the output
 *   holds its key in range: then there is nothing left for it to hide.
 *
 * Invariant: entries come in internal order, so the versions of a key are neighbours, newest first.
 */

import { compareRanges } from '../base/compare.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'

export interface EntrySink {
  /** Called for every user key that has a surviving entry, before `add`, once. */
  startKey(keyBytes: Uint8Array, keyStart: number, keyLength: number): void
  /** Takes the cursor's current entry. */
  add(cursor: InternalCursor): void
  /** Whether a table older than where this key goes may hold it; keys never descend. */
  olderMayHold(keyBytes: Uint8Array, keyStart: number, keyLength: number): boolean
}

/** What a merge left out. */
export interface DroppedEntries {
  readonly shadowed: number
  readonly tombstones: number
}

/** Feeds the surviving entries of `source`, from its first, to `sink`. Snapshots ascend. */
export function writeSurvivors(
  source: InternalCursor,
  snapshots: readonly number[],
  sink: EntrySink,
): DroppedEntries {
  const oldestSnapshot = snapshots[0] ?? Number.POSITIVE_INFINITY
  const dropped = { shadowed: 0, tombstones: 0 }
  let key = new Uint8Array(256)
  let keyLength = -1
  let started = false
  let stripe = -1
  for (source.seekToFirst(); source.valid; source.next()) {
    const sameKey =
      keyLength >= 0 &&
      compareRanges(source.keyBytes, source.keyStart, source.keyLength, key, 0, keyLength) === 0
    if (!sameKey) {
      keyLength = source.keyLength
      if (keyLength > key.length) key = new Uint8Array(keyLength * 2)
      for (let i = 0; i < keyLength; i++) key[i] = source.keyBytes[source.keyStart + i]!
      started = false
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

/** Index of the oldest snapshot that sees `seq`; the number of snapshots when only "now" does. */
function stripeOf(snapshots: readonly number[], seq: number): number {
  let index = 0
  while (index < snapshots.length && snapshots[index]! < seq) index++
  return index
}
