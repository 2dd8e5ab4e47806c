/**
 * Owns reading of logs (format: `log-format.ts`): records up to the first damage, what the damage
 * is, and whether it may be forgiven. The modes are RocksDB's `WALRecoveryMode`s by name.
 *
 * Invariant: a record handed out is one that was appended, whole; nothing is ever handed out from
 * behind damage, whatever the mode. A last append that never became durable leaves a short log,
 * zeros or garbage, but nothing sound behind it; rot of an older record does. That is how the two
 * are told apart: damage with a sound record behind it is never a crash's doing.
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
 * - `tolerate-corrupted-tail`: an incomplete last record or a tail of zeros is dropped, any other
 *   damage refused.
 * - `absolute`: any damage is refused.
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
  /** Where in the log, in bytes, the first bad fragment starts. */
  readonly offset: number
  /** Nothing sound lies behind the damage: it may be a last append that never became durable. */
  readonly inLastAppend: boolean
}

/** How a log ended. */
export interface LogEnd {
  /** The log up to here is whole records. */
  readonly validBytes: number
  /** Bytes from there to the end of the log. */
  readonly bytesDropped: number
  /** Null: the log ended cleanly. */
  readonly damage: LogDamage | null
}

const EMPTY = new Uint8Array(0)

const TORN_TAILS: readonly LogDamageReason[] = ['torn header', 'torn payload', 'zero tail']

/** A cursor over the records of a whole log in memory. */
export class LogReader {
  /**
   * The current record: a view of the log's bytes or, where it was fragmented, a copy. Either way
   * it stays valid after `next`.
   */
  record: Uint8Array = EMPTY
  /** Where the current record starts in the log, in bytes. */
  recordOffset = 0
  readonly #bytes: Uint8Array
  readonly #path: string
  readonly #mode: LogRecoveryMode
  #at = 0
  #validBytes = 0
  #end: LogEnd | null = null

  /** Borrows `bytes`, the whole log; `path` names it in errors. */
  constructor(bytes: Uint8Array, path: string, mode: LogRecoveryMode = 'point-in-time') {
    this.#bytes = bytes
    this.#path = path
    this.#mode = mode
  }

  /** How the log ended; null until `next` has returned false. */
  get end(): LogEnd | null {
    return this.#end
  }

  /** Steps to the next record. False at the end; `LSM_CORRUPTION` for damage the mode refuses. */
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

/** What is wrong with the fragment whose header starts at `at` (inside the log), or null. */
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
  // The checksum does not cover the length: a record that is all there but for its length has rotted.
  const rotted = reason === 'torn payload' && crcMatches(bytes, at, bytes.length)
  return !rotted && reason !== 'bad fragment order' && !hasRecordAfter(bytes, at)
}

/** Whether a sound fragment that starts a record lies anywhere behind the damage at `offset`. */
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

/** Whether the checksum stored at `at` is that of the type and payload up to `end`. */
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
