/**
 * Owns the live snapshots: moments at which a caller may still read. Invariant: for each of them,
 * flushes and merges keep the newest version of each key at or before it. A snapshot can be used
 * only with the database object that took it; elsewhere its number means another moment.
 */

import { isProxy } from 'node:util/types'
import { show } from '../base/arguments.ts'
import { invalidArgument, LsmError } from '../base/errors.ts'
import type { SeqNum } from '../base/internal-key.ts'

/**
 * A moment to read at. Release it (or declare it with `using`): until then its versions are kept.
 */
export interface Snapshot extends Disposable {
  /** The newest sequence number it sees. `LSM_CLOSED` after `release`: its versions may be gone. */
  readonly seq: SeqNum
  /** Ends the snapshot. Idempotent. */
  release(): void
}

export class SnapshotList {
  /** Ascending, one for each live snapshot; numbers may repeat. */
  readonly #seqs: SeqNum[] = []
  readonly #taken = new WeakSet<Snapshot>()
  readonly #released: () => void

  /** `released` is called whenever a snapshot is released. */
  constructor(released: () => void = () => {}) {
    this.#released = released
  }

  /** `released`, where it is given, is called in place of the list's own function. */
  take(seq: SeqNum, released = this.#released): Snapshot {
    this.#seqs.push(seq)
    let held = true
    const release = () => {
      if (!held) return
      held = false
      this.#seqs.splice(this.#seqs.indexOf(seq), 1)
      released()
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

  /** The snapshot's number. `LSM_INVALID_ARGUMENT` if taken elsewhere, `LSM_CLOSED` if released. */
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

  /** The oldest live snapshot's number, or `newest` if there is none. */
  oldest(newest: SeqNum): SeqNum {
    return this.#seqs[0] ?? newest
  }
}
