/** Owns what the tables of both modes share: the engine's metadata, and no bytes. */

import type { Ancestry } from '../../engine/compaction/placement.ts'
import type { TableSize } from '../../engine/table/table-size.ts'
import {
  type FilterMeta,
  NO_FILTER,
  type TableId,
  type TableMeta,
} from '../../engine/version/table-meta.ts'

export interface SimulatedTable extends TableMeta {
  /** Stored bytes of the data blocks, which a merge reads. */
  readonly dataBytes: number
}

/** The sums that are counted while a table is made; keys are owned. */
export type TableSums = Pick<
  TableMeta,
  | 'entries'
  | 'tombstones'
  | 'rawKeyBytes'
  | 'rawValueBytes'
  | 'seqMin'
  | 'seqMax'
  | 'smallest'
  | 'largest'
>

export const NO_VLOG_BYTES: TableMeta['vlogBytes'] = []

export function simulatedTable(
  id: TableId,
  sums: TableSums,
  size: TableSize,
  bitsPerKey: number,
  { createdAtMs, oldestWriteAtMs, oldestTombstoneAtMs }: Ancestry,
): SimulatedTable {
  const { bytes, dataBytes } = size
  return {
    ...sums,
    id,
    bytes,
    createdAtMs,
    oldestWriteAtMs,
    oldestTombstoneAtMs: sums.tombstones > 0 ? oldestTombstoneAtMs : null,
    rangeDeletions: 0,
    filter: filterMeta(bitsPerKey, size),
    vlogBytes: NO_VLOG_BYTES,
    dataBytes,
  }
}

export function filterMeta(bitsPerKey: number, { filterBytes }: TableSize): FilterMeta {
  return bitsPerKey > 0 ? { kind: 'blocked-bloom', bitsPerKey, bytes: filterBytes } : NO_FILTER
}

/** Stored bytes of the data blocks, for a table of either mode. */
export function dataBytesOf(table: TableMeta): number {
  return (table as SimulatedTable).dataBytes
}
