/**
 * THE OTHER SEAM: what a policy of value-log garbage collection is to the engine. Pure types.
 *
 * A policy sees the log's segments (data only: no I/O, clock or randomness) and answers which one to
 * clean now, or null. Equal views give equal picks. Safety is not its business: the engine finds out
 * itself which values are live, and lets a segment go only when nothing can reach it.
 *
 * Segments are offered while they are sealed and hold data. Those that appear during a drain wait for
 * the next, so that a policy which never has enough still ends.
 */

import type { PickReason } from './strategy.ts'

/** A policy of value-log collection: which segment is cleaned next. */
export interface ValueLogPolicy {
  readonly name: string
  /** The next segment to clean, whose live values are then appended anew; null when none is due. Pure. */
  pick(view: ValueLogView): CollectSpec | null
  /** Compactions move the values they meet in segments numbered below this to new ones. 0: none. Pure. */
  relocateBelow(view: ValueLogView): number
}

/** What a policy sees: the segments of the value log at one moment, as data. */
export interface ValueLogView {
  /** Sealed segments that hold data, oldest first. */
  readonly segments: readonly SegmentStats[]
  /** Record bytes of segments that cannot be collected yet: the memtable points into them. */
  readonly unsealedBytes: number
}

/** The account of one sealed segment, in bytes and records. */
export interface SegmentStats {
  /** Its number: the higher, the younger. */
  readonly segment: number
  readonly records: number
  /** Σ record bytes. */
  readonly recordBytes: number
  /** Of those, what tables point to: garbage counts from when a merge found it. */
  readonly referencedBytes: number
}

/** What `pick` answers: the segment to clean, and why. */
export interface CollectSpec {
  readonly segment: number
  /** The trigger's formula with the values that made it true. */
  readonly reason: PickReason
}
