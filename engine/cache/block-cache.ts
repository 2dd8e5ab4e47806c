/**
 * Owns the cache of uncompressed data blocks, shared by all tables and bounded by bytes. Blocks are
 * immutable and never recycled: an evicted block lives on while somebody holds a view of it.
 *
 * Which block leaves is the choice of a policy (`cache-policy.ts`). Slots and their hash chains are
 * typed arrays, so a hit allocates nothing.
 *
 * Invariant: `usedBytes` = Σ bytes of cached blocks ≤ `capacityBytes` minus what is reserved.
 */

import { assert } from '../base/assert.ts'
import { CACHE_POLICY_DEFAULT, type CachePolicy, evictionOf } from './cache-policy.ts'
import type { Eviction } from './eviction.ts'
import { widened } from './widened.ts'

const NONE = -1
const SLOTS_INITIAL = 64

export class BlockCache {
  #capacityBytes: number
  #reservedBytes = 0
  usedBytes = 0
  hits = 0
  misses = 0
  /** Blocks by slot index. A free slot has no block; `#next` chains the free slots. */
  #blocks: (Uint8Array | undefined)[] = []
  #tableIds = new Float64Array(0)
  #offsets = new Float64Array(0)
  #next = new Int32Array(0)
  /**
   * First slot of each hash bucket. The number of buckets is a power of two and equals that of
   * slots.
   */
  #buckets = new Int32Array(0)
  #freeSlot = NONE
  readonly #eviction: Eviction

  /**
   * `capacityBytes` limits the sum of the blocks' bytes; 0 turns the cache off. `policy` is a name,
   * or a new policy of the caller's for this cache.
   */
  constructor(capacityBytes: number, policy: CachePolicy | Eviction = CACHE_POLICY_DEFAULT) {
    this.#capacityBytes = capacityBytes
    this.#eviction = typeof policy === 'string' ? evictionOf(policy) : policy
    this.#growSlots(SLOTS_INITIAL)
  }

  get capacityBytes(): number {
    return this.#capacityBytes
  }

  /** Sets the limit; blocks beyond it are evicted. */
  resize(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes
    this.#shrinkTo(this.#blockBytesMax)
  }

  /** Leaves `bytes` of the capacity to something else; blocks beyond the rest are evicted. */
  reserve(bytes: number): void {
    this.#reservedBytes = bytes
    this.#shrinkTo(this.#blockBytesMax)
  }

  /** The block, or undefined. It is immutable and safe to keep. */
  get(tableId: number, offset: number): Uint8Array | undefined {
    const slot = this.#find(tableId, offset)
    if (slot === NONE) {
      this.misses++
      return undefined
    }
    this.hits++
    this.#eviction.hit(slot)
    return this.#blocks[slot]
  }

  /**
   * Takes ownership of the block, which must never change. A block larger than the cache is not
   * kept.
   */
  insert(tableId: number, offset: number, block: Uint8Array): void {
    assert(block.length > 0, 'a block has bytes')
    const bytesMax = this.#blockBytesMax
    if (block.length > bytesMax || this.#find(tableId, offset) !== NONE) return
    this.#shrinkTo(bytesMax - block.length)
    if (this.#freeSlot === NONE) this.#growSlots(this.#blocks.length * 2)
    const slot = this.#freeSlot
    this.#freeSlot = this.#next[slot]!
    this.#blocks[slot] = block
    this.#tableIds[slot] = tableId
    this.#offsets[slot] = offset
    this.#eviction.inserted(slot, block.length, hashOf(tableId, offset))
    this.#link(slot)
    this.usedBytes += block.length
  }

  /** Drops every block of a table. Costs a pass over all slots. */
  evictTable(tableId: number): void {
    for (let slot = 0; slot < this.#blocks.length; slot++) {
      if (this.#blocks[slot] !== undefined && this.#tableIds[slot] === tableId) {
        this.#evict(slot, false)
      }
    }
  }

  get #blockBytesMax(): number {
    return Math.max(this.#capacityBytes - this.#reservedBytes, 0)
  }

  #shrinkTo(bytes: number): void {
    while (this.usedBytes > bytes) this.#evict(this.#eviction.victim(this.#blockBytesMax), true)
  }

  #evict(slot: number, isVictim: boolean): void {
    this.#eviction.removed(slot, isVictim)
    const bucket = this.#bucketOf(this.#tableIds[slot]!, this.#offsets[slot]!)
    if (this.#buckets[bucket] === slot) {
      this.#buckets[bucket] = this.#next[slot]!
    } else {
      let before = this.#buckets[bucket]!
      while (this.#next[before] !== slot) before = this.#next[before]!
      this.#next[before] = this.#next[slot]!
    }
    this.usedBytes -= this.#blocks[slot]!.length
    this.#blocks[slot] = undefined
    this.#next[slot] = this.#freeSlot
    this.#freeSlot = slot
  }

  #find(tableId: number, offset: number): number {
    let slot = this.#buckets[this.#bucketOf(tableId, offset)]!
    while (slot !== NONE && (this.#offsets[slot] !== offset || this.#tableIds[slot] !== tableId)) {
      slot = this.#next[slot]!
    }
    return slot
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(this.#tableIds[slot]!, this.#offsets[slot]!)
    this.#next[slot] = this.#buckets[bucket]!
    this.#buckets[bucket] = slot
  }

  #bucketOf(tableId: number, offset: number): number {
    return hashOf(tableId, offset) & (this.#buckets.length - 1)
  }

  /** Called only when every slot is taken. Links all slots again; the added ones are free. */
  #growSlots(count: number): void {
    const used = this.#blocks.length
    this.#tableIds = widened(new Float64Array(count), this.#tableIds)
    this.#offsets = widened(new Float64Array(count), this.#offsets)
    this.#eviction.grow(count)
    this.#next = new Int32Array(count)
    this.#buckets = new Int32Array(count).fill(NONE)
    for (let slot = 0; slot < used; slot++) this.#link(slot)
    for (let slot = count - 1; slot >= used; slot--) {
      this.#next[slot] = this.#freeSlot
      this.#freeSlot = slot
    }
    for (let slot = used; slot < count; slot++) this.#blocks.push(undefined)
  }
}

function hashOf(tableId: number, offset: number): number {
  const hash = Math.imul(tableId, 0x9e3779b1) ^ Math.imul(offset, 0x85ebca6b)
  return hash ^ (hash >>> 15)
}
