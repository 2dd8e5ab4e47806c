/**
 * Owns tables without keys: a stretch of the key space, what is expected in it, and the engine's
 * metadata of a table that holds so much. Entries are taken to be evenly spread within a table, and
 * all to be of the mean size.
 *
 * Where the n-th key of a random set lies is itself random, and borders that fell on even places
 * would meet those of other levels too often; so each border is scattered as the order statistic is.
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
import { type SimulatedTable, simulatedTable, type TableSums } from './simulated-table.ts'
import { clamped, gaussian } from './statistical-chance.ts'

export interface StatisticalTable extends SimulatedTable, Stretch {}

export interface StatisticalShape {
  readonly model: KeyModel
  /** Mean bytes of a user key and of a value. */
  readonly keyBytes: number
  readonly valueBytes: number
  /** Bytes all keys start with, and the number of values each further byte takes. */
  readonly keyPrefixBytes: number
  readonly keyRadix: number
  readonly blocks: Omit<TableSizeOptions, 'bitsPerKey'>
}

/** What all tables of one job have in common. */
export interface TableFacts {
  readonly ancestry: Ancestry
  readonly seqMin: number
  readonly seqMax: number
}

/** Expected numbers. */
export interface Expected {
  readonly entries: number
  readonly dead: number
}

/** A stretch with its expected contents. */
export interface Measured extends Stretch, Expected {
  readonly rawBytes: number
}

/** A table as yet in no place. */
export interface Contents {
  readonly sums: Pick<TableSums, 'entries' | 'tombstones' | 'rawKeyBytes' | 'rawValueBytes'>
  readonly size: TableSize
}

/** Sums of many shares are off by less than this, in entries or relative to the whole. */
export const ROUNDING = 1e-6

/** The stretch with what is left in it; `older`: whether tombstones are still needed. */
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

/** A table of whole entries over a stretch so wide; null when none are left. */
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
  const range = { smallest: keyAt(from), largest: keyAt(to - 1) }
  const counted = { ...sums, ...range, seqMin, seqMax }
  return { ...simulatedTable(id, counted, size, bitsPerKey, ancestry), from, to, density }
}

/** Where the first `share` of the entries ends. */
export function borderAfter(
  model: KeyModel,
  share: number,
  { from, to, entries }: Pick<Measured, 'from' | 'to' | 'entries'>,
  random: Random,
): number {
  const keys = (model.keys * (to - from)) / KEY_SPACE
  // A sample without replacement: where every key is present nothing is random.
  const free = Math.max(1 - entries / Math.max(keys, entries), 0)
  const spread = Math.sqrt((share * (1 - share) * free) / (entries + 2))
  const scattered = share + spread * gaussian(random)
  const position = from + Math.round((to - from) * clamped(scattered, 0, 1))
  return clamped(position, from + 1, to - 1)
}
