/**
 * Owns W-TinyLFU (Einziger, Friedman & Manes, ACM TOS 2017; Caffeine): new blocks enter a small
 * window. A block that leaves the window stays only if it was used more often lately than the block
 * that would leave the main part for it. The engine does not have this policy: it is measured only.
 *
 *   insert ──▶ window (1 % of the bytes) ──▶ used more often? ──▶ probation ⇄ protected (80 %)
 *                                                 │ no                │
 *                                                 ▼                   ▼
 *                                                gone                gone
 *
 * Invariant: each block is in exactly one of the three lists.
 */

import type { Eviction } from '../../../engine/cache/eviction.ts'
import { NO_SLOT, SlotLinks, SlotList } from '../../../engine/cache/slot-lists.ts'
import { widened } from '../../../engine/cache/widened.ts'
import { FrequencySketch } from './frequency-sketch.ts'

const WINDOW_SHARE = 0.01
/** The share of the main part that is protected. */
const PROTECTED_SHARE = 0.8

const WINDOW = 0
const PROBATION = 1
const PROTECTED = 2

export class TinyLfuEviction implements Eviction {
  readonly #links = new SlotLinks()
  readonly #lists = [new SlotList(), new SlotList(), new SlotList()] as const
  readonly #sketch = new FrequencySketch()
  #hashes = new Int32Array(0)
  #places = new Uint8Array(0)
  /** As the last choice of a victim saw it; before the first, nothing needs to be protected. */
  #capacityBytes = Number.POSITIVE_INFINITY

  grow(count: number): void {
    this.#links.grow(count)
    this.#hashes = widened(new Int32Array(count), this.#hashes)
    this.#places = widened(new Uint8Array(count), this.#places)
    this.#sketch.resize(count)
  }

  inserted(slot: number, bytes: number, hash: number): void {
    this.#links.setBytes(slot, bytes)
    this.#hashes[slot] = hash
    this.#sketch.add(hash)
    this.#push(slot, WINDOW)
  }

  hit(slot: number): void {
    this.#sketch.add(this.#hashes[slot]!)
    const place = this.#places[slot]!
    this.#unlink(slot)
    if (place === WINDOW) {
      this.#push(slot, WINDOW)
      return
    }
    this.#push(slot, PROTECTED)
    const kept = this.#lists[PROTECTED]
    const bytesMax = this.#capacityBytes * (1 - WINDOW_SHARE) * PROTECTED_SHARE
    while (kept.bytes > bytesMax) this.#move(kept.oldest, PROBATION)
  }

  victim(capacityBytes: number): number {
    this.#capacityBytes = capacityBytes
    const [fresh, probation, kept] = this.#lists
    let candidate = NO_SLOT
    while (fresh.bytes > capacityBytes * WINDOW_SHARE && fresh.count > 0) {
      candidate = fresh.oldest
      this.#move(candidate, PROBATION)
    }
    const victim = [probation, kept, fresh].find(({ count }) => count > 0)!.oldest
    if (candidate === NO_SLOT || candidate === victim) return victim
    return this.#frequency(candidate) > this.#frequency(victim) ? victim : candidate
  }

  removed(slot: number): void {
    this.#unlink(slot)
  }

  #frequency(slot: number): number {
    return this.#sketch.estimate(this.#hashes[slot]!)
  }

  #push(slot: number, place: 0 | 1 | 2): void {
    this.#places[slot] = place
    this.#links.push(this.#lists[place], slot)
  }

  #unlink(slot: number): void {
    this.#links.unlink(this.#lists[this.#places[slot] as 0 | 1 | 2], slot)
  }

  #move(slot: number, place: 0 | 1 | 2): void {
    this.#unlink(slot)
    this.#push(slot, place)
  }
}
