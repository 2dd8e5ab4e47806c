/**
 * Owns lists of slots from oldest to newest, with the sums of their blocks' bytes. Links are typed
 * arrays, one number a slot. Invariant: a slot is in at most one list.
 */

import { widened } from './widened.ts'

export const NO_SLOT = -1

/** The ends of a list, and its sums. */
export class SlotList {
  oldest = NO_SLOT
  newest = NO_SLOT
  count = 0
  bytes = 0
}

export class SlotLinks {
  #bytes = new Float64Array(0)
  #older = new Int32Array(0)
  #newer = new Int32Array(0)

  grow(count: number): void {
    this.#bytes = widened(new Float64Array(count), this.#bytes)
    this.#older = widened(new Int32Array(count), this.#older)
    this.#newer = widened(new Int32Array(count), this.#newer)
  }

  /** The bytes of the block in the slot, which is in no list. */
  setBytes(slot: number, bytes: number): void {
    this.#bytes[slot] = bytes
  }

  /** The slot after this one in its list, or `NO_SLOT`. */
  newer(slot: number): number {
    return this.#newer[slot]!
  }

  /** Adds the slot as the newest of `list`. */
  push(list: SlotList, slot: number): void {
    this.#older[slot] = list.newest
    this.#newer[slot] = NO_SLOT
    if (list.newest === NO_SLOT) list.oldest = slot
    else this.#newer[list.newest] = slot
    list.newest = slot
    list.count++
    list.bytes += this.#bytes[slot]!
  }

  /** Takes the slot out of `list`. */
  unlink(list: SlotList, slot: number): void {
    const older = this.#older[slot]!
    const newer = this.#newer[slot]!
    if (older === NO_SLOT) list.oldest = newer
    else this.#newer[older] = newer
    if (newer === NO_SLOT) list.newest = older
    else this.#older[newer] = older
    list.count--
    list.bytes -= this.#bytes[slot]!
  }
}
