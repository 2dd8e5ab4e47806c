/**
 * Owns reading of logs (format: `log-format.ts`): the records up to the first damage, the kind of
 * damage, and whether the mode accepts it. The modes have the names of RocksDB's
 * `WALRecoveryMode`s.
 *
 * Invariant: every returned record was appended, and is whole. Only `skip-any-corrupted` returns
 * records from behind damage. If the last append never became durable, the log ends short, in zeros
 * or in garbage, and no sound record follows. If an older record has rotted, a sound record does
 * follow. This distinguishes the two: damage with a sound record behind it was never caused by a
 * crash.
 */

import { corruption } from '../base/errors.ts'
import { FRAGMENT_TYPE, LOG_BLOCK_BYTES, LOG_HEADER_BYTES, TYPE_OFFSET } from './log-format.ts'
import {
  fragmentDamage,
  isInLastAppend,
  type LogDamageReason,
  lengthAt,
  resumeBehind,
  startsRecord,
} from './log-fragments.ts'

/**
 * - `point-in-time`: everything up to the first damage; never refuses.
 * - `tolerate-corrupted-tail`: drops an incomplete last record or a tail of zeros, refuses any
 *   other damage.
 * - `absolute`: refuses any damage.
 * - `skip-any-corrupted`: leaves out damaged records and goes on behind them; never refuses.
 */
export type LogRecoveryMode =
  | 'point-in-time'
  | 'tolerate-corrupted-tail'
  | 'absolute'
  | 'skip-any-corrupted'

export type { LogDamageReason } from './log-fragments.ts'

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
  /** Where the last whole record ends. Up to there the log is whole, unless damage was skipped. */
  readonly validBytes: number
  /** Bytes that belong to no returned record: those behind `validBytes`, and skipped ones. */
  readonly bytesDropped: number
  /** The first damage; null if there is none. */
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
  /** The first damage that was skipped. */
  #skipped: LogDamage | null = null
  #skippedBytes = 0
  /** Damage lies between the last record and `#at`. */
  #isBehindDamage = false
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

  /** The first damage that was skipped so far. */
  get skipped(): LogDamage | null {
    return this.#skipped
  }

  /**
   * Steps to the next record. Returns false at the end. Throws `LSM_CORRUPTION` for damage that the
   * mode refuses.
   */
  next(): boolean {
    if (this.#end !== null) return false
    const bytes = this.#bytes
    let fragments: Uint8Array[] = []
    for (;;) {
      this.#skipPadding()
      const at = this.#at
      const first = fragments.length === 0
      if (first) this.recordOffset = at
      if (at >= bytes.length) return this.#finish(first ? null : 'torn payload')
      const type = bytes[at + TYPE_OFFSET]!
      const isMisplaced = startsRecord(type) !== first
      const damage = fragmentDamage(bytes, at) ?? (isMisplaced ? 'bad fragment order' : null)
      if (damage !== null) {
        if (this.#mode !== 'skip-any-corrupted') return this.#finish(damage)
        this.#skip(damage, first)
        fragments = []
        continue
      }
      const body = at + LOG_HEADER_BYTES
      this.#at = body + lengthAt(bytes, at)
      fragments.push(bytes.subarray(body, this.#at))
      if (type === FRAGMENT_TYPE.full || type === FRAGMENT_TYPE.last) break
    }
    this.record = fragments.length === 1 ? fragments[0]! : concatenate(fragments)
    if (this.#isBehindDamage) this.#skippedBytes += this.recordOffset - this.#validBytes
    this.#isBehindDamage = false
    this.#validBytes = this.#at
    return true
  }

  /**
   * Notes the damage and moves behind it. Where a record starts inside another one, it stays at
   * that start: only the record before is damaged.
   */
  #skip(reason: LogDamageReason, isFirst: boolean): void {
    const bytes = this.#bytes
    const offset = this.#at
    this.#skipped ??= damageAt(bytes, offset, reason)
    this.#isBehindDamage = true
    const startsAnew = reason === 'bad fragment order' && !isFirst
    if (!startsAnew) this.#at = resumeBehind(bytes, offset, reason)
  }

  #skipPadding(): void {
    const left = LOG_BLOCK_BYTES - (this.#at % LOG_BLOCK_BYTES)
    if (left < LOG_HEADER_BYTES) this.#at = Math.min(this.#at + left, this.#bytes.length)
  }

  #finish(reason: LogDamageReason | null): false {
    const bytes = this.#bytes
    const offset = this.#at
    if (reason === null && !this.#isBehindDamage) {
      const damage = this.#skipped
      this.#end = { validBytes: bytes.length, bytesDropped: this.#skippedBytes, damage }
      return false
    }
    const damage = this.#skipped ?? damageAt(bytes, offset, reason!)
    const bytesDropped = this.#skippedBytes + bytes.length - this.#validBytes
    const tornTail = damage.inLastAppend && TORN_TAILS.includes(damage.reason)
    if (this.#mode === 'absolute' || (this.#mode === 'tolerate-corrupted-tail' && !tornTail)) {
      throw corruption(damage.reason, { path: this.#path, ...damage, bytesDropped })
    }
    this.#end = { validBytes: this.#validBytes, bytesDropped, damage }
    return false
  }
}

function damageAt(bytes: Uint8Array, offset: number, reason: LogDamageReason): LogDamage {
  return { reason, offset, inLastAppend: isInLastAppend(bytes, offset, reason) }
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
