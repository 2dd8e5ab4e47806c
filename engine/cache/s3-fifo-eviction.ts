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
 * Invariant: each block is in exactly one of the two queues.
 */

import type { Eviction } from './eviction.ts'
import { GhostQueue } from './ghost-queue.ts'
import { SlotLinks, SlotList } from './slot-lists.ts'
import { widened } from './widened.ts'

/** The share of the small queue. */
const SMALL_SHARE = 0.1
const HITS_MAX = 3

const SMALL = 1
const MAIN = 2

export class S3FifoEviction implements Eviction {
  #hits = new Uint8Array(0)
  #queues = new Uint8Array(0)
  #hashes = new Int32Array(0)
  readonly #links = new SlotLinks()
  readonly #small = new SlotList()
  readonly #main = new SlotList()
  /** Blocks that left the small queue; at most as many as there are blocks. */
  readonly #ghosts = new GhostQueue()

  grow(count: number): void {
    this.#hits = widened(new Uint8Array(count), this.#hits)
    this.#queues = widened(new Uint8Array(count), this.#queues)
    this.#hashes = widened(new Int32Array(count), this.#hashes)
    this.#links.grow(count)
    this.#ghosts.grow(count)
  }

  inserted(slot: number, bytes: number, hash: number): void {
    this.#links.setBytes(slot, bytes)
    this.#hashes[slot] = hash
    this.#hits[slot] = 0
    this.#push(slot, this.#ghosts.forget(hash) ? MAIN : SMALL)
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
    if (isVictim && this.#queues[slot] === SMALL) {
      this.#ghosts.remember(this.#hashes[slot]!, this.#small.count + this.#main.count)
    }
    this.#unlink(slot)
    this.#queues[slot] = 0
  }

  #queueOf(slot: number): SlotList {
    return this.#queues[slot] === SMALL ? this.#small : this.#main
  }

  /** Adds the slot as the newest of a queue. */
  #push(slot: number, queue: number): void {
    this.#queues[slot] = queue
    this.#links.push(this.#queueOf(slot), slot)
  }

  #unlink(slot: number): void {
    this.#links.unlink(this.#queueOf(slot), slot)
  }
}
