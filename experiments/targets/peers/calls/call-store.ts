/**
 * Owns the contract between the races of `varve bench peers` and a store: the calls that a program
 * would use for throughput, such as batches, many gets at once, and scans to the end. `PeerStore`
 * is the other contract: one operation at a time, counted.
 *
 * Each store is called in its fastest public form. Invariant: every value that a store reads passes
 * through a `Tally`, so that no store saves the work of handing it over, and a wrong one is found.
 */
import type { PeerSetting } from '../../../../results/peer-schema.ts'
import type { RaceCompression, RacedEngine } from '../../../../results/race-schema.ts'
import type { Answer } from '../../../base/target.ts'

/** Counts values and sums their tags: the little-endian numbers in their first four bytes. */
export class Tally {
  count = 0
  /** Exact: fewer than 2²¹ values of less than 2³². */
  sum = 0

  /** The value starts at `start` of `bytes`. */
  add(bytes: Uint8Array, start = 0): void {
    this.count++
    this.sum +=
      (bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16)) +
      bytes[start + 3]! * 0x1000000
  }
}

/** The same memory, blocks, filters and durability for every store, as far as it has them. */
export interface CallBudget {
  readonly memtableBytes: number
  readonly blockCacheBytes: number
  readonly compression: RaceCompression
  /** Whether each write is on the device before it is acknowledged. */
  readonly synced: boolean
}

export interface CallStore {
  /** Writes the first `count` keys with their values as one unit. The arrays are borrowed. */
  putBatch(
    keys: readonly Uint8Array[],
    values: readonly Uint8Array[],
    count: number,
  ): Answer<unknown>
  /** Deletes the first `count` keys as one unit. */
  deleteBatch(keys: readonly Uint8Array[], count: number): Answer<unknown>
  /** One write through the interface of promises; through `putNow` if the store has none. */
  put(key: Uint8Array, value: Uint8Array): Answer<unknown>
  /** One write by a synchronous call; null if the store has none. */
  readonly putNow: ((key: Uint8Array, value: Uint8Array) => unknown) | null
  /** Owned by the caller until the next read. */
  get(key: Uint8Array): Uint8Array | undefined
  getMany(keys: readonly Uint8Array[]): Answer<readonly (Uint8Array | undefined)[]>
  /** All entries as pairs of key and value. */
  scan(reverse: boolean, tally: Tally): Answer<unknown>
  /** All entries read in place; null if the store only gives pairs. */
  readonly walk: ((reverse: boolean, tally: Tally) => void) | null
  /** Up to `entries` entries from the first key ≥ `from`. */
  seek(from: Uint8Array, entries: number, tally: Tally): Answer<unknown>
  /** Merges everything into one sorted run; null if the library has no such call. */
  readonly merge: (() => Answer<unknown>) | null
  /** Ends background work; null: wait until the process writes no more. */
  readonly settle: (() => Answer<unknown>) | null
  /** Whether background work is running or due, as far as the store reports it. */
  busy(): boolean
  /** Bytes that are still to be merged, by the store's estimate; null if it has none. */
  debtBytes(): number | null
  close(): Answer<unknown>
}

export interface CallDefinition {
  readonly name: RacedEngine
  /** Milliseconds without a written byte after which it counts as at rest; 0: it is at once. */
  readonly quietMs: number
  /** The budget and what became of it, line by line. */
  settings(budget: CallBudget): readonly PeerSetting[]
  /** Opens the store in `folder`, which exists. Throws `UsageError` if a library is missing. */
  open(folder: string, budget: CallBudget): Promise<CallStore>
  /** Name and version of the store and its library. Throws `UsageError` as `open`. */
  version(): string
}

export const BITS_PER_KEY = 10
export const BLOCK_BYTES = 4096

/** Entries of one step of a scan, where pairs are handed over in groups. */
export const PAIRS_AT_ONCE = 1000
