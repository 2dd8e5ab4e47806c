/**
 * Owns tables without keys: a stretch of the key space, its expected contents, and the engine's
 * metadata of such a table. Entries are taken to be evenly spread within a table, and all of them
 * to have the mean size.
 *
 * The place of the n-th key of a random set is itself random. Borders at evenly spaced places would
 * coincide with those of other levels too often, so each border is scattered as the n-th key is.
 */

import type { Random } from '../../engine/base/random.ts'
import type { Ancestry } from '../../engine/compaction/placement.ts'
import {
  estimateTableSize,
  type TableSize,
  type TableSizeOptions,
} from '../../engine/table/table-size.ts'
import type { TableId } from '../../engine/version/table-meta.ts'
import { deadPerSpace, entriesPerSpace, type Stretch, withoutDead } from './density.ts'
import type { KeyModel } from './key-model.ts'
import { KEY_SPACE, keyAt } from './key-space.ts'
import {
  filterMeta,
  NO_VLOG_BYTES,
  type SimulatedTable,
  type TableSums,
} from './simulated-table.ts'
import { clamped, gaussian } from './statistical-chance.ts'

export interface StatisticalTable extends SimulatedTable, Stretch {}

export interface StatisticalShape {
  readonly model: KeyModel
  /** Mean bytes of a user key and of a value. */
  readonly keyBytes: number
  readonly valueBytes: number
  /** Length of the common prefix of all keys; below, the number of values of each further byte. */
  readonly keyPrefixBytes: number
  readonly keyRadix: number
  readonly blocks: Omit<TableSizeOptions, 'bitsPerKey'>
}

/** Facts that all tables of one job share. */
export interface TableFacts {
  readonly ancestry: Ancestry
  readonly seqMin: number
  readonly seqMax: number
}

/** Expected numbers of a stretch or a table. */
export interface Expected {
  readonly entries: number
  readonly dead: number
}

/** A stretch with its expected contents. */
export interface Measured extends Stretch, Expected {
  readonly rawBytes: number
}

/** A table that has no place yet. */
export interface Contents {
  readonly sums: Pick<TableSums, 'entries' | 'tombstones' | 'rawKeyBytes' | 'rawValueBytes'>
  readonly size: TableSize
}

/** Bound of rounding errors in sums of shares, in entries or relative to the whole. */
export const ROUNDING = 1e-6

/** The stretch with its expected contents; `older` says whether tombstones are still needed. */
export function measured(
  { model, keyBytes, valueBytes }: StatisticalShape,
  { from, to, density }: Stretch,
  older: (position: number) => boolean,
): Measured {
  const needless = deadPerSpace(model, density) > 0 && !older(from)
  const kept = needless ? withoutDead(density) : density
  const share = (to - from) / KEY_SPACE
  const entries = entriesPerSpace(model, kept) * share
  const dead = deadPerSpace(model, kept) * share
  const rawBytes = entries * keyBytes + (entries - dead) * valueBytes
  return { from, to, density: kept, entries, dead, rawBytes }
}

/** A table of whole entries over a stretch of this width; null if no entry is left. */
export function contentsOf(
  { keyBytes, valueBytes, keyPrefixBytes, keyRadix, blocks }: StatisticalShape,
  expected: Expected,
  width: number,
  bitsPerKey: number,
): Contents | null {
  const entries = Math.round(expected.entries)
  if (entries === 0) return null
  const tombstones = Math.min(Math.round(expected.dead), entries)
  const rawKeyBytes = Math.round(entries * keyBytes)
  const rawValueBytes = Math.round((entries - tombstones) * valueBytes)
  const digits = Math.log(Math.max((entries * KEY_SPACE) / width, 1)) / Math.log(keyRadix)
  const sharedBytes = Math.min(keyPrefixBytes + digits, keyBytes)
  const sums = { entries, tombstones, rawKeyBytes, rawValueBytes }
  return { sums, size: estimateTableSize({ ...sums, sharedBytes }, { ...blocks, bitsPerKey }) }
}

export function statisticalTable(
  id: TableId,
  { sums, size }: Contents,
  { from, to, density }: Stretch,
  bitsPerKey: number,
  { ancestry, seqMin, seqMax }: TableFacts,
): StatisticalTable {
  const { createdAtMs, oldestWriteAtMs, oldestTombstoneAtMs } = ancestry
  // Written out, because most of the memory of a large simulation is tables.
  return {
    id,
    smallest: keyAt(from),
    largest: keyAt(to - 1),
    from,
    to,
    density,
    entries: sums.entries,
    tombstones: sums.tombstones,
    rangeDeletions: 0,
    rawKeyBytes: sums.rawKeyBytes,
    rawValueBytes: sums.rawValueBytes,
    seqMin,
    seqMax,
    bytes: size.bytes,
    dataBytes: size.dataBytes,
    createdAtMs,
    oldestWriteAtMs,
    oldestTombstoneAtMs: sums.tombstones > 0 ? oldestTombstoneAtMs : null,
    filter: filterMeta(bitsPerKey, size),
    vlogBytes: NO_VLOG_BYTES,
  }
}

/** The position at which the first `share` of the entries ends. */
export function borderAfter(
  model: KeyModel,
  share: number,
  { from, to, entries }: Pick<Measured, 'from' | 'to' | 'entries'>,
  random: Random,
): number {
  const keys = (model.keys * (to - from)) / KEY_SPACE
  // Keys are a sample without replacement: if every key is present, nothing is random.
  const free = Math.max(1 - entries / Math.max(keys, entries), 0)
  const spread = Math.sqrt((share * (1 - share) * free) / (entries + 2))
  const scattered = share + spread * gaussian(random)
  const position = from + Math.round((to - from) * clamped(scattered, 0, 1))
  return clamped(position, from + 1, to - 1)
}
