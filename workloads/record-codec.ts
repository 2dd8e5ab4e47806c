/**
 * Owns a record's bytes: the fields as YCSB's RocksDB binding encodes them (`RocksDBClient.java`,
 * `serializeValues`), one after another:
 *
 *   +-------------+---------+--------------+----------+
 *   | u32be       | name,   | u32be        | value,   |
 *   | name length | n bytes | value length | m bytes  |
 *   +-------------+---------+--------------+----------+
 *
 * Invariant: an update copies the record once and re-encodes nothing.
 */

import { bytesIn, show } from '../engine/base/arguments.ts'
import { corruption, invalidArgument } from '../engine/base/errors.ts'

const LENGTH_BYTES = 4

/** One field of a record. */
export interface Field {
  readonly name: Uint8Array
  readonly value: Uint8Array
}

/** Bytes of one encoded field. */
export function fieldBytes(nameLength: number, valueLength: number): number {
  return 2 * LENGTH_BYTES + nameLength + valueLength
}

/** Writes both lengths and the name at `offset`. Returns the offset of the value. */
export function writeFieldHeader(
  target: Uint8Array,
  offset: number,
  name: Uint8Array,
  valueLength: number,
): number {
  writeU32(target, offset, name.length)
  let at = offset + LENGTH_BYTES
  for (let i = 0; i < name.length; i++) target[at++] = name[i]!
  writeU32(target, at, valueLength)
  return at + LENGTH_BYTES
}

/** A new record of `fields` in the given order. */
export function encodeRecord(fields: readonly Field[]): Uint8Array {
  if (!Array.isArray(fields)) throw invalidArgument(`fields must be a list, not ${show(fields)}`)
  let bytes = 0
  for (const { name, value } of fields) {
    bytes += fieldBytes(bytesIn(name, "a field's name"), bytesIn(value, "a field's value"))
  }
  const record = new Uint8Array(bytes)
  let at = 0
  for (const { name, value } of fields) {
    at = writeFieldHeader(record, at, name, value.length)
    record.set(value, at)
    at += value.length
  }
  return record
}

/** The fields in order, as views of `record`. Throws `LSM_CORRUPTION` for a torn record. */
export function decodeRecord(record: Uint8Array): Field[] {
  bytesIn(record, 'a record')
  const fields: Field[] = []
  let at = 0
  while (at < record.length) {
    const nameStart = at + LENGTH_BYTES
    const nameEnd = nameStart + readLength(record, at)
    const valueStart = nameEnd + LENGTH_BYTES
    at = valueStart + readLength(record, nameEnd)
    if (at > record.length) throw torn(record, nameStart)
    fields.push({
      name: record.subarray(nameStart, nameEnd),
      value: record.subarray(valueStart, at),
    })
  }
  return fields
}

/**
 * A new record (owned) in which field `name` has `value` and all other fields are unchanged. A
 * missing field is appended. Throws `LSM_CORRUPTION` for a torn record.
 */
export function mergeField(record: Uint8Array, name: Uint8Array, value: Uint8Array): Uint8Array {
  bytesIn(record, 'a record')
  bytesIn(name, "a field's name")
  bytesIn(value, "a field's value")
  let at = 0
  while (at < record.length) {
    const nameLength = readLength(record, at)
    const lengthAt = at + LENGTH_BYTES + nameLength
    const end = lengthAt + LENGTH_BYTES + readLength(record, lengthAt)
    if (end > record.length) throw torn(record, at)
    if (nameLength === name.length && holds(record, at + LENGTH_BYTES, name)) {
      return splice(record, at, end, name, value)
    }
    at = end
  }
  return splice(record, record.length, record.length, name, value)
}

/** `record` with the encoded field (name, value) instead of the bytes from `start` to `end`. */
function splice(
  record: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
  value: Uint8Array,
): Uint8Array {
  const bytes = fieldBytes(name.length, value.length)
  const merged = new Uint8Array(record.length - (end - start) + bytes)
  merged.set(record.subarray(0, start))
  merged.set(value, writeFieldHeader(merged, start, name, value.length))
  merged.set(record.subarray(end), start + bytes)
  return merged
}

function holds(record: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (record[at + i] !== name[i]) return false
  return true
}

function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24
  target[offset + 1] = value >>> 16
  target[offset + 2] = value >>> 8
  target[offset + 3] = value
}

function readLength(record: Uint8Array, at: number): number {
  if (at + LENGTH_BYTES > record.length) throw torn(record, at)
  return (
    ((record[at]! << 24) | (record[at + 1]! << 16) | (record[at + 2]! << 8) | record[at + 3]!) >>> 0
  )
}

function torn(record: Uint8Array, offset: number): Error {
  return corruption(`a field runs past the record's ${record.length} bytes`, {
    path: 'record',
    offset,
  })
}
