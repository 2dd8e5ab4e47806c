/** Owns sums over sets of tables, and how they are added up. Pure. */

import { rawBytes, type TableMeta } from './table-meta.ts'

/** Sums over a set of tables. */
export interface Totals {
  readonly tables: number
  readonly bytes: number
  readonly entries: number
  readonly tombstones: number
  readonly rangeDeletions: number
  readonly rawBytes: number
}

/** The sums over no table. */
export const NO_TOTALS: Totals = {
  tables: 0,
  bytes: 0,
  entries: 0,
  tombstones: 0,
  rangeDeletions: 0,
  rawBytes: 0,
}

/** Sums of `a` and `b`, field by field. */
export function addTotals(a: Totals, b: Totals): Totals {
  return {
    tables: a.tables + b.tables,
    bytes: a.bytes + b.bytes,
    entries: a.entries + b.entries,
    tombstones: a.tombstones + b.tombstones,
    rangeDeletions: a.rangeDeletions + b.rangeDeletions,
    rawBytes: a.rawBytes + b.rawBytes,
  }
}

/** `a` less `b`, field by field. */
export function subtractTotals(a: Totals, b: Totals): Totals {
  return {
    tables: a.tables - b.tables,
    bytes: a.bytes - b.bytes,
    entries: a.entries - b.entries,
    tombstones: a.tombstones - b.tombstones,
    rangeDeletions: a.rangeDeletions - b.rangeDeletions,
    rawBytes: a.rawBytes - b.rawBytes,
  }
}

/** The sums over `tables`. */
export function totalsOf(tables: readonly TableMeta[]): Totals {
  let bytes = 0
  let entries = 0
  let tombstones = 0
  let rangeDeletions = 0
  let raw = 0
  for (const table of tables) {
    bytes += table.bytes
    entries += table.entries
    tombstones += table.tombstones
    rangeDeletions += table.rangeDeletions
    raw += rawBytes(table)
  }
  return { tables: tables.length, bytes, entries, tombstones, rangeDeletions, rawBytes: raw }
}
