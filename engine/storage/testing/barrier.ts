/** Owns a barrier for threads of tests. `meet` returns once all threads have called it. */

import { assert } from '../../base/assert.ts'

export interface SharedBarrier {
  readonly memory: SharedArrayBuffer
  readonly threads: number
}

/** A thread that does not come is a failure of the test, not a reason to wait for ever. */
const PATIENCE_MS = 20_000

export function newBarrier(threads: number): SharedBarrier {
  return { memory: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT), threads }
}

export class Barrier {
  readonly #arrived: Int32Array
  readonly #threads: number
  #meetings = 0

  constructor({ memory, threads }: SharedBarrier) {
    this.#arrived = new Int32Array(memory)
    this.#threads = threads
  }

  meet(): void {
    const arrived = this.#arrived
    const wanted = ++this.#meetings * this.#threads
    Atomics.add(arrived, 0, 1)
    Atomics.notify(arrived, 0)
    for (;;) {
      const seen = Atomics.load(arrived, 0)
      if (seen >= wanted) return
      const answer = Atomics.wait(arrived, 0, seen, PATIENCE_MS)
      assert(answer !== 'timed-out', 'every thread comes to the barrier')
    }
  }
}
