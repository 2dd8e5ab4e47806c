/**
 * Owns sizes that count tombstones: a table with more tombstones than other entries is larger than
 * its bytes, because its compaction also removes the values that the tombstones hide. Such tables
 * are compacted earlier, and levels with such tables are due earlier. Each tombstone above half of
 * the entries counts as two tombstones, and each of these as one value of average size:
 *
 *   compensated = raw bytes + max(0, 2 · tombstones − entries) · average value · 2
 *
 * The sums that need every table are remembered by chunk and by run.
 *
 * Source: RocksDB, `VersionStorageInfo::ComputeCompensatedSizes`. It fixes the average value when a
 * table is written; here it is that of the tree as it is now.
 */

import type { Chunk, Run } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'

/** RocksDB: kDeletionWeightOnCompaction. */
const TOMBSTONE_WEIGHT = 2

interface Sums {
  readonly valueBytes: number
  /** Σ over tables of the tombstones that count. */
  readonly surplus: number
}

/** Tombstones of the table that add to its size: twice those above half of its entries. */
export function surplusTombstones({ tombstones, entries }: TableMeta): number {
  return Math.max(0, 2 * tombstones - entries)
}

/** What one surplus tombstone adds to a size, in bytes; 0 for a tree without tombstones. */
export function tombstoneBytes(version: Version): number {
  const { tombstones, entries } = version.totals
  if (tombstones === 0 || tombstones === entries) return 0
  let valueBytes = 0
  for (const { run } of runsNewestFirst(version)) valueBytes += sumsOfRun(run).valueBytes
  return Math.floor(valueBytes / (entries - tombstones)) * TOMBSTONE_WEIGHT
}

/** Raw bytes of the table, and those that its tombstones add. */
export function compensatedBytes(table: TableMeta, bytesPerTombstone: number): number {
  return rawBytes(table) + surplusTombstones(table) * bytesPerTombstone
}

/** The sum over the tables. */
export function compensatedTableBytes(
  tables: readonly TableMeta[],
  bytesPerTombstone: number,
): number {
  let bytes = 0
  for (const table of tables) bytes += compensatedBytes(table, bytesPerTombstone)
  return bytes
}

/** The same for all tables of the runs. */
export function compensatedRunBytes(runs: readonly Run[], bytesPerTombstone: number): number {
  let bytes = 0
  for (const run of runs) {
    bytes += run.totals.rawBytes
    if (bytesPerTombstone > 0 && run.totals.tombstones > 0) {
      bytes += sumsOfRun(run).surplus * bytesPerTombstone
    }
  }
  return bytes
}

/** Whether some table of the chunk has surplus tombstones. */
export function hasSurplus(chunk: Chunk): boolean {
  return chunk.totals.tombstones > 0 && sumsOfChunk(chunk).surplus > 0
}

const sumsByRun = new WeakMap<Run, Sums>()
const sumsByChunk = new WeakMap<Chunk, Sums>()

function sumsOfRun(run: Run): Sums {
  let sums = sumsByRun.get(run)
  if (sums === undefined) {
    sums = addedUp(run.chunks.map(sumsOfChunk))
    sumsByRun.set(run, sums)
  }
  return sums
}

function sumsOfChunk(chunk: Chunk): Sums {
  let sums = sumsByChunk.get(chunk)
  if (sums === undefined) {
    sums = addedUp(
      chunk.tables.map((table) => ({
        valueBytes: table.rawValueBytes,
        surplus: surplusTombstones(table),
      })),
    )
    sumsByChunk.set(chunk, sums)
  }
  return sums
}

function addedUp(parts: readonly Sums[]): Sums {
  let valueBytes = 0
  let surplus = 0
  for (const part of parts) {
    valueBytes += part.valueBytes
    surplus += part.surplus
  }
  return { valueBytes, surplus }
}
