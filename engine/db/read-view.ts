/**
 * Owns what a read sees, and which files must stay for it: a view is a version and the memtables
 * above it, and a pin keeps its files and the arenas of its memtables.
 *
 * Invariant: a file is deleted when no moment reaches it, and not before. A moment is that of a
 * pinned view, or of a snapshot, because views of a snapshot can still be taken. `Reach` says which
 * moments reach a file.
 */

import { SEQ_NUM_MAX, type SeqNum } from '../base/internal-key.ts'
import type { MemTable } from '../memtable/memtable.ts'
import type { Version } from '../version/version.ts'

export interface ReadView {
  readonly version: Version
  /** Newest first: the one that takes writes, then the frozen ones. Never empty. */
  readonly memtables: readonly MemTable[]
  /** The number of edits installed before this view. It orders views and removals. */
  readonly generation: number
}

/** A view sees the version of a generation, at a sequence number of a range. */
interface Moment {
  readonly generation: number
  readonly fromSeq: SeqNum
  readonly untilSeq: SeqNum
}

/** Moments of generations [from, until) and sequence numbers in (after, before) reach the file. */
export interface Reach {
  /** The first generation whose version led to the file. */
  readonly fromGeneration: number
  /** The first later generation whose version does not lead to the file. */
  readonly untilGeneration: number
  /** Everything in the file was written after this sequence number. */
  readonly afterSeq: SeqNum
  /** From this sequence number on, newer entries hide everything in the file. */
  readonly beforeSeq: SeqNum
}

interface Doomed {
  readonly reach: Reach
  readonly remove: () => void
}

/** The generation of views that will be taken of a snapshot: later than any edit. */
const YET_TO_COME = Number.MAX_SAFE_INTEGER

export class PinBoard {
  readonly #pins = new Set<Moment>()
  readonly #snapshots: () => readonly SeqNum[]
  #doomed: Doomed[] = []

  /** `snapshots` returns the sequence numbers of the live snapshots. */
  constructor(snapshots: () => readonly SeqNum[]) {
    this.#snapshots = snapshots
  }

  /**
   * Keeps the memtables of `view` and all files that it reaches at `seq`, until the returned
   * function is called.
   */
  pin({ generation, memtables }: ReadView, seq: SeqNum): () => void {
    return this.#hold({ generation, fromSeq: seq, untilSeq: seq }, memtables)
  }

  /** As `pin`, for reads at `seq` and at all later sequence numbers. */
  pinFrom({ generation, memtables }: ReadView, seq: SeqNum): () => void {
    return this.#hold({ generation, fromSeq: seq, untilSeq: SEQ_NUM_MAX }, memtables)
  }

  /** Keeps all files that the generation reaches at any sequence number. */
  pinAll(generation: number): () => void {
    return this.#hold({ generation, fromSeq: 0, untilSeq: SEQ_NUM_MAX }, [])
  }

  #hold(pin: Moment, memtables: readonly MemTable[]): () => void {
    this.#pins.add(pin)
    for (const memtable of memtables) memtable.hold()
    return () => {
      if (!this.#pins.delete(pin)) return
      for (const memtable of memtables) memtable.release()
      this.sweep()
    }
  }

  /** Has `remove` called once, by the first sweep at which no moment reaches the file. */
  doom(remove: () => void, reach: Reach): void {
    this.#doomed.push({ remove, reach })
  }

  /** Removes the files that no moment reaches. */
  sweep(): void {
    if (this.#doomed.length === 0) return
    const moments = [...this.#pins]
    for (const seq of this.#snapshots()) {
      moments.push({ generation: YET_TO_COME, fromSeq: seq, untilSeq: seq })
    }
    const kept: Doomed[] = []
    const free: Doomed[] = []
    for (const doomed of this.#doomed) {
      const isReached = moments.some((moment) => reaches(moment, doomed.reach))
      if (isReached) kept.push(doomed)
      else free.push(doomed)
    }
    this.#doomed = kept
    for (const { remove } of free) remove()
  }

  /** Leaves the remaining removals to the next recovery: another process may own the folder now. */
  close(): void {
    this.#doomed = []
  }
}

function reaches({ generation, fromSeq, untilSeq }: Moment, reach: Reach): boolean {
  return (
    reach.fromGeneration <= generation &&
    generation < reach.untilGeneration &&
    reach.afterSeq < untilSeq &&
    fromSeq < reach.beforeSeq
  )
}
