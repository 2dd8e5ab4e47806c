/**
 * Owns the unit of atomic writing and its bytes: a batch is applied whole or not at all, and its
 * representation is exactly what a WAL record holds (RocksDB's `WriteBatch`).
 *
 *   +-------------------+----------------+-----------------------------------------+
 *   | u64le  seq        | u32le  count   | count × record                          |
 *   +-------------------+----------------+-----------------------------------------+
 *   record: u8 tag 1 (put),    varint key length, key, varint value length, value
 *           u8 tag 0 (delete), varint key length, key
 *           u8 tag 17 (pointer), varint key length, key, varint pointer length, pointer
 *
 * `seq` is the sequence number of the first record; record i has seq + i. Tags are RocksDB's; never
 * renumber. Invariant: the representation is well-formed after every call, and the count is right.
 */

import { ByteReader } from '../base/coding.ts'
import { copyRange } from '../base/copy.ts'
import { corruption, invalidArgument } from '../base/errors.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'

/** The longest key, in bytes. The empty key is a key like any other, as in RocksDB. */
export const KEY_BYTES_MAX = 0xffff
export const VALUE_BYTES_MAX = 512 * 1024 * 1024
/** A batch is one append to the log, and operating systems write less than 2 GiB at once. */
export const BATCH_BYTES_MAX = 1024 * 1024 * 1024

export const BATCH_HEADER_BYTES = 12
const COUNT_OFFSET = 8
const VARINT32_BYTES_MAX = 5
const INITIAL_BYTES = 256
const TWO_POW_32 = 0x100000000

/** Receives the records of a batch in order; ranges are borrowed and end with the call. */
export interface WriteBatchSink {
  put(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void
  delete(bytes: Uint8Array, keyStart: number, keyLength: number): void
  /** A put whose value lies in the value log: the range is the pointer. */
  putPointer(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointerStart: number,
    pointerLength: number,
  ): void
}

export class WriteBatch {
  #bytes: Uint8Array
  #length = BATCH_HEADER_BYTES
  #count = 0
  #rawBytes = 0
  #pointers = 0
  /** Where `#readVarint` reads next. */
  #at = 0

  /** `memory`: taken over to build the batch in; at least a header, and its header must be zero. */
  constructor(memory: Uint8Array = new Uint8Array(INITIAL_BYTES)) {
    this.#bytes = memory
  }

  /**
   * Takes over `bytes`, which must be one whole representation: anything else is `LSM_CORRUPTION`
   * with the offset in it, under the name `path`.
   */
  static from(bytes: Uint8Array, path = 'write batch'): WriteBatch {
    if (bytes.length < BATCH_HEADER_BYTES) {
      throw corruption(`write batch of ${bytes.length} bytes`, { path, offset: 0 })
    }
    const batch = new WriteBatch(bytes)
    batch.#length = bytes.length
    batch.#validate(path)
    return batch
  }

  /** Records in the batch. */
  get count(): number {
    return this.#count
  }

  /** Size of the representation. */
  get byteLength(): number {
    return this.#length
  }

  /** User bytes: keys and values of puts, keys of deletes. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  /** Records that point into a value log: only the engine makes them. */
  get pointers(): number {
    return this.#pointers
  }

  /** The sequence number of the first record; 0 until it is set. */
  get seq(): number {
    return readU32(this.#bytes, 4) * TWO_POW_32 + readU32(this.#bytes, 0)
  }

  setSeq(seq: number): void {
    writeU32(this.#bytes, 0, seq % TWO_POW_32)
    writeU32(this.#bytes, 4, Math.floor(seq / TWO_POW_32))
  }

  /** Copies both. `LSM_INVALID_ARGUMENT` beyond the limits, and the batch is as before. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#checkKey(key)
    if (value.length > VALUE_BYTES_MAX) {
      const data = { bytes: value.length, bytesMax: VALUE_BYTES_MAX }
      throw invalidArgument(`value of ${value.length} bytes; at most ${VALUE_BYTES_MAX}`, data)
    }
    this.#begin(ENTRY_KIND.value, key.length + value.length)
    this.#prefixed(key)
    this.#prefixed(value)
  }

  /** Copies `key`. `LSM_INVALID_ARGUMENT` beyond the limits, and the batch is as before. */
  delete(key: Uint8Array): void {
    this.#checkKey(key)
    this.#begin(ENTRY_KIND.deletion, key.length)
    this.#prefixed(key)
  }

  /** For the engine, whose values have gone to the log: copies a range of `keyBytes` and the pointer. */
  putPointer(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointer: Uint8Array,
    pointerLength: number,
  ): void {
    this.#begin(ENTRY_KIND.blobIndex, keyLength + pointerLength)
    this.#prefixedRange(keyBytes, keyStart, keyLength)
    this.#prefixedRange(pointer, 0, pointerLength)
    this.#pointers++
  }

  /** For the engine: copies record ranges known to be within the limits. */
  putRange(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#begin(ENTRY_KIND.value, keyLength + valueLength)
    this.#prefixedRange(bytes, keyStart, keyLength)
    this.#prefixedRange(bytes, valueStart, valueLength)
  }

  /** For the engine: as `putRange`. */
  deleteRange(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#begin(ENTRY_KIND.deletion, keyLength)
    this.#prefixedRange(bytes, keyStart, keyLength)
  }

  /** Empties the batch for reuse; its memory is kept. */
  clear(): void {
    this.#length = BATCH_HEADER_BYTES
    this.#count = 0
    this.#rawBytes = 0
    this.#pointers = 0
    this.#bytes.fill(0, 0, BATCH_HEADER_BYTES)
  }

  /** The representation; borrowed, valid until the next change of the batch. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Hands every record to `sink`, in order; allocates nothing. The sink must not change the batch. */
  forEach(sink: WriteBatchSink): void {
    const bytes = this.#bytes
    this.#at = BATCH_HEADER_BYTES
    while (this.#at < this.#length) {
      const tag = bytes[this.#at++]!
      const keyLength = this.#readVarint()
      const keyStart = this.#at
      this.#at += keyLength
      if (tag === ENTRY_KIND.deletion) {
        sink.delete(bytes, keyStart, keyLength)
        continue
      }
      const valueLength = this.#readVarint()
      const valueStart = this.#at
      this.#at += valueLength
      if (tag === ENTRY_KIND.value) {
        sink.put(bytes, keyStart, keyLength, valueStart, valueLength)
      } else {
        sink.putPointer(bytes, keyStart, keyLength, valueStart, valueLength)
      }
    }
  }

  #checkKey(key: Uint8Array): void {
    if (key.length <= KEY_BYTES_MAX) return
    const data = { bytes: key.length, bytesMax: KEY_BYTES_MAX }
    throw invalidArgument(`key of ${key.length} bytes; at most ${KEY_BYTES_MAX}`, data)
  }

  /** Makes room for a record of so many user bytes and writes its tag and the count. */
  #begin(tag: number, rawBytes: number): void {
    const needed = this.#length + 1 + 2 * VARINT32_BYTES_MAX + rawBytes
    if (needed > this.#bytes.length) this.#grow(needed)
    this.#bytes[this.#length++] = tag
    this.#rawBytes += rawBytes
    this.#count++
    writeU32(this.#bytes, COUNT_OFFSET, this.#count)
  }

  #grow(needed: number): void {
    if (needed > BATCH_BYTES_MAX) {
      const data = { bytes: needed, bytesMax: BATCH_BYTES_MAX }
      throw invalidArgument(`write batch of ${needed} bytes; at most ${BATCH_BYTES_MAX}`, data)
    }
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#length * 2, BATCH_BYTES_MAX)))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  #prefixed(source: Uint8Array): void {
    this.#prefixedRange(source, 0, source.length)
  }

  #prefixedRange(source: Uint8Array, start: number, length: number): void {
    const bytes = this.#bytes
    let at = this.#length
    let rest = length
    while (rest >= 0x80) {
      bytes[at++] = rest | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    copyRange(bytes, at, source, start, length)
    this.#length = at + length
  }

  /** A varint known to be sound. */
  #readVarint(): number {
    let value = 0
    let shift = 0
    for (;;) {
      const byte = this.#bytes[this.#at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
      shift += 7
    }
  }

  #validate(path: string): void {
    const reader = new ByteReader(this.#bytes, path, BATCH_HEADER_BYTES)
    const measure = (bytesMax: number) => {
      const length = reader.prefixed().length
      if (length > bytesMax) throw reader.fail(`string of ${length} bytes; at most ${bytesMax}`)
      this.#rawBytes += length
    }
    while (!reader.done) {
      const tag = reader.u8()
      const { value, deletion, blobIndex } = ENTRY_KIND
      if (tag !== value && tag !== deletion && tag !== blobIndex) {
        throw reader.fail(`write batch record with unknown tag ${tag}`)
      }
      measure(KEY_BYTES_MAX)
      if (tag !== deletion) measure(VALUE_BYTES_MAX)
      if (tag === blobIndex) this.#pointers++
      this.#count++
    }
    const stored = readU32(this.#bytes, COUNT_OFFSET)
    if (stored !== this.#count) {
      const where = { path, offset: COUNT_OFFSET, expected: stored, actual: this.#count }
      throw corruption(`write batch counts ${stored} records but holds ${this.#count}`, where)
    }
    if (!Number.isSafeInteger(this.seq)) {
      throw corruption('sequence number beyond 2^53', { path, offset: 0 })
    }
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  )
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
