/**
 * Owns the live snapshots: the moments some reader may still ask for. Invariant: flushes and merges
 * keep, for every snapshot here, the newest version of each key at or before it. Only a snapshot that
 * was taken here can be read at: another database's, or that of an earlier open, names another moment.
 */

import { isProxy } from 'node:util/types'
import { show } from '../base/arguments.ts'
import { invalidArgument, LsmError } from '../base/errors.ts'
import type { SeqNum } from '../base/internal-key.ts'

/** A moment to read at. Dispose of it (`using`), or its versions are kept until the close. */
export interface Snapshot extends Disposable {
  /** `LSM_CLOSED` once released: its versions may be gone, and a read at it would be wrong. */
  readonly seq: SeqNum
  /** Idempotent. */
  release(): void
}

export class SnapshotList {
  /** Ascending, one per live snapshot, equal ones repeated. */
  readonly #seqs: SeqNum[] = []
  readonly #taken = new WeakSet<Snapshot>()
  readonly #released: () => void

  /** `released` hears of every snapshot that goes. */
  constructor(released: () => void = () => {}) {
    this.#released = released
  }

  take(seq: SeqNum): Snapshot {
    this.#seqs.push(seq)
    let held = true
    const release = () => {
      if (!held) return
      held = false
      this.#seqs.splice(this.#seqs.indexOf(seq), 1)
      this.#released()
    }
    const snapshot: Snapshot = {
      get seq() {
        if (!held) throw new LsmError('LSM_CLOSED', `the snapshot at ${seq} was released`)
        return seq
      },
      release,
      [Symbol.dispose]: release,
    }
    this.#taken.add(snapshot)
    return Object.freeze(snapshot)
  }

  /** The moment of a snapshot taken here and not released: `LSM_INVALID_ARGUMENT`, `LSM_CLOSED`. */
  seqOf(snapshot: Snapshot): SeqNum {
    if (this.#taken.has(snapshot)) return snapshot.seq
    const isObject = typeof snapshot === 'object' && snapshot !== null && !isProxy(snapshot)
    if (isObject && 'seq' in snapshot) {
      throw invalidArgument(
        'the snapshot was taken from another database, or before it was reopened',
      )
    }
    throw invalidArgument(`snapshot must be what snapshot() gave, not ${show(snapshot)}`)
  }

  /** Distinct sequence numbers, ascending. */
  seqs(): readonly SeqNum[] {
    return [...new Set(this.#seqs)]
  }

  /** The oldest live snapshot, or `newest` when there is none. */
  oldest(newest: SeqNum): SeqNum {
    return this.#seqs[0] ?? newest
  }
}
