/**
 * Owns the newest sequence number that other threads may read at. It is one 64-bit atomic, because
 * a number in two words could be read half old, half new. The writing thread keeps its own plain
 * number and publishes it once a group of writes.
 *
 * Invariant: it is published after the entries up to it are linked into their memtables. A thread
 * that loads it and then reads at it finds all of these entries, complete.
 */

import type { SeqNum } from '../base/internal-key.ts'

export class VisibleSeq {
  /** The memory to post to other threads, which open it with the constructor. */
  readonly memory: SharedArrayBuffer
  readonly #cell: BigInt64Array<SharedArrayBuffer>

  /** New memory starts at 0. */
  constructor(memory = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#cell = new BigInt64Array(memory)
  }

  publish(seq: SeqNum): void {
    Atomics.store(this.#cell, 0, BigInt(seq))
  }

  load(): SeqNum {
    return Number(Atomics.load(this.#cell, 0))
  }
}
