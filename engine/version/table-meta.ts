/**
 * Owns the metadata of an immutable table that can be read without opening it. All of it is
 * recorded when the table is written, because it cannot be added later. Read counters are volatile
 * and live elsewhere (`TableStats` of the strategy seam).
 */

import type { KeyRange } from './key-range.ts'

/** The number of a table: that of its file. It is never given to another table of the folder. */
export type TableId = number

/** A table's filter: none, or a blocked bloom filter with this many bits per distinct user key. */
export interface FilterMeta {
  readonly kind: 'none' | 'blocked-bloom'
  readonly bitsPerKey: number
  /** Size of the filter block in bytes, trailer included. */
  readonly bytes: number
}

/**
 * `smallest` and `largest` are user keys. Without range deletions both are present in the table;
 * with them the range also covers the deleted ranges, and may be open.
 */
export interface TableMeta extends KeyRange {
  readonly id: TableId
  /** File size. */
  readonly bytes: number
  /** All entries, tombstones and range deletions included, as RocksDB counts. */
  readonly entries: number
  /** Deletions of keys and of ranges. */
  readonly tombstones: number
  /** How many of the tombstones are range deletions. */
  readonly rangeDeletions: number
  /** Σ user-key bytes over entries (no trailer); of a range deletion, the first key's. */
  readonly rawKeyBytes: number
  /** Σ value bytes over entries; of a range deletion, those of the key where it ends. */
  readonly rawValueBytes: number
  readonly seqMin: number
  readonly seqMax: number
  /** Time when the table was written, from the injected clock, in ms. */
  readonly createdAtMs: number
  /** Time when its oldest entry entered a memtable. */
  readonly oldestWriteAtMs: number
  /** Time when its oldest tombstone entered a memtable; null if it holds none. */
  readonly oldestTombstoneAtMs: number | null
  readonly filter: FilterMeta
  /** Value-log bytes that its pointers refer to, per segment; segment ids ascend. */
  readonly vlogBytes: readonly (readonly [segment: number, bytes: number])[]
}

export const NO_FILTER: FilterMeta = { kind: 'none', bitsPerKey: 0, bytes: 0 }

/** Bytes of user data in the table before compression and framing: what `wa_entries` counts. */
export function rawBytes(table: TableMeta): number {
  return table.rawKeyBytes + table.rawValueBytes
}

/** The same for all the tables together. */
export function rawBytesOfTables(tables: readonly TableMeta[]): number {
  return tables.reduce((sum, table) => sum + rawBytes(table), 0)
}
