/**
 * Owns the shared memory between the harness and one of its reading threads. It holds one read at a
 * time:
 *
 *   harness                         thread
 *   ask: writes the question,
 *        state IDLE → ASKED
 *                                   reads, and writes the answer and its times,
 *                                   state ASKED → ANSWERED
 *   take: uses the answer,
 *        state ANSWERED → IDLE
 *
 * Invariant: whoever may change the state owns the rest of the slot. The states are atomic, so all
 * that was written before a change is seen after it.
 */
import { ReadCounters } from '../../engine/index.ts'

export const SLOT_STATE = { idle: 0, asked: 1, answered: 2 } as const

/** What is read. A `pair` is two gets of one key: of a read-modify-write that merges a field. */
export const READ_KIND = { get: 0, pair: 1, scan: 2, shownScan: 3 } as const
export type ReadKind = (typeof READ_KIND)[keyof typeof READ_KIND]

const CELL = { state: 0, kind: 1, keyLength: 2, limit: 3, count: 4, isFound: 5, isClosing: 6 }
/** Cells after the named ones: how many of the answer's bytes are used. */
const CELLS = 8
const TIME = { start: 0, end: 1, scannedBytes: 2, answerBytes: 3, counters: 4 }
const COUNTER_NAMES = Object.keys(new ReadCounters()) as (keyof ReadCounters & string)[]
/** Gets of a pair. */
const READS_MAX = 2
const NUMBERS = TIME.counters + READS_MAX * COUNTER_NAMES.length
const KEY_BYTES_MAX = 65_535

export class ReadSlot {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #numbers: Float64Array<SharedArrayBuffer>
  readonly #key: Uint8Array<SharedArrayBuffer>

  /** Over the memory of the other side's slot, or over new memory. */
  constructor(memory?: SharedArrayBuffer) {
    const numbersAt = CELLS * Int32Array.BYTES_PER_ELEMENT
    const keyAt = numbersAt + NUMBERS * Float64Array.BYTES_PER_ELEMENT
    this.memory = memory ?? new SharedArrayBuffer(keyAt + KEY_BYTES_MAX)
    this.#cells = new Int32Array(this.memory, 0, CELLS)
    this.#numbers = new Float64Array(this.memory, numbersAt, NUMBERS)
    this.#key = new Uint8Array(this.memory, keyAt, KEY_BYTES_MAX)
  }

  get state(): number {
    return Atomics.load(this.#cells, CELL.state)
  }

  /** Hands the slot to the other side, which may be waiting for it. */
  set state(state: number) {
    Atomics.store(this.#cells, CELL.state, state)
    Atomics.notify(this.#cells, CELL.state)
  }

  /** Blocks the thread while the state is `state`, but not for longer than `ms`. */
  waitWhile(state: number, ms: number): void {
    Atomics.wait(this.#cells, CELL.state, state, ms)
  }

  /** The harness wants no more reads. */
  get isClosing(): boolean {
    return Atomics.load(this.#cells, CELL.isClosing) === 1
  }

  beginClosing(): void {
    Atomics.store(this.#cells, CELL.isClosing, 1)
    Atomics.notify(this.#cells, CELL.state)
  }

  /** `limit`: the entries of a scan. */
  writeQuestion(kind: ReadKind, key: Uint8Array, limit: number): void {
    this.#cells[CELL.kind] = kind
    this.#cells[CELL.keyLength] = key.length
    this.#cells[CELL.limit] = limit
    this.#key.set(key)
  }

  get kind(): ReadKind {
    return this.#cells[CELL.kind] as ReadKind
  }

  get limit(): number {
    return this.#cells[CELL.limit]!
  }

  /** An owned copy: the engine takes no key that another thread may change. */
  copyKey(): Uint8Array {
    return new Uint8Array(this.#key.subarray(0, this.#cells[CELL.keyLength]))
  }

  /** When the read began and ended, on the clock of the harness. */
  writeTimes(startNs: number, endNs: number): void {
    this.#numbers[TIME.start] = startNs
    this.#numbers[TIME.end] = endNs
  }

  get startNs(): number {
    return this.#numbers[TIME.start]!
  }

  get endNs(): number {
    return this.#numbers[TIME.end]!
  }

  /** `answerBytes` of the answer's own memory hold the value, or the entries of a shown scan. */
  writeAnswer(isFound: boolean, count: number, scannedBytes: number, answerBytes: number): void {
    this.#cells[CELL.isFound] = isFound ? 1 : 0
    this.#cells[CELL.count] = count
    this.#numbers[TIME.scannedBytes] = scannedBytes
    this.#numbers[TIME.answerBytes] = answerBytes
  }

  get isFound(): boolean {
    return this.#cells[CELL.isFound] === 1
  }

  /** Entries of the scan. */
  get count(): number {
    return this.#cells[CELL.count]!
  }

  get scannedBytes(): number {
    return this.#numbers[TIME.scannedBytes]!
  }

  get answerBytes(): number {
    return this.#numbers[TIME.answerBytes]!
  }

  /** What read number `read` of the question added to the thread's counters. */
  writeCounters(read: number, before: ReadCounters, after: ReadCounters): void {
    const from = TIME.counters + read * COUNTER_NAMES.length
    for (const [index, name] of COUNTER_NAMES.entries()) {
      this.#numbers[from + index] = (after[name] as number) - (before[name] as number)
    }
  }

  /** Adds what read number `read` moved to `counters`. */
  addCountersTo(counters: ReadCounters, read: number): void {
    const from = TIME.counters + read * COUNTER_NAMES.length
    const sums = counters as unknown as Record<string, number>
    for (const [index, name] of COUNTER_NAMES.entries()) {
      sums[name]! += this.#numbers[from + index]!
    }
  }
}
