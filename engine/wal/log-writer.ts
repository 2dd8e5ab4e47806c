/**
 * Owns writing of logs (format: `log-format.ts`). Records are framed in one scratch buffer. Any
 * number of records reaches the file in one append, so a commit group costs one system call.
 *
 * Invariant: only whole records are appended. A log whose file failed once is never written or
 * synced again: after a failed write its length is unknown, and after a failed fsync the kernel may
 * have dropped the dirty pages and then report success for the next fsync.
 */

import { copyRange } from '../base/copy.ts'
import { crc32c, maskCrc } from '../base/crc32c.ts'
import { LsmError } from '../base/errors.ts'
import { IdleBuffers } from '../base/idle-buffers.ts'
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

/**
 * If one huge record grew the scratch buffer beyond this, the buffer is released after the write.
 */
const SCRATCH_BYTES_KEPT_MAX = 1024 * 1024

/** For the log of each memtable in turn, and for the manifest. */
const idleScratches = new IdleBuffers<Uint8Array>(() => new Uint8Array(LOG_BLOCK_BYTES * 2), 2)

const NOTHING = new Uint8Array(0)

export class LogWriter {
  readonly #file: WritableFile
  readonly #section: Section
  #scratch: Uint8Array = idleScratches.take()
  #isClosed = false
  #pendingBytes = 0
  #blockOffset: number
  #failure: { readonly cause: unknown } | null = null

  /** Takes ownership of `file`, which must be empty or end in a whole record. `close` closes it. */
  constructor(file: WritableFile, section: Section = 'data') {
    this.#file = file
    this.#section = section
    this.#blockOffset = file.bytes % LOG_BLOCK_BYTES
  }

  get path(): string {
    return this.#file.path
  }

  /** Bytes in the file, including framing. Records added but not yet written do not count. */
  get bytes(): number {
    return this.#file.bytes
  }

  /** Writes one record in one append to the file. */
  append(payload: Uint8Array): void {
    this.add(payload)
    this.write()
  }

  /** Frames a record for the next `write`: copies the first `bytes` of `payload`. */
  add(payload: Uint8Array, bytes = payload.length): void {
    this.#reserve(logRecordBytesMax(bytes))
    let at = 0
    let first = true
    do {
      this.#padBlock()
      const left = bytes - at
      const length = Math.min(left, LOG_BLOCK_BYTES - this.#blockOffset - LOG_HEADER_BYTES)
      this.#frame(fragmentType(first, length === left), payload, at, length)
      at += length
      first = false
    } while (at < bytes)
  }

  /** Writes all added records to the file in one append. Does nothing if there are none. */
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

  /** Everything written so far is durable when this returns. */
  sync(): void {
    this.#refuseAfterFailure()
    try {
      this.#file.sync()
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  /** Everything written before the call is durable when the promise resolves. */
  async syncAsync(): Promise<void> {
    this.#refuseAfterFailure()
    try {
      await this.#file.syncAsync()
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  /** Idempotent. Does not write added records and does not sync. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    idleScratches.give(this.#scratch)
    this.#scratch = NOTHING
    this.#pendingBytes = 0
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

  /** Fills the rest of the block with zeros if no header fits any more. */
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
