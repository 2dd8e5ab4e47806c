/**
 * Owns what a read sees and keeps alive: a version, the memtable over it, and a pin. Invariant: a file
 * is deleted only when nothing can reach it: it is out of the current version, and no pinned view is
 * older than the edit that took it out. Of a segment whose values were all written anew, pointers may
 * stay in the version; those are reached from moments before the last of the new ones alone.
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

interface Pin {
  readonly generation: number
  readonly seq: SeqNum
}

interface Doomed {
  readonly generation: number
  readonly seq: SeqNum
  readonly remove: () => void
}

export class PinBoard {
  readonly #pins = new Set<Pin>()
  #doomed: readonly Doomed[] = []
  readonly #oldestSnapshot: () => SeqNum

  /** `oldestSnapshot`: the oldest moment a view may still be taken of. */
  constructor(oldestSnapshot: () => SeqNum) {
    this.#oldestSnapshot = oldestSnapshot
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

  /**
   * `remove` is called once, when no view of an earlier generation is left. `seq`: and no moment
   * before it can be looked at.
   */
  doom(remove: () => void, generation: number, seq: SeqNum = 0): void {
    this.#doomed = [...this.#doomed, { generation, seq, remove }]
  }

  /** Deletes what nothing reaches any more. */
  sweep(): void {
    if (this.#doomed.length === 0) return
    let generation = Number.POSITIVE_INFINITY
    let seq = this.#oldestSnapshot()
    for (const pin of this.#pins) {
      generation = Math.min(generation, pin.generation)
      seq = Math.min(seq, pin.seq)
    }
    const isFree = (doomed: Doomed) => doomed.generation <= generation && doomed.seq <= seq
    const free = this.#doomed.filter(isFree)
    if (free.length === 0) return
    this.#doomed = this.#doomed.filter((doomed) => !isFree(doomed))
    for (const { remove } of free) remove()
  }

  /** What is doomed still is left to the next recovery: the folder may be another's from now on. */
  close(): void {
    this.#doomed = []
  }
}
