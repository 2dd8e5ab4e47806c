/**
 * Owns the rule by which a table ends at a soft key (`SoftCuts` of the seam). It follows the
 * entries of one output in key order and counts the soft keys that the open table has crossed, and
 * the bytes of deeper tables that it overlaps.
 *
 * Invariant: after `advance`, exactly the soft keys at or before the entry's key are behind. The
 * overlap contains the deeper table in which the open table's first key lies.
 *
 * Source: RocksDB 7.8, `CompactionOutputs::ShouldStopBefore`, `UpdateGrandparentBoundaryInfo`.
 */

import { compareRanges } from '../base/compare.ts'
import type { SoftCuts } from './strategy.ts'

/** So many keys crossed at once skip a deeper table if the entry lies inside another … */
const SKIPPING_KEYS = 3
/** … and so many if it lies between two deeper tables. */
const SKIPPING_KEYS_IN_GAP = 2

export class SoftCutWalk {
  readonly #cuts: SoftCuts
  /** Number of soft keys at or before the last key. */
  #behind = 0
  /** Soft keys that the last key crossed. */
  #crossedNow = 0
  /** Soft keys that the open table crossed, those of the last key included. */
  #crossed = 0
  /** Raw bytes of the deeper tables that the open table overlaps if it takes the last key. */
  #overlapBytes = 0
  /** By how much the last key raised the overlap. */
  #grownBytes = 0

  constructor(cuts: SoftCuts) {
    this.#cuts = cuts
  }

  /** Goes to the next user key. Keys ascend from call to call. */
  advance(keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    const { keys, overlapBytes } = this.#cuts
    const from = this.#behind
    let behind = from
    let grownBytes = 0
    for (; behind < keys.length; behind++) {
      const key = keys[behind]!
      if (compareRanges(keyBytes, keyStart, keyLength, key, 0, key.length) < 0) break
      grownBytes += overlapBytes[behind]!
    }
    this.#behind = behind
    this.#crossedNow = behind - from
    this.#crossed += this.#crossedNow
    this.#grownBytes = grownBytes
    this.#overlapBytes += grownBytes
  }

  /** Whether the open table, which has `rawBytes`, ends before the key of the last `advance`. */
  endsTable(rawBytes: number): boolean {
    if (this.#crossedNow === 0) return false
    const { endsFrom, overlapBytesMax, skippedBytesMin } = this.#cuts
    if (overlapBytesMax !== null && this.#overlapBytes + rawBytes > overlapBytesMax) return true
    if (skippedBytesMin !== null && this.#grownBytes > skippedBytesMin) {
      const isInGap = this.#overlapHere() === 0
      if (this.#crossedNow >= (isInGap ? SKIPPING_KEYS_IN_GAP : SKIPPING_KEYS)) return true
    }
    return rawBytes >= endsFrom[Math.min(this.#crossed, endsFrom.length) - 1]!
  }

  /** A table starts with the key of the last `advance`. */
  startTable(): void {
    this.#crossed = 0
    this.#overlapBytes = this.#overlapHere()
  }

  /** Raw bytes of the deeper table in which the last key lies; 0 between two tables. */
  #overlapHere(): number {
    return this.#behind === 0 ? 0 : this.#cuts.overlapBytes[this.#behind - 1]!
  }
}
