/**
 * Owns the contract by which a compaction moves the values that it meets out of old segments
 * (BlobDB's collection). The entry keeps its sequence number; only the place of its value changes.
 */

import type { SealedSegment } from '../version/segment-meta.ts'
import type { ValuePointer } from '../vlog/value-pointer.ts'

/** Which values a merge moves: those that lie in these segments, none of which is spent. */
export interface ValueMoves {
  readonly segments: readonly number[]
}

export interface ValueRelocation {
  /** Whether values are moved out of the segment. */
  moves(segment: number): boolean
  /** Record bytes of the values moved so far. */
  readonly movedBytes: number
  /** Holds the pointer to the value moved last. */
  readonly pointerBytes: Uint8Array
  readonly pointerLength: number
  /**
   * Verifies the value of a key and copies it to a new segment. `pointer` becomes the new pointer.
   */
  relocate(pointer: ValuePointer, keyBytes: Uint8Array, keyStart: number, keyLength: number): void
  /** Makes the moved values durable. Returns the segments that hold them. */
  finish(): readonly SealedSegment[]
  /** Closes files that a failure left open. They are orphans that the next recovery removes. */
  abandon(): void
}
