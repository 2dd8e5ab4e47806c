/**
 * Owns the numbers of a ledger: counters that only grow, and one total (Σ live sizes) that rises
 * and falls and whose highest value is kept. `PrivateCells` serve one thread; `SharedCells` lie in
 * shared memory and serve all threads that open it.
 *
 * Invariant: the highest total ever reached is max(total, peak cell). A rising total keeps this by
 * itself, since it then is higher than before. A falling total first raises the peak cell to the
 * value that it is about to leave. So a rise, the common case, is a single addition.
 *
 * Shared cells are 64-bit integers that only atomic operations touch. So no addition is lost, and a
 * reader never sees half of a number, which JavaScript's memory model allows for Float64 elements.
 * A thread may end at any moment: there is no lock to release and no sum to hand over.
 *
 * Measured on the reference machine: a shared cell adds 50 ns to a `pread` of 0.85 µs and 100 ns to
 * an append of 1.3 µs. Plain cells in one region a thread, added up by readers, would save about 20
 * ns an addition. But the total must be atomic all the same, a reading could see halves of numbers,
 * and regions would have to be handed to threads and outlive them.
 */

import { checkShared } from '../base/arguments.ts'

/** All amounts are whole numbers; sums stay below 2^53. */
export interface Cells {
  /** Adds to the counter with this index. */
  add(index: number, amount: number): void
  get(index: number): number
  /** Raises the total. */
  rise(amount: number): void
  /** Lowers the total. */
  fall(amount: number): void
  readonly total: number
  /** The highest total ever reached. */
  readonly peak: number
}

/** Cells of one thread. */
export class PrivateCells implements Cells {
  readonly #counters: Float64Array
  #total = 0
  #formerPeak = 0

  constructor(count: number) {
    this.#counters = new Float64Array(count)
  }

  add(index: number, amount: number): void {
    this.#counters[index]! += amount
  }

  get(index: number): number {
    return this.#counters[index]!
  }

  rise(amount: number): void {
    this.#total += amount
  }

  fall(amount: number): void {
    this.#formerPeak = this.peak
    this.#total -= amount
  }

  get total(): number {
    return this.#total
  }

  get peak(): number {
    return Math.max(this.#total, this.#formerPeak)
  }
}

/** Cells of several threads. An operation takes effect in all of them at one moment. */
export class SharedCells implements Cells {
  readonly memory: SharedArrayBuffer
  readonly #cells: BigInt64Array
  /** The indices of the total and of the peak cell, which follow the counters. */
  readonly #total: number
  readonly #peak: number

  /** `count` counters over `memory`: that of other `SharedCells`, or new. */
  constructor(count: number, memory = new SharedArrayBuffer(sharedBytes(count))) {
    checkShared(memory, sharedBytes(count), 'a shared ledger')
    this.memory = memory
    this.#cells = new BigInt64Array(memory)
    this.#total = count
    this.#peak = count + 1
  }

  /** A copy of the cells of this thread, in shared memory of their own. */
  static from(cells: Cells, count: number): SharedCells {
    const shared = new SharedCells(count)
    for (let index = 0; index < count; index++) shared.add(index, cells.get(index))
    shared.rise(cells.peak)
    shared.fall(cells.peak - cells.total)
    return shared
  }

  add(index: number, amount: number): void {
    Atomics.add(this.#cells, index, BigInt(amount))
  }

  get(index: number): number {
    return Number(Atomics.load(this.#cells, index))
  }

  rise(amount: number): void {
    Atomics.add(this.#cells, this.#total, BigInt(amount))
  }

  fall(amount: number): void {
    const cells = this.#cells
    for (;;) {
      const before = Atomics.load(cells, this.#total)
      this.#raisePeak(before)
      const after = before - BigInt(amount)
      if (Atomics.compareExchange(cells, this.#total, before, after) === before) return
    }
  }

  get total(): number {
    return this.get(this.#total)
  }

  get peak(): number {
    // The total first: if it falls after this, the peak cell has been raised by then.
    const total = this.total
    return Math.max(total, this.get(this.#peak))
  }

  #raisePeak(to: bigint): void {
    const cells = this.#cells
    let peak = Atomics.load(cells, this.#peak)
    while (peak < to) {
      const found = Atomics.compareExchange(cells, this.#peak, peak, to)
      if (found === peak) return
      peak = found
    }
  }
}

function sharedBytes(count: number): number {
  return (count + 2) * BigInt64Array.BYTES_PER_ELEMENT
}
