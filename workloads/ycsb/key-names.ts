/**
 * Owns YCSB's keys: "user", then the record's number in decimal (hashed unless inserts are
 * ordered), padded with zeros to `zeropadding` digits (YCSB 0.17.0 `CoreWorkload.buildKeyName`).
 */

import { fnvHashNumber } from '../distributions/fnv-hash.ts'
import type { Operation } from '../operation.ts'
import { U64, writeDecimal } from '../u64.ts'

const PREFIX = Uint8Array.from('user', (char) => char.charCodeAt(0))
const DIGITS_MAX = 20
const ZERO = 0x30

export class KeyNames {
  readonly #ordered: boolean
  readonly #zeroPadding: number
  readonly #number = new U64()
  readonly #digits = new Uint8Array(DIGITS_MAX)

  constructor(ordered: boolean, zeroPadding: number) {
    this.#ordered = ordered
    this.#zeroPadding = zeroPadding
  }

  /** Sets the operation's key number and key. */
  assign(operation: Operation, keyNumber: number): void {
    const number = this.#number
    if (this.#ordered) {
      number.high = Math.floor(keyNumber / 0x100000000)
      number.low = keyNumber | 0
    } else {
      fnvHashNumber(keyNumber, number)
    }
    const digits = this.#digits
    const start = writeDecimal(number.high, number.low, digits, DIGITS_MAX)
    const target = operation.keyBuffer
    let at = 0
    while (at < PREFIX.length) {
      target[at] = PREFIX[at]!
      at++
    }
    for (let fill = this.#zeroPadding - (DIGITS_MAX - start); fill > 0; fill--) target[at++] = ZERO
    for (let i = start; i < DIGITS_MAX; i++) target[at++] = digits[i]!
    operation.keyNumber = keyNumber
    operation.setKeyLength(at)
  }
}
