/**
 * THE OTHER SEAM: the interface of a value-log garbage collection policy to the engine. Pure types.
 *
 * A policy sees the log's segments (data only: no I/O, clock or randomness) and answers which one
 * to clean now, or null. Equal views give equal picks. The engine is responsible for safety: it
 * determines itself which values are live, and removes a segment only when nothing can reach it.
 *
 * The view lists segments that are sealed and hold data. Segments that appear during a drain wait
 * for the next drain, so that a policy that always picks still comes to an end.
 */

import type { PickReason } from './strategy.ts'

/** A policy of value-log collection: which segment is cleaned next. */
export interface ValueLogPolicy {
  readonly name: string
  /**
   * The next segment to clean, whose live values are then appended again; null if none is due.
   * Pure.
   */
  pick(view: ValueLogView): CollectSpec | null
  /**
   * Compactions move the values they meet in segments numbered below this into new segments. 0
   * means none. Pure.
   */
  relocateBelow(view: ValueLogView): number
}

/** What a policy sees: the segments of the value log at one moment, as data. */
export interface ValueLogView {
  /** Sealed segments that hold data, oldest first. */
  readonly segments: readonly SegmentStats[]
  /**
   * Record bytes of segments that cannot be collected yet, because the memtable points into them.
   */
  readonly unsealedBytes: number
}

/** The account of one sealed segment, in bytes and records. */
export interface SegmentStats {
  /** Number of the segment. A higher number is younger. */
  readonly segment: number
  readonly records: number
  /** Σ record bytes. */
  readonly recordBytes: number
  /** Record bytes that tables point to. Garbage counts from the merge that found it. */
  readonly referencedBytes: number
}

/** What `pick` answers: the segment to clean, and why. */
export interface CollectSpec {
  readonly segment: number
  /** The trigger's formula with the values that made it true. */
  readonly reason: PickReason
}
