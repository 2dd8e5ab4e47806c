/**
 * Owns entries that are made of their sequence number, so that a reader can check each one it
 * meets. Keys lie in buckets, the newest entry of a bucket first: a scan knows what must follow.
 */

import type { InternalCursor } from '../../base/internal-cursor.ts'
import type { Lookup } from '../../base/lookup.ts'
import type { MemTable } from '../memtable.ts'

export const BUCKETS = 64

const VALUE_BYTES_MAX = 100

/** Eight bytes: the bucket, then the number, descending. */
export function writeKey(key: Uint8Array, number: number): void {
  const view = new DataView(key.buffer)
  view.setUint32(0, number % BUCKETS)
  view.setUint32(4, 0xffffffff - number)
}

export function numberOf({ keyBytes, keyStart }: InternalCursor): number {
  const view = new DataView(keyBytes.buffer, keyBytes.byteOffset + keyStart)
  return 0xffffffff - view.getUint32(4)
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
