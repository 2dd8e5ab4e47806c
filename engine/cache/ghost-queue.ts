/**
 * Owns the hashes of blocks that left a cache, oldest first. Slots, links and hash chains are typed
 * arrays: a `Set` whose oldest entry is taken out again and again needs 10 µs for each.
 *
 * Invariant: a hash is in the queue at most once.
 */

import { NO_SLOT, SlotLinks, SlotList } from './slot-lists.ts'
import { widened } from './widened.ts'

export class GhostQueue {
  readonly #list = new SlotList()
  readonly #links = new SlotLinks()
  #hashes = new Int32Array(0)
  /** The next slot with the same bucket, or the next free slot. */
  #next = new Int32Array(0)
  /** First slot of each bucket; as many as slots, a power of two. */
  #buckets = new Int32Array(0)
  #freeSlot = NO_SLOT

  /** Makes room for `count` hashes, a power of two. */
  grow(count: number): void {
    const before = this.#hashes.length
    this.#links.grow(count)
    this.#hashes = widened(new Int32Array(count), this.#hashes)
    this.#next = widened(new Int32Array(count), this.#next)
    this.#buckets = new Int32Array(count).fill(NO_SLOT)
    for (let slot = this.#list.oldest; slot !== NO_SLOT; slot = this.#links.newer(slot)) {
      this.#chain(slot)
    }
    for (let slot = count - 1; slot >= before; slot--) this.#free(slot)
  }

  /** Adds a hash as the newest. The oldest leave, so that at most `countMax` stay. */
  remember(hash: number, countMax: number): void {
    if (this.#find(hash) !== NO_SLOT) return
    while (this.#list.count >= countMax) this.#drop(this.#list.oldest)
    const slot = this.#freeSlot
    this.#freeSlot = this.#next[slot]!
    this.#hashes[slot] = hash
    this.#links.push(this.#list, slot)
    this.#chain(slot)
  }

  /** Takes a hash out. Returns whether it was there. */
  forget(hash: number): boolean {
    const slot = this.#find(hash)
    if (slot === NO_SLOT) return false
    this.#drop(slot)
    return true
  }

  #find(hash: number): number {
    let slot = this.#buckets[this.#bucketOf(hash)]!
    while (slot !== NO_SLOT && this.#hashes[slot] !== hash) slot = this.#next[slot]!
    return slot
  }

  #drop(slot: number): void {
    const bucket = this.#bucketOf(this.#hashes[slot]!)
    if (this.#buckets[bucket] === slot) {
      this.#buckets[bucket] = this.#next[slot]!
    } else {
      let before = this.#buckets[bucket]!
      while (this.#next[before] !== slot) before = this.#next[before]!
      this.#next[before] = this.#next[slot]!
    }
    this.#links.unlink(this.#list, slot)
    this.#free(slot)
  }

  #chain(slot: number): void {
    const bucket = this.#bucketOf(this.#hashes[slot]!)
    this.#next[slot] = this.#buckets[bucket]!
    this.#buckets[bucket] = slot
  }

  #free(slot: number): void {
    this.#next[slot] = this.#freeSlot
    this.#freeSlot = slot
  }

  #bucketOf(hash: number): number {
    return hash & (this.#buckets.length - 1)
  }
}
