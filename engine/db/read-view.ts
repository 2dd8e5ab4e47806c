/**
 * Owns what a read sees and keeps alive: a version, the memtable over it, and a pin.
 *
 * Invariant: a file is deleted only when nothing can reach it, and as soon as nothing can. It is
 * reached by moments: those of pinned views, and those of snapshots, of which views may yet be taken.
 * `Reach` says which moments reach a file.
 */

import type { SeqNum } from '../base/internal-key.ts'
import type { MemTable } from '../memtable/memtable.ts'
import type { Version } from '../version/version.ts'

export interface ReadView {
  readonly version: Version
  readonly memtable: MemTable
  /** Edits installed before this view: orders views and removals. */
  readonly generation: number
}

/** What a view sees: the version of a generation, as of a sequence number. */
interface Moment {
  readonly generation: number
  readonly seq: SeqNum
}

/** A file is reached at moments of generations [from, until) with sequence numbers in (after, before). */
export interface Reach {
  /** The first generation whose version led to the file. */
  readonly fromGeneration: number
  /** The first generation whose version does not lead to it any more. */
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

/** Generation of the views that may yet be taken of a snapshot: later than any edit. */
const YET_TO_COME = Number.MAX_SAFE_INTEGER

export class PinBoard {
  readonly #pins = new Set<Moment>()
  readonly #snapshots: () => readonly SeqNum[]
  #doomed: Doomed[] = []

  /** `snapshots`: sequence numbers of the snapshots that are held. */
  constructor(snapshots: () => readonly SeqNum[]) {
    this.#snapshots = snapshots
  }

  /** Whether no view is held. */
  get isEmpty(): boolean {
    return this.#pins.size === 0
  }

  /** Keeps everything `view` reaches at `seq`; call the result once to let go. */
  pin({ generation }: ReadView, seq: SeqNum): () => void {
    const pin = { generation, seq }
    this.#pins.add(pin)
    return () => {
      if (this.#pins.delete(pin)) this.sweep()
    }
  }

  /** `remove` is called once, by the first sweep that finds no moment in `reach`. */
  doom(remove: () => void, reach: Reach): void {
    this.#doomed.push({ remove, reach })
  }

  /** Deletes what nothing reaches any more. */
  sweep(): void {
    if (this.#doomed.length === 0) return
    const moments = [...this.#pins]
    for (const seq of this.#snapshots()) moments.push({ generation: YET_TO_COME, seq })
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

  /** What is doomed still is left to the next recovery: the folder may be another's from now on. */
  close(): void {
    this.#doomed = []
  }
}

function reaches({ generation, seq }: Moment, reach: Reach): boolean {
  return (
    reach.fromGeneration <= generation &&
    generation < reach.untilGeneration &&
    reach.afterSeq < seq &&
    seq < reach.beforeSeq
  )
}
