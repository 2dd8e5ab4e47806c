/**
 * Owns the contract by which a compaction moves values out of old segments as it passes (BlobDB's
 * collection). The entry keeps its sequence number: only where its value lies changes.
 */

import type { SealedSegment } from '../version/segment-meta.ts'
import type { ValuePointer } from '../vlog/value-pointer.ts'

export interface ValueRelocation {
  /** Whether values are moved out of the segment; never out of a spent one, which holds none. */
  moves(segment: number): boolean
  /** Where the pointer to the value moved last lies. */
  readonly pointerBytes: Uint8Array
  readonly pointerLength: number
  /** Copies the value of a key, verified, to a new segment; `pointer` becomes the new one. */
  relocate(pointer: ValuePointer, keyBytes: Uint8Array, keyStart: number, keyLength: number): void
  /** Makes what was moved durable; the segments it went to. */
  finish(): readonly SealedSegment[]
  /** Closes what a failure left open; the files are orphans for the next recovery. */
  abandon(): void
}
