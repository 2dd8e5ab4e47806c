/**
 * Owns writing of one segment (format: `segment-format.ts`). Records are collected in a scratch
 * buffer. Any number of records reaches the file in one append, so a commit group costs one system
 * call.
 *
 * Invariant: only whole records are appended. A segment whose file failed once is never written or
 * synced again (`wal/log-writer.ts` says why).
 */

import { assert } from '../base/assert.ts'
import { copyRange } from '../base/copy.ts'
import { LsmError } from '../base/errors.ts'
import type { WritableFile } from '../storage/storage.ts'
import { COMPRESSION_TYPE, type Compression, compressWhole } from '../table/compression.ts'
import {
  encodeSegmentFooter,
  encodeSegmentHeader,
  RECORD_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  writeRecordHeader,
} from './segment-format.ts'

const SCRATCH_BYTES = 64 * 1024
/**
 * If one huge value grew the scratch buffer beyond this, the buffer is released after the write.
 */
const SCRATCH_BYTES_KEPT_MAX = 1024 * 1024

/** The manifest's facts about a complete segment. */
export interface SegmentSummary {
  readonly segment: number
  readonly records: number
  /** Σ bytes of the records, including their headers. The file has 62 bytes more. */
  readonly recordBytes: number
}

export class SegmentWriter {
  readonly segment: number
  readonly compressionType: number
  /** Offset of the last added record's value, and its length as stored. */
  valueOffset = 0
  storedBytes = 0
  records = 0
  recordBytes = 0
  readonly #file: WritableFile
  readonly #compression: Compression
  #scratch = new Uint8Array(SCRATCH_BYTES)
  #pendingBytes = 0
  #syncedBytes = 0
  #sealed = false
  #failure: { readonly cause: unknown } | null = null

  /** Takes ownership of `file`, which must be empty. */
  constructor(segment: number, file: WritableFile, compression: Compression) {
    assert(file.bytes === 0, 'a segment starts its file')
    this.segment = segment
    this.#file = file
    this.#compression = compression
    this.compressionType = COMPRESSION_TYPE[compression]
    this.#scratch.set(encodeSegmentHeader(this.compressionType))
    this.#pendingBytes = SEGMENT_HEADER_BYTES
  }

  /** Size of the file when everything added is written. */
  get bytes(): number {
    return this.#file.bytes + this.#pendingBytes
  }

  /** Whether some written bytes are not known to be durable. */
  get isDirty(): boolean {
    return this.#file.bytes > this.#syncedBytes
  }

  /**
   * Adds a record for the next `write` and copies key and value. `valueOffset` is then the value's
   * offset.
   */
  add(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
    writtenAtMs: number,
  ): void {
    if (this.#compression === 'none') {
      this.#begin(keyBytes, keyStart, keyLength, valueLength)
      copyRange(this.#scratch, this.#valueAt(keyLength), valueBytes, valueStart, valueLength)
    } else {
      const value = valueBytes.subarray(valueStart, valueStart + valueLength)
      const stored = compressWhole(this.#compression, value)
      this.#begin(keyBytes, keyStart, keyLength, stored.length)
      this.#scratch.set(stored, this.#valueAt(keyLength))
    }
    const at = this.#pendingBytes
    writeRecordHeader(this.#scratch, at, keyLength, this.storedBytes, writtenAtMs)
    const bytes = RECORD_HEADER_BYTES + keyLength + this.storedBytes
    this.#pendingBytes += bytes
    this.recordBytes += bytes
    this.records++
  }

  /** Writes all added records to the file in one append. Does nothing if there are none. */
  write(): void {
    if (this.#pendingBytes === 0) return
    this.#attempt(() => this.#file.append(this.#scratch.subarray(0, this.#pendingBytes), 'data'))
    this.#pendingBytes = 0
    if (this.#scratch.length > SCRATCH_BYTES_KEPT_MAX) this.#scratch = new Uint8Array(SCRATCH_BYTES)
  }

  /** Everything written so far is durable when this returns. */
  sync(): void {
    if (!this.isDirty) return
    this.#attempt(() => this.#file.sync())
    this.#syncedBytes = this.#file.bytes
  }

  /** Everything written before the call is durable when the promise resolves. */
  async syncAsync(): Promise<void> {
    if (!this.isDirty) return
    const { bytes } = this.#file
    this.#refuseAfterFailure()
    try {
      await this.#file.syncAsync()
    } catch (cause) {
      this.#failure ??= { cause }
      throw cause
    }
    this.#syncedBytes = Math.max(this.#syncedBytes, bytes)
  }

  /** Writes the footer, syncs, and closes the file. Call it once. */
  seal(): SegmentSummary {
    assert(!this.#sealed, 'a segment is sealed once')
    this.write()
    const footer = encodeSegmentFooter(this.records)
    this.#attempt(() => this.#file.append(footer, 'meta'))
    this.sync()
    this.#sealed = true
    this.#file.close()
    return { segment: this.segment, records: this.records, recordBytes: this.recordBytes }
  }

  /** Idempotent. Does not write added records and does not sync. */
  close(): void {
    this.#file.close()
  }

  /** Makes room for a record, writes its key, and returns where its value goes. */
  #begin(keyBytes: Uint8Array, keyStart: number, keyLength: number, storedBytes: number): void {
    const at = this.#pendingBytes
    const needed = at + RECORD_HEADER_BYTES + keyLength + storedBytes
    if (needed > this.#scratch.length) {
      const grown = new Uint8Array(Math.max(needed, this.#scratch.length * 2))
      grown.set(this.#scratch.subarray(0, at))
      this.#scratch = grown
    }
    copyRange(this.#scratch, at + RECORD_HEADER_BYTES, keyBytes, keyStart, keyLength)
    this.storedBytes = storedBytes
    this.valueOffset = this.#file.bytes + this.#valueAt(keyLength)
  }

  #valueAt(keyLength: number): number {
    return this.#pendingBytes + RECORD_HEADER_BYTES + keyLength
  }

  #attempt(action: () => void): void {
    this.#refuseAfterFailure()
    try {
      action()
    } catch (cause) {
      this.#failure ??= { cause }
      throw cause
    }
  }

  #refuseAfterFailure(): void {
    if (this.#failure === null) return
    const { path } = this.#file
    const message = `${path}: a write or sync of this segment failed before`
    const { cause } = this.#failure
    throw new LsmError('LSM_READ_ONLY', message, { data: { path }, cause })
  }
}
