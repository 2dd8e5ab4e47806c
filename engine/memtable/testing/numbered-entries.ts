/**
 * Owns entries that are made of their sequence number, so that a reader can check each one it
 * meets. Keys descend: each new entry is linked right before the latest one, where readers look.
 */

import type { InternalCursor } from '../../base/internal-cursor.ts'
import type { Lookup } from '../../base/lookup.ts'
import type { MemTable } from '../memtable.ts'

const VALUE_BYTES_MAX = 100

/** Fills the eight bytes of `key`. The first four are the same for many numbers. */
export function writeKey(key: Uint8Array, number: number): void {
  new DataView(key.buffer).setFloat64(0, Number.MAX_SAFE_INTEGER - number)
}

export function numberOf({ keyBytes, keyStart }: InternalCursor): number {
  const view = new DataView(keyBytes.buffer, keyBytes.byteOffset + keyStart)
  return Number.MAX_SAFE_INTEGER - view.getFloat64(0)
}

/** Adds the entries `from` to `until`, both included, with their numbers as sequence numbers. */
export function addNumbered(table: MemTable, from: number, until: number): void {
  const key = new Uint8Array(8)
  const value = new Uint8Array(VALUE_BYTES_MAX)
  for (let number = from; number <= until; number++) {
    writeKey(key, number)
    value.fill(markOf(number))
    table.add(number, 1, key, 0, key.length, value, 0, lengthOf(number))
  }
}

/** Whether the entry's value is complete, and that of entry `number`. */
export function isValueOf(number: number, entry: Lookup | InternalCursor): boolean {
  const { valueBytes, valueStart, valueLength } = entry
  if (valueLength !== lengthOf(number)) return false
  const mark = markOf(number)
  return valueBytes[valueStart] === mark && valueBytes[valueStart + valueLength - 1] === mark
}

/** Never the zero of an unwritten arena. */
function markOf(number: number): number {
  return (number % 255) + 1
}

function lengthOf(number: number): number {
  return 1 + (number % VALUE_BYTES_MAX)
}
