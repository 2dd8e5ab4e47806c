/**
 * Owns LRU: the block that was not used for the longest time leaves. The engine does not have this
 * policy: it is measured only.
 */

import type { Eviction } from '../../../engine/cache/eviction.ts'
import { SlotLinks, SlotList } from '../../../engine/cache/slot-lists.ts'

export class LruEviction implements Eviction {
  readonly #links = new SlotLinks()
  readonly #list = new SlotList()

  grow(count: number): void {
    this.#links.grow(count)
  }

  inserted(slot: number, bytes: number): void {
    this.#links.setBytes(slot, bytes)
    this.#links.push(this.#list, slot)
  }

  hit(slot: number): void {
    this.#links.unlink(this.#list, slot)
    this.#links.push(this.#list, slot)
  }

  victim(): number {
    return this.#list.oldest
  }

  removed(slot: number): void {
    this.#links.unlink(this.#list, slot)
  }
}
