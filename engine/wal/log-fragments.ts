/**
 * Owns the fragments of a log in memory: whether one is sound, and where reading may go on behind a
 * damaged one.
 *
 * Invariant: `resumeBehind` never looks for records inside a payload, because a value may hold the
 * bytes of another log. It relies on the length of the damaged fragment, or on its checksum if the
 * length alone is damaged, or goes to the next block, where a header always starts.
 */

import { crc32c, unmaskCrc } from '../base/crc32c.ts'
import {
  FRAGMENT_TYPE,
  LENGTH_OFFSET,
  LOG_BLOCK_BYTES,
  LOG_HEADER_BYTES,
  TYPE_OFFSET,
} from './log-format.ts'

export type LogDamageReason =
  | 'torn header'
  | 'torn payload'
  | 'zero tail'
  | 'bad length'
  | 'bad crc'
  | 'bad type'
  | 'bad fragment order'

/**
 * The damage of the fragment whose header starts at `at` (inside the log), or null if it is sound.
 */
export function fragmentDamage(bytes: Uint8Array, at: number): LogDamageReason | null {
  const left = bytes.length - at
  if (isZero(bytes, at, bytes.length)) return 'zero tail'
  if (left < LOG_HEADER_BYTES) return 'torn header'
  const size = LOG_HEADER_BYTES + lengthAt(bytes, at)
  if (size > LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES)) return 'bad length'
  if (size > left) return 'torn payload'
  if (!crcMatches(bytes, at, at + size)) return 'bad crc'
  const type = bytes[at + TYPE_OFFSET]!
  return isType(type) ? null : 'bad type'
}

/** Whether the damage at `at` may be a last append that never became durable. */
export function isInLastAppend(bytes: Uint8Array, at: number, reason: LogDamageReason): boolean {
  // The checksum does not cover the length. If it matches up to the log's end, only the length is
  // wrong: the record has rotted and is not torn.
  const rotted = reason === 'torn payload' && crcMatches(bytes, at, bytes.length)
  return !rotted && reason !== 'bad fragment order' && !hasRecordAfter(bytes, at)
}

/**
 * Where reading may go on behind the fragment at `at`, which has this damage. The answer is behind
 * `at`.
 */
export function resumeBehind(bytes: Uint8Array, at: number, reason: LogDamageReason): number {
  if (reason === 'zero tail' || reason === 'torn header') return bytes.length
  const blockEnd = Math.min(at + LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES), bytes.length)
  const end = at + LOG_HEADER_BYTES + lengthAt(bytes, at)
  if (reason === 'bad type' || reason === 'bad fragment order') return end
  const crcEnd = endByCrc(bytes, at, blockEnd)
  if (crcEnd !== null) return crcEnd
  if (end > blockEnd) return blockEnd
  const hasType = isType(bytes[at + TYPE_OFFSET]!)
  return hasType || isBorder(bytes, end, blockEnd) ? end : blockEnd
}

/** Where the fragment at `at` ends if only its length is damaged; null if more is. */
function endByCrc(bytes: Uint8Array, at: number, blockEnd: number): number | null {
  const stored = crcAt(bytes, at)
  let crc = crc32c(bytes, at + TYPE_OFFSET, at + LOG_HEADER_BYTES)
  for (let end = at + LOG_HEADER_BYTES; end <= blockEnd; end++) {
    if (crc === stored && isBorder(bytes, end, blockEnd)) return end
    crc = crc32c(bytes, end, end + 1, crc)
  }
  return null
}

/** Whether a fragment may end at `end`: a sound one follows, or nothing does. */
function isBorder(bytes: Uint8Array, end: number, blockEnd: number): boolean {
  return blockEnd - end < LOG_HEADER_BYTES || fragmentDamage(bytes, end) === null
}

/** Whether a sound fragment that starts a record lies anywhere after the damage at `offset`. */
function hasRecordAfter(bytes: Uint8Array, offset: number): boolean {
  for (let at = offset + 1; at + LOG_HEADER_BYTES <= bytes.length; at++) {
    if (startsRecord(bytes[at + TYPE_OFFSET]!) && fragmentDamage(bytes, at) === null) return true
  }
  return false
}

export function startsRecord(type: number): boolean {
  return type === FRAGMENT_TYPE.full || type === FRAGMENT_TYPE.first
}

/** Bytes of the payload behind the header at `at`. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at + LENGTH_OFFSET]! | (bytes[at + LENGTH_OFFSET + 1]! << 8)
}

/** Whether the checksum stored at `at` matches the type and the payload up to `end`. */
function crcMatches(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + LOG_HEADER_BYTES > end) return false
  return crcAt(bytes, at) === crc32c(bytes, at + TYPE_OFFSET, end)
}

/** The checksum in the header at `at`, unmasked. */
function crcAt(bytes: Uint8Array, at: number): number {
  const masked =
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  return unmaskCrc(masked)
}

function isType(type: number): boolean {
  return type >= FRAGMENT_TYPE.full && type <= FRAGMENT_TYPE.last
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
