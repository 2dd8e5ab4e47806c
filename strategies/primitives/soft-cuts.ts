/**
 * Owns soft cuts by the rules of RocksDB and LevelDB. The grandparents of a merge are the tables
 * one level below its output that overlap it.
 *
 *   rocksdb   A table ends where a grandparent begins or ends, once it is large enough. A table
 *             that is aligned with its grandparents overlaps fewer of them, so that its own merge
 *             rewrites less later. The price is tables of unequal sizes. Pebble's rule is similar.
 *   leveldb   Tables end wherever grandparents of ten tables' size have been passed since the last
 *             such end. Ends of tables by size do not count, so these keys follow from the
 *             grandparents alone: they are cut keys, not soft ones.
 *
 * Sources: RocksDB 7.8, `CompactionPicker::GetGrandparents`, `CompactionOutputs::ShouldStopBefore`
 * (PR 10655), the constructor of `Compaction`; LevelDB, `Compaction::ShouldStopBefore`,
 * `VersionSet::SetupOtherInputs`; Pebble, `internal/compact/splitting.go` (PR 2316).
 */

import { keyAfter } from '../../engine/base/compare.ts'
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
 * LevelDB, `MaxGrandParentOverlapBytes`, in tables of the target size. It must be exceeded there;
 * but a full table there is a little larger than its target, so ten of them exceed it.
 */
const PASSED_TABLES_MAX = 10

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
    return { ...plain, cutKeys: endsOfPassed(grandparents, PASSED_TABLES_MAX * targetBytes) }
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
    keys.push(table.smallest, firstKeyAfter(table))
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

/** The keys at which grandparents of `passedBytesMax` have been passed. */
function endsOfPassed(
  grandparents: readonly TableMeta[],
  passedBytesMax: number,
): readonly Uint8Array[] {
  const ends: Uint8Array[] = []
  let passedBytes = 0
  for (const table of grandparents) {
    passedBytes += rawBytes(table)
    if (passedBytes < passedBytesMax) continue
    ends.push(firstKeyAfter(table))
    passedBytes = 0
  }
  return ends
}

/** The first key after all keys of the range. */
function firstKeyAfter({ largest, isOpen }: KeyRange): Uint8Array {
  return isOpen === true ? largest : keyAfter(largest)
}
