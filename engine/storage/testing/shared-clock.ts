/** Owns a clock that one thread moves and all threads read. */

import type { Clock } from '../../base/clock.ts'

export class SharedClock implements Clock {
  readonly memory: SharedArrayBuffer
  readonly #nowMs: Int32Array

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#nowMs = new Int32Array(memory)
  }

  nowMs(): number {
    return Atomics.load(this.#nowMs, 0)
  }

  elapsedNs(): number {
    return this.nowMs() * 1e6
  }

  advance(byMs: number): void {
    Atomics.add(this.#nowMs, 0, byMs)
  }
}
