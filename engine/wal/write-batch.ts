/**
 * Owns the unit of atomic writing and its bytes. A batch is applied whole or not at all. Its
 * representation is exactly the content of a WAL record (RocksDB's `WriteBatch`).
 *
 *   +-------------------+----------------+-----------------------------------------+
 *   | u64le  seq        | u32le  count   | count × record                          |
 *   +-------------------+----------------+-----------------------------------------+
 *   record: u8 tag 1 (put),    varint key length, key, varint value length, value
 *           u8 tag 0 (delete), varint key length, key
 *           u8 tag 15 (delete range), varint length, first key, varint length, end key (exclusive)
 *           u8 tag 17 (pointer), varint key length, key, varint pointer length, pointer
 *
 * `seq` is the sequence number of the first record; record i has seq + i. Tags are RocksDB's; never
 * renumber. Invariant: after every call the representation is well-formed and the count is right. A
 * call that throws does not change the batch. A batch that is being written refuses changes.
 */

import { bytesIn, show } from '../base/arguments.ts'
import { ByteReader } from '../base/coding.ts'
import { compareRanges } from '../base/compare.ts'
import { copyRange } from '../base/copy.ts'
import { corruption, invalidArgument } from '../base/errors.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { LogWriter } from './log-writer.ts'

/** The longest key, in bytes. The empty key is a valid key, as in RocksDB. */
export const KEY_BYTES_MAX = 0xffff
/** The longest value, in bytes. */
export const VALUE_BYTES_MAX = 512 * 1024 * 1024
/** A batch is one append to the log, and operating systems write less than 2 GiB in one call. */
const BATCH_BYTES_MAX = 1024 * 1024 * 1024

export const BATCH_HEADER_BYTES = 12
const COUNT_OFFSET = 8
const VARINT32_BYTES_MAX = 5
/** The smallest amount of memory that a non-empty batch allocates. */
const MEMORY_BYTES_MIN = 256
/** A batch starts with at most this much memory, however large the last one was. */
const FIRST_MEMORY_BYTES_MAX = 64 * 1024
/** With how much memory the next batch starts: writers often make batches of a similar size. */
let firstMemoryBytes = MEMORY_BYTES_MIN
const NO_MEMORY = new Uint8Array(0)
const TWO_POW_32 = 0x100000000

/** Receives the records of a batch in order. Ranges are borrowed and valid only during the call. */
export interface WriteBatchSink {
  put(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void
  delete(bytes: Uint8Array, keyStart: number, keyLength: number): void
  /** The keys from the first up to but without the second are deleted. */
  deleteRange(
    bytes: Uint8Array,
    fromStart: number,
    fromLength: number,
    toStart: number,
    toLength: number,
  ): void
  /** A put whose value is in the value log; the range is the pointer. */
  putPointer(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointerStart: number,
    pointerLength: number,
  ): void
}

/** Puts, deletes and deletes of ranges that are applied together, in their order, or not at all. */
export class WriteBatch {
  /** The batch's memory, or `NO_MEMORY` until something is put into it. */
  #bytes: Uint8Array = NO_MEMORY
  #length = BATCH_HEADER_BYTES
  #count = 0
  #rawBytes = 0
  #pointers = 0
  /** Where `#readVarint` reads next. */
  #at = 0
  /** Whether a write of this batch is still under way. */
  #isHeld = false
  /** Calls of `forEach` under way. */
  #walks = 0

  /**
   * Copies `bytes`, which must be exactly one representation. Otherwise throws `LSM_CORRUPTION`,
   * which names `path` and the offset.
   */
  static from(bytes: Uint8Array, path = 'write batch'): WriteBatch {
    const length = bytesIn(bytes, 'the representation of a batch')
    if (length < BATCH_HEADER_BYTES) {
      throw corruption(`write batch of ${length} bytes`, { path, offset: 0 })
    }
    const batch = new WriteBatch()
    batch.#bytes = new Uint8Array(length)
    copyRange(batch.#bytes, 0, bytes, 0, length)
    batch.#length = length
    batch.#validate(path)
    return batch
  }

  /** Throws `LSM_INVALID_ARGUMENT` if `value` is not a batch. */
  static check(value: WriteBatch): void {
    if (typeof value === 'object' && value !== null && #bytes in value) return
    throw invalidArgument(`expected a WriteBatch, not ${show(value)}`)
  }

  /** Records in the batch. */
  get count(): number {
    return this.#count
  }

  /** Size of the representation. */
  get byteLength(): number {
    return this.#length
  }

  /** User bytes: keys and values of puts, keys of deletes, both keys of deleted ranges. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  /** Number of records that point into a value log. Only the engine makes such records. */
  get pointers(): number {
    return this.#pointers
  }

  /** The sequence number of the first record; 0 until it is set. */
  get seq(): number {
    return readU32(this.#bytes, 4) * TWO_POW_32 + readU32(this.#bytes, 0)
  }

  /** Sets the sequence number of the first record: the engine's part, at the commit. */
  setSeq(seq: number): void {
    this.#requireMemory()
    if (this.#count > 1) {
      const roomyBytes = Math.ceil(this.#length * 1.125) + VARINT32_BYTES_MAX
      firstMemoryBytes = Math.min(roomyBytes, FIRST_MEMORY_BYTES_MAX)
    }
    writeU32(this.#bytes, 0, seq % TWO_POW_32)
    writeU32(this.#bytes, 4, Math.floor(seq / TWO_POW_32))
  }

  /**
   * Copies both. Throws `LSM_INVALID_ARGUMENT` if they are not bytes, if they exceed the limits, or
   * while the batch is being written.
   */
  put(key: Uint8Array, value: Uint8Array): void {
    const keyLength = checkedKeyBytes(key)
    const valueLength = checkedValueBytes(value)
    this.#add(ENTRY_KIND.value, key, 0, keyLength, value, 0, valueLength)
  }

  /** Copies `key`. Throws the same errors as `put`. */
  delete(key: Uint8Array): void {
    this.#add(ENTRY_KIND.deletion, key, 0, checkedKeyBytes(key), null, 0, 0)
  }

  /**
   * Deletes all keys from `from` up to but without `to`, however many there are. Later records of
   * the batch are not affected. Copies both. Throws the same errors as `put`, and
   * `LSM_INVALID_ARGUMENT` if `from` is not before `to`.
   */
  deleteRange(from: Uint8Array, to: Uint8Array): void {
    checkRange(from, to)
    const { rangeDeletion } = ENTRY_KIND
    this.#add(rangeDeletion, from, 0, checkedKeyBytes(from), to, 0, checkedKeyBytes(to))
  }

  /**
   * For the engine, after it has written the value to the value log: copies a range of `keyBytes`
   * and the pointer.
   */
  putPointer(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointer: Uint8Array,
    pointerLength: number,
  ): void {
    this.#add(ENTRY_KIND.blobIndex, keyBytes, keyStart, keyLength, pointer, 0, pointerLength)
    this.#pointers++
  }

  /** For the engine: copies parts of another batch, which are within the limits. */
  copyPut(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#add(ENTRY_KIND.value, bytes, keyStart, keyLength, bytes, valueStart, valueLength)
  }

  /** For the engine: as `copyPut`. */
  copyDelete(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#add(ENTRY_KIND.deletion, bytes, keyStart, keyLength, null, 0, 0)
  }

  /** For the engine: as `copyPut`. */
  copyDeleteRange(
    bytes: Uint8Array,
    fromStart: number,
    fromLength: number,
    toStart: number,
    toLength: number,
  ): void {
    this.#add(ENTRY_KIND.rangeDeletion, bytes, fromStart, fromLength, bytes, toStart, toLength)
  }

  /** Empties the batch for reuse and keeps its memory. Refused while the batch is being written. */
  clear(): void {
    this.#requireFree()
    this.#length = BATCH_HEADER_BYTES
    this.#count = 0
    this.#rawBytes = 0
    this.#pointers = 0
    this.#bytes.fill(0, 0, BATCH_HEADER_BYTES)
  }

  /** For the engine: until `release`, the batch refuses changes and a second `hold`. */
  hold(): void {
    this.#requireFree()
    this.#isHeld = true
  }

  /** For the engine: the write that held the batch has ended. */
  release(): void {
    this.#isHeld = false
  }

  /**
   * The representation. It is borrowed, must not be changed, and is valid until the batch next
   * changes.
   */
  view(): Uint8Array {
    this.#requireMemory()
    return this.#bytes.subarray(0, this.#length)
  }

  /** Frames the representation as a record for the next write of `log`. */
  addTo(log: LogWriter): void {
    this.#requireMemory()
    log.add(this.#bytes, this.#length)
  }

  /**
   * Passes every record to `sink`, in order, without allocating. The batch refuses changes
   * meanwhile.
   */
  forEach(sink: WriteBatchSink): void {
    this.#walks++
    try {
      this.#walk(sink)
    } finally {
      this.#walks--
    }
  }

  #walk(sink: WriteBatchSink): void {
    const bytes = this.#bytes
    let at = BATCH_HEADER_BYTES
    while (at < this.#length) {
      const tag = bytes[at]!
      this.#at = at + 1
      const keyLength = this.#readVarint()
      const keyStart = this.#at
      at = keyStart + keyLength
      if (tag === ENTRY_KIND.deletion) {
        sink.delete(bytes, keyStart, keyLength)
        continue
      }
      this.#at = at
      const valueLength = this.#readVarint()
      const valueStart = this.#at
      at = valueStart + valueLength
      if (tag === ENTRY_KIND.value) {
        sink.put(bytes, keyStart, keyLength, valueStart, valueLength)
      } else if (tag === ENTRY_KIND.rangeDeletion) {
        sink.deleteRange(bytes, keyStart, keyLength, valueStart, valueLength)
      } else {
        sink.putPointer(bytes, keyStart, keyLength, valueStart, valueLength)
      }
    }
  }

  #requireFree(): void {
    if (this.#isHeld) {
      throw invalidArgument('the batch is being written: wait for the promise of that write')
    }
    if (this.#walks > 0)
      throw invalidArgument('a forEach of the batch is running: change the batch afterwards')
  }

  /**
   * Adds a record; `valueBytes` is null if it has no value. The record counts only when all of its
   * bytes are there, so that an error on the way does not change the batch.
   */
  #add(
    tag: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array | null,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#requireFree()
    const rawBytes = keyLength + valueLength
    const needed = this.#length + 1 + 2 * VARINT32_BYTES_MAX + rawBytes
    if (needed > this.#bytes.length) this.#grow(needed)
    this.#bytes[this.#length] = tag
    let end = this.#prefixed(this.#length + 1, keyBytes, keyStart, keyLength)
    if (valueBytes !== null) end = this.#prefixed(end, valueBytes, valueStart, valueLength)
    this.#length = end
    this.#rawBytes += rawBytes
    this.#count++
    writeU32(this.#bytes, COUNT_OFFSET, this.#count)
  }

  /** Ensures that there is room for the header. */
  #requireMemory(): void {
    if (this.#bytes === NO_MEMORY) this.#grow(BATCH_HEADER_BYTES)
  }

  #grow(needed: number): void {
    if (needed > BATCH_BYTES_MAX) {
      const data = { bytes: needed, bytesMax: BATCH_BYTES_MAX }
      throw invalidArgument(`write batch of ${needed} bytes; at most ${BATCH_BYTES_MAX}`, data)
    }
    const isFirst = this.#bytes === NO_MEMORY
    const usual = isFirst ? firstMemoryBytes : Math.min(this.#length * 2, BATCH_BYTES_MAX)
    const grown = new Uint8Array(Math.max(needed, usual, MEMORY_BYTES_MIN))
    if (!isFirst) grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  /** Writes `length` and that many bytes of `source` at `at`. Returns the offset where they end. */
  #prefixed(at: number, source: Uint8Array, start: number, length: number): number {
    const bytes = this.#bytes
    let rest = length
    while (rest >= 0x80) {
      bytes[at++] = rest | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    copyRange(bytes, at, source, start, length)
    return at + length
  }

  /** Reads a varint that is already known to be valid. */
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
      const { value, deletion, rangeDeletion, blobIndex } = ENTRY_KIND
      if (tag !== value && tag !== deletion && tag !== rangeDeletion && tag !== blobIndex) {
        throw reader.fail(`write batch record with unknown tag ${tag}`)
      }
      measure(KEY_BYTES_MAX)
      if (tag === rangeDeletion) measure(KEY_BYTES_MAX)
      else if (tag !== deletion) measure(VALUE_BYTES_MAX)
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

/** The length of `key`. Throws `LSM_INVALID_ARGUMENT` if it is too long or is not bytes. */
export function checkedKeyBytes(key: Uint8Array, name = 'key'): number {
  const length = bytesIn(key, name)
  if (length <= KEY_BYTES_MAX) return length
  const data = { bytes: length, bytesMax: KEY_BYTES_MAX }
  throw invalidArgument(`${name} of ${length} bytes; at most ${KEY_BYTES_MAX}`, data)
}

/** Checks both keys. Throws `LSM_INVALID_ARGUMENT` also if `from` is not before `to`. */
export function checkRange(from: Uint8Array, to: Uint8Array): void {
  const fromLength = checkedKeyBytes(from, 'from')
  const toLength = checkedKeyBytes(to, 'to')
  if (compareRanges(from, 0, fromLength, to, 0, toLength) < 0) return
  throw invalidArgument('deleteRange: `from` must be before `to`, which is not deleted')
}

/** The length of `value`. Throws `LSM_INVALID_ARGUMENT` if it is too long or is not bytes. */
export function checkedValueBytes(value: Uint8Array): number {
  const length = bytesIn(value, 'value')
  if (length <= VALUE_BYTES_MAX) return length
  const data = { bytes: length, bytesMax: VALUE_BYTES_MAX }
  throw invalidArgument(`value of ${length} bytes; at most ${VALUE_BYTES_MAX}`, data)
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
