/**
 * Owns soft cuts by the rules of RocksDB and LevelDB. The grandparents of a merge are the tables
 * one level below its output that overlap it.
 *
 *   rocksdb   A table ends where a grandparent begins or ends, once it is large enough. A table
 *             that is aligned with its grandparents overlaps fewer of them, so that its own merge
 *             rewrites less later. The price is tables of unequal sizes. Pebble's rule is similar.
 *   leveldb   A table ends where it has passed grandparents of more than ten tables' size.
 *
 * LevelDB does not reset its count of passed grandparents when a table ends by size; soft cuts
 * count for each table from 0. So LevelDB cuts more often where a full table passes five to ten
 * grandparents: at T = 10 its own count writes 3 % less than this rule, at T = 4 as much.
 *
 * Sources: RocksDB 7.8, `CompactionPicker::GetGrandparents`, `CompactionOutputs::ShouldStopBefore`
 * (PR 10655), the constructor of `Compaction`; LevelDB, `Compaction::ShouldStopBefore`,
 * `VersionSet::SetupOtherInputs`; Pebble, `internal/compact/splitting.go` (PR 2316).
 */

import type {
  MergeOutput,
  OutputPlace,
  SoftCuts,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, sliceTables } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import type { Version } from '../../engine/version/version.ts'
import { type SoftCutRule, tableBytes } from './shared-parameters.ts'
import { outputTo } from './specs.ts'

/** Shares of the target from which a table ends at the first, second … soft key that it crosses. */
const ENDS_FROM_SHARES = [0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]
/** `max_compaction_bytes` in tables of the target size. */
const OVERLAP_TABLES_MAX = 25
/** A skipped grandparent counts if it is larger than this share of the target. */
const SKIPPED_SHARE_MIN = 1 / 8
/** Where there are grandparents, a table is full at so many times the target. */
const FULL_SHARE = 2
/**
 * LevelDB: 10 tables of the target size (`MaxGrandParentOverlapBytes`), and one more because soft
 * cuts add the bytes of the open table, which are nearly one table where this limit is reached.
 */
const PASSED_TABLES_MAX = 10 + 1

export interface AlignedTables {
  readonly softCuts: SoftCutRule
  readonly targetTableBytes: number
  readonly bitsPerKey: number
}

/**
 * The only output of a merge of tables that lie in `range`. If deeper tables overlap the range,
 * output tables end at their borders by the rule `softCuts`; otherwise they are cut by size alone.
 */
export function alignedOutput(
  view: TreeView,
  place: OutputPlace,
  range: KeyRange,
  params: AlignedTables,
): MergeOutput {
  const targetBytes = tableBytes(view, params)
  const plain = outputTo(place, targetBytes, params.bitsPerKey)
  if (params.softCuts === 'none') return plain
  const grandparents = grandparentsOf(view.version, place.level, range)
  if (grandparents.length === 0) return plain
  if (params.softCuts === 'leveldb') {
    return { ...plain, softCuts: limitOfPassed(grandparents, targetBytes) }
  }
  const softCuts = softCutsAt(grandparents, targetBytes)
  return { ...plain, targetTableBytes: FULL_SHARE * targetBytes, softCuts }
}

/**
 * The tables that overlap `range` in the first level below `level` where any do. Of several runs in
 * a level the oldest counts.
 */
export function grandparentsOf(
  version: Version,
  level: number,
  range: KeyRange,
): readonly TableMeta[] {
  for (const { runs } of version.levels.slice(level + 1)) {
    const run = runs.at(-1)
    if (run === undefined) continue
    const { from, to } = overlapping(run, range)
    if (from < to) return sliceTables(run, from, to)
  }
  return []
}

/** Soft keys at both ends of each grandparent, with RocksDB's limits for a target size. */
export function softCutsAt(grandparents: readonly TableMeta[], targetBytes: number): SoftCuts {
  const keys: Uint8Array[] = []
  const overlapBytes: number[] = []
  for (const table of grandparents) {
    keys.push(table.smallest, keyAfter(table.largest))
    overlapBytes.push(rawBytes(table), 0)
  }
  return {
    keys,
    overlapBytes,
    endsFrom: ENDS_FROM_SHARES.map((share) => share * targetBytes),
    overlapBytesMax: OVERLAP_TABLES_MAX * targetBytes,
    skippedBytesMin: SKIPPED_SHARE_MIN * targetBytes,
  }
}

/** Each grandparent counts where it ends. A second key there says that no table is entered. */
function limitOfPassed(grandparents: readonly TableMeta[], targetBytes: number): SoftCuts {
  const keys: Uint8Array[] = []
  const overlapBytes: number[] = []
  for (const table of grandparents) {
    const end = keyAfter(table.largest)
    keys.push(end, end)
    overlapBytes.push(rawBytes(table), 0)
  }
  return {
    keys,
    overlapBytes,
    endsFrom: [targetBytes],
    overlapBytesMax: PASSED_TABLES_MAX * targetBytes,
    skippedBytesMin: null,
  }
}

/** The first key after `key` in the order of bytes. */
function keyAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
