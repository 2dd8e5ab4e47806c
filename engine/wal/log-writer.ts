/**
 * Owns writing of logs (format: `log-format.ts`). Records are framed in one scratch buffer and
 * reach the file in one append however many there are, so a commit group costs one system call.
 *
 * Invariant: what is appended is whole records, and a log whose file failed once is never written
 * or synced again: after a failed write its length is unknown, and after a failed fsync the kernel
 * may have dropped the dirty pages and report success to the next.
 */

import { copyRange } from '../base/copy.ts'
import { crc32c, maskCrc } from '../base/crc32c.ts'
import { LsmError } from '../base/errors.ts'
import type { Section } from '../storage/ledger.ts'
import type { WritableFile } from '../storage/storage.ts'
import {
  FRAGMENT_TYPE,
  LENGTH_OFFSET,
  LOG_BLOCK_BYTES,
  LOG_HEADER_BYTES,
  logRecordBytesMax,
  TYPE_OFFSET,
} from './log-format.ts'

/** A scratch buffer grown beyond this by one huge record is given back after its write. */
const SCRATCH_BYTES_KEPT_MAX = 1024 * 1024

export class LogWriter {
  readonly #file: WritableFile
  readonly #section: Section
  #scratch = new Uint8Array(LOG_BLOCK_BYTES * 2)
  #pendingBytes = 0
  #blockOffset: number
  #failure: { readonly cause: unknown } | null = null

  /** Takes over `file`, which must be empty or end in a whole record; `close` closes it. */
  constructor(file: WritableFile, section: Section = 'data') {
    this.#file = file
    this.#section = section
    this.#blockOffset = file.bytes % LOG_BLOCK_BYTES
  }

  get path(): string {
    return this.#file.path
  }

  /** Bytes in the file, framing included; records added but not written do not count. */
  get bytes(): number {
    return this.#file.bytes
  }

  /** One record, one append to the file. */
  append(payload: Uint8Array): void {
    this.add(payload)
    this.write()
  }

  /** Frames a record for the next `write`; `payload` is copied. */
  add(payload: Uint8Array): void {
    this.#reserve(logRecordBytesMax(payload.length))
    let at = 0
    let first = true
    do {
      this.#padBlock()
      const left = payload.length - at
      const length = Math.min(left, LOG_BLOCK_BYTES - this.#blockOffset - LOG_HEADER_BYTES)
      this.#frame(fragmentType(first, length === left), payload, at, length)
      at += length
      first = false
    } while (at < payload.length)
  }

  /** Hands all added records to the operating system in one append; nothing when there are none. */
  write(): void {
    if (this.#pendingBytes === 0) return
    this.#refuseAfterFailure()
    try {
      this.#file.append(this.#scratch.subarray(0, this.#pendingBytes), this.#section)
    } catch (cause) {
      throw this.#failed(cause)
    }
    this.#pendingBytes = 0
    if (this.#scratch.length > SCRATCH_BYTES_KEPT_MAX) {
      this.#scratch = new Uint8Array(LOG_BLOCK_BYTES * 2)
    }
  }

  /** What was written so far is durable when this returns. */
  sync(): void {
    this.#refuseAfterFailure()
    try {
      this.#file.sync()
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  /** What was written before the call is durable when the promise resolves. */
  async syncAsync(): Promise<void> {
    this.#refuseAfterFailure()
    try {
      await this.#file.syncAsync()
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  /** Idempotent. Neither writes what was only added nor syncs. */
  close(): void {
    this.#file.close()
  }

  #frame(type: number, payload: Uint8Array, at: number, length: number): void {
    const scratch = this.#scratch
    const header = this.#pendingBytes
    const body = header + LOG_HEADER_BYTES
    scratch[header + LENGTH_OFFSET] = length
    scratch[header + LENGTH_OFFSET + 1] = length >>> 8
    scratch[header + TYPE_OFFSET] = type
    copyRange(scratch, body, payload, at, length)
    const crc = maskCrc(crc32c(scratch, header + TYPE_OFFSET, body + length))
    scratch[header] = crc
    scratch[header + 1] = crc >>> 8
    scratch[header + 2] = crc >>> 16
    scratch[header + 3] = crc >>> 24
    this.#pendingBytes = body + length
    this.#blockOffset += LOG_HEADER_BYTES + length
  }

  /** Fills the block with zeros when no header fits any more. */
  #padBlock(): void {
    const left = LOG_BLOCK_BYTES - this.#blockOffset
    if (left >= LOG_HEADER_BYTES) return
    this.#scratch.fill(0, this.#pendingBytes, this.#pendingBytes + left)
    this.#pendingBytes += left
    this.#blockOffset = 0
  }

  #reserve(extra: number): void {
    const needed = this.#pendingBytes + extra
    if (needed <= this.#scratch.length) return
    const grown = new Uint8Array(Math.max(needed, this.#scratch.length * 2))
    grown.set(this.#scratch.subarray(0, this.#pendingBytes))
    this.#scratch = grown
  }

  #failed(cause: unknown): unknown {
    this.#failure ??= { cause }
    return cause
  }

  #refuseAfterFailure(): void {
    if (this.#failure === null) return
    throw new LsmError('LSM_READ_ONLY', `${this.path}: a write or sync of this log failed before`, {
      data: { path: this.path },
      cause: this.#failure.cause,
    })
  }
}

function fragmentType(first: boolean, last: boolean): number {
  if (first) return last ? FRAGMENT_TYPE.full : FRAGMENT_TYPE.first
  return last ? FRAGMENT_TYPE.last : FRAGMENT_TYPE.middle
}
