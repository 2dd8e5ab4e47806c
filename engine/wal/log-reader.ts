/**
 * Owns reading of logs (format: `log-format.ts`): the records up to the first damage, the kind of
 * damage, and whether the mode accepts it. The modes have the names of RocksDB's
 * `WALRecoveryMode`s.
 *
 * Invariant: every returned record was appended, and is whole. In no mode does the reader return a
 * record from behind damage. If the last append never became durable, the log ends short, in zeros
 * or in garbage, and no sound record follows. If an older record has rotted, a sound record does
 * follow. This distinguishes the two: damage with a sound record behind it was never caused by a
 * crash.
 */

import { crc32c, unmaskCrc } from '../base/crc32c.ts'
import { corruption } from '../base/errors.ts'
import {
  FRAGMENT_TYPE,
  LENGTH_OFFSET,
  LOG_BLOCK_BYTES,
  LOG_HEADER_BYTES,
  TYPE_OFFSET,
} from './log-format.ts'

/**
 * - `point-in-time`: everything up to the first damage; never refuses.
 * - `tolerate-corrupted-tail`: drops an incomplete last record or a tail of zeros, refuses any
 *   other damage.
 * - `absolute`: refuses any damage.
 */
export type LogRecoveryMode = 'point-in-time' | 'tolerate-corrupted-tail' | 'absolute'

export type LogDamageReason =
  | 'torn header'
  | 'torn payload'
  | 'zero tail'
  | 'bad length'
  | 'bad crc'
  | 'bad type'
  | 'bad fragment order'

export interface LogDamage {
  readonly reason: LogDamageReason
  /** Offset in the log, in bytes, at which the first bad fragment starts. */
  readonly offset: number
  /**
   * No sound record lies behind the damage, so it may be a last append that never became durable.
   */
  readonly inLastAppend: boolean
}

/** How a log ended. */
export interface LogEnd {
  /** The log consists of whole records up to this offset. */
  readonly validBytes: number
  /** Bytes from `validBytes` to the end of the log. */
  readonly bytesDropped: number
  /** Null if the log ended cleanly. */
  readonly damage: LogDamage | null
}

const EMPTY = new Uint8Array(0)

const TORN_TAILS: readonly LogDamageReason[] = ['torn header', 'torn payload', 'zero tail']

/** A cursor over the records of a whole log in memory. */
export class LogReader {
  /**
   * The current record: a view of the log's bytes, or a copy if it was fragmented. In both cases it
   * stays valid after `next`.
   */
  record: Uint8Array = EMPTY
  /** Offset in the log, in bytes, at which the current record starts. */
  recordOffset = 0
  readonly #bytes: Uint8Array
  readonly #path: string
  readonly #mode: LogRecoveryMode
  #at = 0
  #validBytes = 0
  #end: LogEnd | null = null

  /** Borrows `bytes`, the whole log. Errors name `path`. */
  constructor(bytes: Uint8Array, path: string, mode: LogRecoveryMode = 'point-in-time') {
    this.#bytes = bytes
    this.#path = path
    this.#mode = mode
  }

  /** How the log ended; null until `next` has returned false. */
  get end(): LogEnd | null {
    return this.#end
  }

  /**
   * Steps to the next record. Returns false at the end. Throws `LSM_CORRUPTION` for damage that the
   * mode refuses.
   */
  next(): boolean {
    if (this.#end !== null) return false
    const bytes = this.#bytes
    const fragments: Uint8Array[] = []
    for (;;) {
      this.#skipPadding()
      const at = this.#at
      const first = fragments.length === 0
      if (first) this.recordOffset = at
      if (at >= bytes.length) return this.#finish(first ? null : 'torn payload')
      const damage = fragmentDamage(bytes, at)
      if (damage !== null) return this.#finish(damage)
      const type = bytes[at + TYPE_OFFSET]!
      if (startsRecord(type) !== first) return this.#finish('bad fragment order')
      const body = at + LOG_HEADER_BYTES
      this.#at = body + lengthAt(bytes, at)
      fragments.push(bytes.subarray(body, this.#at))
      if (type === FRAGMENT_TYPE.full || type === FRAGMENT_TYPE.last) break
    }
    this.record = fragments.length === 1 ? fragments[0]! : concatenate(fragments)
    this.#validBytes = this.#at
    return true
  }

  #skipPadding(): void {
    const left = LOG_BLOCK_BYTES - (this.#at % LOG_BLOCK_BYTES)
    if (left < LOG_HEADER_BYTES) this.#at = Math.min(this.#at + left, this.#bytes.length)
  }

  #finish(reason: LogDamageReason | null): false {
    const bytes = this.#bytes
    const offset = this.#at
    if (reason === null) {
      this.#end = { validBytes: bytes.length, bytesDropped: 0, damage: null }
      return false
    }
    const damage = { reason, offset, inLastAppend: isInLastAppend(bytes, offset, reason) }
    const bytesDropped = bytes.length - this.#validBytes
    const tornTail = damage.inLastAppend && TORN_TAILS.includes(reason)
    if (this.#mode === 'absolute' || (this.#mode === 'tolerate-corrupted-tail' && !tornTail)) {
      throw corruption(reason, { path: this.#path, ...damage, bytesDropped })
    }
    this.#end = { validBytes: this.#validBytes, bytesDropped, damage }
    return false
  }
}

/**
 * The damage of the fragment whose header starts at `at` (inside the log), or null if it is sound.
 */
function fragmentDamage(bytes: Uint8Array, at: number): LogDamageReason | null {
  const left = bytes.length - at
  if (isZero(bytes, at, bytes.length)) return 'zero tail'
  if (left < LOG_HEADER_BYTES) return 'torn header'
  const size = LOG_HEADER_BYTES + lengthAt(bytes, at)
  if (size > LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES)) return 'bad length'
  if (size > left) return 'torn payload'
  if (!crcMatches(bytes, at, at + size)) return 'bad crc'
  const type = bytes[at + TYPE_OFFSET]!
  return type < FRAGMENT_TYPE.full || type > FRAGMENT_TYPE.last ? 'bad type' : null
}

function isInLastAppend(bytes: Uint8Array, at: number, reason: LogDamageReason): boolean {
  // The checksum does not cover the length. If it matches up to the log's end, only the length is
  // wrong: the record has rotted and is not torn.
  const rotted = reason === 'torn payload' && crcMatches(bytes, at, bytes.length)
  return !rotted && reason !== 'bad fragment order' && !hasRecordAfter(bytes, at)
}

/** Whether a sound fragment that starts a record lies anywhere after the damage at `offset`. */
function hasRecordAfter(bytes: Uint8Array, offset: number): boolean {
  for (let at = offset + 1; at + LOG_HEADER_BYTES <= bytes.length; at++) {
    if (startsRecord(bytes[at + TYPE_OFFSET]!) && fragmentDamage(bytes, at) === null) return true
  }
  return false
}

function startsRecord(type: number): boolean {
  return type === FRAGMENT_TYPE.full || type === FRAGMENT_TYPE.first
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at + LENGTH_OFFSET]! | (bytes[at + LENGTH_OFFSET + 1]! << 8)
}

/** Whether the checksum stored at `at` matches the type and the payload up to `end`. */
function crcMatches(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + LOG_HEADER_BYTES > end) return false
  const stored =
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  return unmaskCrc(stored) === crc32c(bytes, at + TYPE_OFFSET, end)
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
