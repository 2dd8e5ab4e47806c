/**
 * Owns which range deletions survive a flush or a merge, and their division at the borders of
 * tables. The rules are those of keys (`merge-rules.ts`):
 *
 * - Of the deletions of a key that no snapshot tells apart, only the newest has an effect.
 * - A deletion is dropped if no snapshot is older than it and no table older than the output has
 *   keys in its range.
 *
 * Invariant: pieces come in key order, and none crosses a border. Pieces that touch and have the
 * same deletions, as the border of two input tables leaves them, are joined before they are divided
 * again.
 */

import { compareBytes } from '../base/compare.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { Fragment, RangeDeletions } from '../base/range-deletions.ts'
import type { KeyRange } from '../version/key-range.ts'
import { type SourceKeys, stripeOf } from './merge-rules.ts'
import { meetsAny } from './older-ranges.ts'

export class SurvivingRanges {
  /** How many deletions were dropped because nothing older lies under them. */
  dropped = 0
  readonly #fragments: readonly Fragment[]
  readonly #oldestSnapshot: SeqNum
  #at = 0
  /** Where the rest of the current fragment starts; null: at its beginning. */
  #from: Uint8Array | null = null

  /** Of the deletions of a job's source, those within `keys`. `snapshots` ascend. */
  constructor(deletions: RangeDeletions, snapshots: readonly SeqNum[], keys: SourceKeys) {
    this.#oldestSnapshot = snapshots[0] ?? Number.POSITIVE_INFINITY
    const joined: Fragment[] = []
    for (const { from, to, seqs } of deletions.fragments) {
      const start = keys.from !== null && compareBytes(from, keys.from) < 0 ? keys.from : from
      const end = keys.to !== null && compareBytes(keys.to, to) < 0 ? keys.to : to
      if (compareBytes(start, end) < 0) {
        join(joined, { from: start, to: end, seqs: newestOfStripes(seqs, snapshots) })
      }
    }
    this.#fragments = joined
  }

  /**
   * The next piece that starts before `border` (null: anywhere) and must be written, cut at the
   * border; null if there is none. `older`: where tables older than the output may hold keys.
   */
  take(border: Uint8Array | null, older: readonly KeyRange[]): Fragment | null {
    for (;;) {
      const fragment = this.#fragments[this.#at]
      if (fragment === undefined) return null
      const from = this.#from ?? fragment.from
      if (border !== null && compareBytes(border, from) <= 0) return null
      let { to } = fragment
      if (border !== null && compareBytes(border, to) < 0) {
        to = border
        this.#from = border
      } else {
        this.#from = null
        this.#at++
      }
      const seqs = this.#needed(fragment.seqs, { smallest: from, largest: to, isOpen: true }, older)
      if (seqs.length > 0) return { from, to, seqs }
    }
  }

  /** At most the last number is at or before the oldest snapshot: there is one a stripe. */
  #needed(seqs: readonly SeqNum[], range: KeyRange, older: readonly KeyRange[]): readonly SeqNum[] {
    if (seqs.at(-1)! > this.#oldestSnapshot || meetsAny(older, range)) return seqs
    this.dropped++
    return seqs.slice(0, -1)
  }
}

/** Of the descending `seqs`, the newest that each snapshot sees. */
function newestOfStripes(seqs: readonly SeqNum[], snapshots: readonly SeqNum[]): readonly SeqNum[] {
  return seqs.filter(
    (seq, at) => at === 0 || stripeOf(snapshots, seqs[at - 1]!) !== stripeOf(snapshots, seq),
  )
}

/** Adds `next` behind the pieces, as a part of the last one if it continues it. */
function join(pieces: Fragment[], next: Fragment): void {
  const last = pieces.at(-1)
  const continues =
    last !== undefined &&
    compareBytes(last.to, next.from) === 0 &&
    last.seqs.length === next.seqs.length &&
    last.seqs.every((seq, at) => seq === next.seqs[at])
  if (continues) pieces[pieces.length - 1] = { from: last.from, to: next.to, seqs: last.seqs }
  else pieces.push(next)
}
