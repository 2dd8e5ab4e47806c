/**
 * Owns the integer encodings every format shares: little-endian fixed 32 and 64, LEB128 varints up
 * to 2^53 − 1, and length-prefixed strings (LevelDB's `util/coding.h`). Hot readers inline their
 * own decoding; this is the plain form. Invariant: a reader returns exactly the values that the
 * writer appended.
 */

import { assert } from './assert.ts'
import { LsmError } from './errors.ts'

const TWO_POW_32 = 0x100000000

/** An append-only byte buffer that doubles as it grows. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes)
  }

  get length(): number {
    return this.#length
  }

  /** Makes room for `extra` bytes. The returned buffer is valid until the next append. */
  reserve(extra: number): Uint8Array {
    const needed = this.#length + extra
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    return this.#bytes
  }

  u8(value: number): this {
    this.reserve(1)[this.#length++] = value
    return this
  }

  u16(value: number): this {
    return this.u8(value).u8(value >>> 8)
  }

  u32(value: number): this {
    const bytes = this.reserve(4)
    let at = this.#length
    bytes[at++] = value
    bytes[at++] = value >>> 8
    bytes[at++] = value >>> 16
    bytes[at++] = value >>> 24
    this.#length = at
    return this
  }

  /** A safe integer as 8 bytes. */
  u64(value: number): this {
    return this.u32(value % TWO_POW_32).u32(Math.floor(value / TWO_POW_32))
  }

  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `varint of ${value}`)
    const bytes = this.reserve(10)
    let at = this.#length
    let rest = value
    while (rest >= 0x80) {
      bytes[at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    bytes[at++] = rest
    this.#length = at
    return this
  }

  raw(source: Uint8Array, start = 0, end = source.length): this {
    const bytes = this.reserve(end - start)
    if (start === 0 && end === source.length) bytes.set(source, this.#length)
    else bytes.set(source.subarray(start, end), this.#length)
    this.#length += end - start
    return this
  }

  /** Appends a varint length, then the bytes. */
  prefixed(source: Uint8Array): this {
    return this.varint(source.length).raw(source)
  }

  text(value: string): this {
    return this.prefixed(new TextEncoder().encode(value))
  }

  reset(): this {
    this.#length = 0
    return this
  }

  /** Borrowed: valid until the next append or reset. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Owned. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/**
 * Reads what `ByteWriter` wrote. A read past the end throws `LSM_CORRUPTION` and names `source`.
 */
export class ByteReader {
  readonly bytes: Uint8Array
  offset: number
  readonly end: number
  readonly #source: string

  constructor(bytes: Uint8Array, source: string, offset = 0, end = bytes.length) {
    this.bytes = bytes
    this.#source = source
    this.offset = offset
    this.end = end
  }

  get done(): boolean {
    return this.offset >= this.end
  }

  fail(what: string): LsmError {
    return new LsmError('LSM_CORRUPTION', `${this.#source}: ${what} at byte ${this.offset}`, {
      data: { source: this.#source, offset: this.offset },
    })
  }

  #take(count: number): number {
    const at = this.offset
    if (count > this.end - at) throw this.fail(`${count} bytes wanted, ${this.end - at} left`)
    this.offset = at + count
    return at
  }

  u8(): number {
    return this.bytes[this.#take(1)]!
  }

  u32(): number {
    const at = this.#take(4)
    const { bytes } = this
    return (
      (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
    )
  }

  u64(): number {
    const low = this.u32()
    const value = this.u32() * TWO_POW_32 + low
    if (!Number.isSafeInteger(value)) throw this.fail('integer beyond 2^53')
    return value
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (!Number.isSafeInteger(value)) throw this.fail('varint beyond 2^53')
      if (byte < 0x80) return value
      scale *= 0x80
    }
    throw this.fail('varint longer than 10 bytes')
  }

  /** A borrowed view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const at = this.#take(count)
    return this.bytes.subarray(at, at + count)
  }

  /** A borrowed view of a length-prefixed string. */
  prefixed(): Uint8Array {
    return this.raw(this.varint())
  }

  text(): string {
    return new TextDecoder().decode(this.prefixed())
  }
}
