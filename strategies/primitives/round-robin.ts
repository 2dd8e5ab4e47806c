/**
 * Owns round-robin cursors: for each level, how far its compactions have come through the key
 * space. Two rules read them:
 *
 *   beyond    the next table is the first that starts beyond the cursor, or the first of all if
 *             none does; a table that straddles the cursor waits for the next round (RocksDB's
 *             kRoundRobin, and the ties of all other choices)
 *   reaching  the next table is the first that ends beyond the cursor, so a straddling table goes
 *             first (LevelDB's `compact_pointer_`)
 *
 * Cursors also break the ties of other choices. Taking the lowest key instead would rewrite the
 * same part of the next level over and over, at several times the cost.
 *
 * A cursor is the largest user key of the table chosen last, in hex (a strategy's state is JSON).
 */

import { compareBytes } from '../../engine/base/compare.ts'
import { lowerBound, type Run, tableAt } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'

/** By level; null or missing if no table of the level has been chosen yet. */
export type Cursors = readonly (string | null)[]

/**
 * Index of the first table of a run, not empty, that starts beyond the cursor; past the last: 0.
 */
export function indexAfter(run: Run, cursor: string | null): number {
  if (cursor === null) return 0
  const key = fromHex(cursor)
  const index = lowerBound(run, key)
  if (index === run.totals.tables) return 0
  const straddles = compareBytes(tableAt(run, index).smallest, key) <= 0
  return (straddles ? index + 1 : index) % run.totals.tables
}

/** Index of the first table of a run, not empty, that ends beyond the cursor; past the last: 0. */
export function indexReaching(run: Run, cursor: string | null): number {
  return cursor === null ? 0 : indexBeyond(run, fromHex(cursor)) % run.totals.tables
}

/** Index of the first table that ends beyond the key, or the number of tables if none does. */
export function indexBeyond(run: Run, key: Uint8Array): number {
  const index = lowerBound(run, key)
  if (index === run.totals.tables) return index
  return compareBytes(tableAt(run, index).largest, key) === 0 ? index + 1 : index
}

/** The cursors after `table` of `level` was chosen. */
export function advance(cursors: Cursors, level: number, table: TableMeta): Cursors {
  return advanceTo(cursors, level, table.largest)
}

/** The cursors after that of `level` has moved to the key. */
export function advanceTo(cursors: Cursors, level: number, key: Uint8Array): Cursors {
  const length = Math.max(cursors.length, level + 1)
  return Array.from({ length }, (_, index) =>
    index === level ? toHex(key) : (cursors[index] ?? null),
  )
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(key: Uint8Array): string {
  let text = ''
  for (let at = 0; at < key.length; at++) text += HEX[key[at]!]!
  return text
}

export function fromHex(text: string): Uint8Array {
  const key = new Uint8Array(text.length >>> 1)
  for (let at = 0; at < key.length; at++) {
    key[at] = (digitOf(text.charCodeAt(2 * at)) << 4) | digitOf(text.charCodeAt(2 * at + 1))
  }
  return key
}

/** The value of a lower-case hexadecimal digit, given its character code. */
function digitOf(code: number): number {
  return code < 0x40 ? code - 0x30 : code - 0x57
}
