/**
 * Owns the folder's single counter of file numbers. Invariant: it never gives out a number twice,
 * whichever thread asks. The counter is one 64-bit integer in shared memory that only atomic
 * operations touch; a file takes one number, so the cost of BigInt does not matter here. The
 * numbers are safe integers, because recovery refuses a counter beyond `FILE_NUMBER_MAX`.
 */

import { checkShared } from '../base/arguments.ts'

const COUNTER_BYTES = BigInt64Array.BYTES_PER_ELEMENT

/** The counter's memory. Posted to another thread, it is still the same counter. */
export type SharedFileNumbers = SharedArrayBuffer

export class FileNumbers {
  #counter = new BigInt64Array(new SharedArrayBuffer(COUNTER_BYTES))

  /** A new counter. `next` is the first number that it gives out. */
  constructor(next: number) {
    Atomics.store(this.#counter, 0, BigInt(next))
  }

  /** The same counter in another thread. */
  static over(shared: SharedFileNumbers): FileNumbers {
    checkShared(shared, COUNTER_BYTES, 'a shared counter of file numbers')
    const numbers = new FileNumbers(0)
    numbers.#counter = new BigInt64Array(shared)
    return numbers
  }

  /** Lets other threads take numbers from this counter, by `over`. */
  share(): SharedFileNumbers {
    return this.#counter.buffer
  }

  /**
   * Every number given out so far, and every file in the folder, is below this. Other threads may
   * take numbers meanwhile, so the next one of this thread may be higher.
   */
  get next(): number {
    return Number(Atomics.load(this.#counter, 0))
  }

  allocate(): number {
    return Number(Atomics.add(this.#counter, 0, 1n))
  }
}
