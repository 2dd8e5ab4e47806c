/**
 * Owns CLOCK (Corbató 1968): a hit sets a mark; the hand clears marks and takes the first block
 * without a mark. New blocks have no mark, so blocks of a scan leave before blocks read twice.
 */

import type { Eviction } from './eviction.ts'
import { widened } from './widened.ts'

const FREE = 0
const UNMARKED = 1
const MARKED = 2

export class ClockEviction implements Eviction {
  #states = new Uint8Array(0)
  #hand = 0

  grow(count: number): void {
    this.#states = widened(new Uint8Array(count), this.#states)
  }

  inserted(slot: number): void {
    this.#states[slot] = UNMARKED
  }

  hit(slot: number): void {
    this.#states[slot] = MARKED
  }

  victim(): number {
    for (;;) {
      const slot = this.#hand
      this.#hand = slot + 1 === this.#states.length ? 0 : slot + 1
      if (this.#states[slot] === UNMARKED) return slot
      if (this.#states[slot] === MARKED) this.#states[slot] = UNMARKED
    }
  }

  removed(slot: number): void {
    this.#states[slot] = FREE
  }
}
