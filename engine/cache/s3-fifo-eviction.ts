/**
 * Owns S3-FIFO (Yang et al., SOSP 2023): three queues. New blocks enter a small queue; those that
 * are hit there move to the main queue, the others leave after a short time. A block that comes
 * back soon after it left the small queue enters the main queue at once: the ghost queue remembers
 * it. In the main queue a block with hits goes round again.
 *
 *   insert ──▶ small (a tenth of the bytes) ──▶ main ⟲ hits
 *                    │ no hit                    │ no hit
 *                    ▼                           ▼
 *                  ghost ┄┄▶ main               gone
 *
 * Invariant: each block is in exactly one of the two queues; `#smallBytes` and `#mainBytes` are
 * their sums.
 */

import type { Eviction } from './eviction.ts'
import { widened } from './widened.ts'

/** The share of the small queue. */
const SMALL_SHARE = 0.1
const HITS_MAX = 3
const NONE = -1

const SMALL = 1
const MAIN = 2

export class S3FifoEviction implements Eviction {
  #hits = new Uint8Array(0)
  #queues = new Uint8Array(0)
  #bytes = new Float64Array(0)
  #hashes = new Int32Array(0)
  #older = new Int32Array(0)
  #newer = new Int32Array(0)
  readonly #small = new Queue()
  readonly #main = new Queue()
  /** Hashes of blocks that left the small queue, oldest first; as many as there are blocks. */
  readonly #ghosts = new Set<number>()

  grow(count: number): void {
    this.#hits = widened(new Uint8Array(count), this.#hits)
    this.#queues = widened(new Uint8Array(count), this.#queues)
    this.#bytes = widened(new Float64Array(count), this.#bytes)
    this.#hashes = widened(new Int32Array(count), this.#hashes)
    this.#older = widened(new Int32Array(count), this.#older)
    this.#newer = widened(new Int32Array(count), this.#newer)
  }

  inserted(slot: number, bytes: number, hash: number): void {
    this.#bytes[slot] = bytes
    this.#hashes[slot] = hash
    this.#hits[slot] = 0
    this.#push(slot, this.#ghosts.delete(hash) ? MAIN : SMALL)
  }

  hit(slot: number): void {
    if (this.#hits[slot]! < HITS_MAX) this.#hits[slot]!++
  }

  victim(capacityBytes: number): number {
    for (;;) {
      const isSmall = this.#small.bytes > capacityBytes * SMALL_SHARE || this.#main.count === 0
      const slot = isSmall ? this.#small.oldest : this.#main.oldest
      if (this.#hits[slot] === 0) return slot
      this.#unlink(slot)
      this.#hits[slot] = isSmall ? 0 : this.#hits[slot]! - 1
      this.#push(slot, MAIN)
    }
  }

  removed(slot: number, isVictim: boolean): void {
    if (isVictim && this.#queues[slot] === SMALL) this.#remember(this.#hashes[slot]!)
    this.#unlink(slot)
    this.#queues[slot] = 0
  }

  #remember(hash: number): void {
    this.#ghosts.add(hash)
    const most = this.#small.count + this.#main.count
    while (this.#ghosts.size > most) this.#ghosts.delete(this.#ghosts.values().next().value!)
  }

  #queueOf(slot: number): Queue {
    return this.#queues[slot] === SMALL ? this.#small : this.#main
  }

  /** Adds the slot as the newest of a queue. */
  #push(slot: number, queue: number): void {
    this.#queues[slot] = queue
    const list = this.#queueOf(slot)
    this.#older[slot] = list.newest
    this.#newer[slot] = NONE
    if (list.newest === NONE) list.oldest = slot
    else this.#newer[list.newest] = slot
    list.newest = slot
    list.count++
    list.bytes += this.#bytes[slot]!
  }

  #unlink(slot: number): void {
    const list = this.#queueOf(slot)
    const older = this.#older[slot]!
    const newer = this.#newer[slot]!
    if (older === NONE) list.oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) list.newest = older
    else this.#older[newer] = older
    list.count--
    list.bytes -= this.#bytes[slot]!
  }
}

/** The ends of a list of slots, and its sums. */
class Queue {
  oldest = NONE
  newest = NONE
  count = 0
  bytes = 0
}
