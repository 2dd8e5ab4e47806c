/**
 * Owns what is known of one immutable table without opening it. Everything here is kept from the
 * table's birth because none of it can be added later; counters of reads are volatile and live
 * elsewhere (`TableStats` of the strategy seam).
 */

import type { KeyRange } from './key-range.ts'

/** The number of a table: that of its file. It is never given to another table of the folder. */
export type TableId = number

/** What a table's filter is: none, or a blocked bloom of so many bits per distinct user key. */
export interface FilterMeta {
  readonly kind: 'none' | 'blocked-bloom'
  readonly bitsPerKey: number
  /** Size of the filter block in bytes, trailer included. */
  readonly bytes: number
}

/** `smallest` and `largest` are user keys, both present in the table (inclusive). */
export interface TableMeta extends KeyRange {
  readonly id: TableId
  /** File size. */
  readonly bytes: number
  /** All entries, tombstones included. */
  readonly entries: number
  readonly tombstones: number
  /** Σ user-key bytes over entries (no trailer). */
  readonly rawKeyBytes: number
  /** Σ value bytes over entries. */
  readonly rawValueBytes: number
  readonly seqMin: number
  readonly seqMax: number
  /** When the table was written, by the injected clock, in ms. */
  readonly createdAtMs: number
  /** When its oldest entry entered a memtable. */
  readonly oldestWriteAtMs: number
  /** When its oldest tombstone entered a memtable; null when it holds none. */
  readonly oldestTombstoneAtMs: number | null
  readonly filter: FilterMeta
  /** Value-log bytes its pointers reach, by segment; ascending segment ids. */
  readonly vlogBytes: readonly (readonly [segment: number, bytes: number])[]
}

export const NO_FILTER: FilterMeta = { kind: 'none', bitsPerKey: 0, bytes: 0 }

/** Bytes of user data in the table before compression and framing: what `wa_entries` counts. */
export function rawBytes(table: TableMeta): number {
  return table.rawKeyBytes + table.rawValueBytes
}
