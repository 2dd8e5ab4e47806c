/**
 * Owns the reading of values that the tree only points to, for gets and for scans. Each kind of
 * read is counted on its own account. Invariant: a returned value is owned or immutable.
 */

import type { Lookup } from '../../base/lookup.ts'
import type { ReadCounters } from '../../base/read-counters.ts'
import type { SegmentHandles, ValueAccount, ValueRequest } from '../../vlog/segment-handles.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'

export class ValueReader {
  readonly handles: SegmentHandles
  readonly #getAccount: ValueAccount
  readonly scanAccount: ValueAccount
  readonly #pointer = new ValuePointer()

  /** `gets` and `scans` count the values that are read. */
  constructor(handles: SegmentHandles, gets: ReadCounters, scans: ReadCounters) {
    this.handles = handles
    this.#getAccount = { cause: 'get', counters: gets, fillCache: true }
    this.scanAccount = { cause: 'scan', counters: scans, fillCache: true }
  }

  /** The value of an entry that a lookup found. */
  resolve(key: Uint8Array, { valueBytes, valueStart, valueLength }: Lookup): Uint8Array {
    const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'pointer')
    return this.handles.read(pointer, key, 0, key.length, this.#getAccount)
  }

  /** Fills the values of many requests that lookups found. It does not block. */
  resolveMany(requests: readonly ValueRequest[]): Promise<void> {
    return this.handles.readMany(requests, this.#getAccount)
  }

  /** The value of a cursor's current entry. */
  resolveScanned(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): Uint8Array {
    const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'pointer')
    return this.handles.read(pointer, keyBytes, keyStart, keyLength, this.scanAccount)
  }
}
