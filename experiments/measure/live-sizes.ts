/**
 * Owns the oracle of live data: the size of the newest version of every live key. For a workload
 * that numbers its records densely it is exact: one typed array by record number. Keys of foreign
 * traces are identified by hashes in a map. When the map is full, only every second, fourth … hash
 * is kept (Gibbons' distinct sampling, VLDB '01), so that memory is bounded; the sum is scaled. The
 * oracle's memory is counted apart from the engine's.
 *
 * Invariant: `liveBytes` = Σ key + value bytes over the tracked live records, × `oneIn`.
 */
import type { Deterministic } from '../../results/schema.ts'

export interface LiveOracle {
  readonly liveBytes: number
  readonly liveRecords: number
  /** The record's key and value now take `bytes`, more than 0. */
  put(keyNumber: number, bytes: number): void
  delete(keyNumber: number): void
  figures(): NonNullable<Deterministic['oracle']>
}

export function createLiveOracle(
  keyNumbers: 'dense' | 'hashed',
  expectedRecords: number,
): LiveOracle {
  return keyNumbers === 'dense' ? new LiveSizes(expectedRecords) : new SampledSizes()
}

export class LiveSizes implements LiveOracle {
  #sizes: Uint32Array
  #liveBytes = 0
  #liveRecords = 0

  constructor(expectedRecords: number) {
    this.#sizes = new Uint32Array(Math.max(expectedRecords, 16))
  }

  get liveBytes(): number {
    return this.#liveBytes
  }

  get liveRecords(): number {
    return this.#liveRecords
  }

  has(keyNumber: number): boolean {
    return keyNumber < this.#sizes.length && this.#sizes[keyNumber] !== 0
  }

  put(keyNumber: number, bytes: number): void {
    if (keyNumber >= this.#sizes.length) this.#grow(keyNumber + 1)
    const before = this.#sizes[keyNumber]!
    if (before === 0) this.#liveRecords++
    this.#sizes[keyNumber] = bytes
    this.#liveBytes += bytes - before
  }

  delete(keyNumber: number): void {
    if (!this.has(keyNumber)) return
    this.#liveBytes -= this.#sizes[keyNumber]!
    this.#liveRecords--
    this.#sizes[keyNumber] = 0
  }

  figures(): NonNullable<Deterministic['oracle']> {
    return {
      kind: 'exact',
      oneIn: 1,
      recordsTracked: this.#liveRecords,
      memoryBytes: this.#sizes.byteLength,
    }
  }

  #grow(records: number): void {
    const grown = new Uint32Array(Math.max(records, this.#sizes.length * 2))
    grown.set(this.#sizes)
    this.#sizes = grown
  }
}

const TRACKED_MAX = 1_000_000
/** An entry of a V8 map from doubles to small integers, in a table that is at least half full. */
const MAP_ENTRY_BYTES = 56

export class SampledSizes implements LiveOracle {
  readonly #trackedMax: number
  readonly #sizes = new Map<number, number>()
  #oneIn = 1
  #trackedBytes = 0

  /** Tracks at most `trackedMax` records at a time. */
  constructor(trackedMax = TRACKED_MAX) {
    this.#trackedMax = trackedMax
  }

  get liveBytes(): number {
    return this.#trackedBytes * this.#oneIn
  }

  get liveRecords(): number {
    return this.#sizes.size * this.#oneIn
  }

  /** `keyNumber` is a hash of the key; its low bits decide the sample. */
  put(keyNumber: number, bytes: number): void {
    if (keyNumber % this.#oneIn !== 0) return
    this.#trackedBytes += bytes - (this.#sizes.get(keyNumber) ?? 0)
    this.#sizes.set(keyNumber, bytes)
    while (this.#sizes.size > this.#trackedMax) this.#halve()
  }

  delete(keyNumber: number): void {
    this.#trackedBytes -= this.#sizes.get(keyNumber) ?? 0
    this.#sizes.delete(keyNumber)
  }

  figures(): NonNullable<Deterministic['oracle']> {
    const recordsTracked = this.#sizes.size
    return {
      kind: 'sampled',
      oneIn: this.#oneIn,
      recordsTracked,
      memoryBytes: recordsTracked * MAP_ENTRY_BYTES,
    }
  }

  #halve(): void {
    this.#oneIn *= 2
    for (const keyNumber of this.#sizes.keys()) {
      if (keyNumber % this.#oneIn !== 0) this.delete(keyNumber)
    }
  }
}
