/**
 * Owns the shared helpers of the log tests: files in memory, logs of given records, and reading
 * them.
 */

import { expect } from 'vitest'
import { crc32c, maskCrc } from '../../base/crc32c.ts'
import { isLsmError, LsmError } from '../../base/errors.ts'
import type { WritableFile } from '../../storage/storage.ts'
import { LOG_BLOCK_BYTES, LOG_HEADER_BYTES } from '../log-format.ts'
import { type LogEnd, LogReader, type LogRecoveryMode } from '../log-reader.ts'
import { LogWriter } from '../log-writer.ts'

/** A file in memory that counts its appends and fails on request. */
export class FileInMemory implements WritableFile {
  readonly path = '000007.log'
  appends = 0
  syncs = 0
  failing = false
  #bytes: Uint8Array = new Uint8Array(0)

  get bytes(): number {
    return this.#bytes.length
  }

  get contents(): Uint8Array {
    return this.#bytes.slice()
  }

  append(bytes: Uint8Array): void {
    this.#failWhenTold()
    this.appends++
    this.#bytes = joined(this.#bytes, bytes)
  }

  sync(): void {
    this.#failWhenTold()
    this.syncs++
  }

  async syncAsync(): Promise<void> {
    this.sync()
  }

  close(): void {}

  #failWhenTold(): void {
    if (this.failing) throw new LsmError('LSM_IO', 'told to fail')
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Length and checksum of each record: cheap to compare, and short to print. */
export function digests(records: readonly Uint8Array[]): string[] {
  return records.map((record) => `${record.length} B, crc ${crc32c(record)}`)
}

export function payload(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 31 + (i >> 8)) & 0xff)
}

/** A log of these records, and the offset at which each of them ends. */
export function logOf(payloads: readonly Uint8Array[]): {
  bytes: Uint8Array
  ends: readonly number[]
} {
  const file = new FileInMemory()
  const writer = new LogWriter(file)
  const ends = payloads.map((record) => {
    writer.append(record)
    return writer.bytes
  })
  return { bytes: file.contents, ends }
}

/** Where the record after the one that ended at `end` starts. Skips padding. */
export function recordStart(end: number): number {
  const left = LOG_BLOCK_BYTES - (end % LOG_BLOCK_BYTES)
  return left < LOG_HEADER_BYTES ? end + left : end
}

export function readLog(
  bytes: Uint8Array,
  mode: LogRecoveryMode = 'point-in-time',
): { records: Uint8Array[]; offsets: number[]; end: LogEnd } {
  const reader = new LogReader(bytes, '000007.log', mode)
  const records: Uint8Array[] = []
  const offsets: number[] = []
  while (reader.next()) {
    records.push(reader.record)
    offsets.push(reader.recordOffset)
  }
  expect(reader.next()).toBe(false)
  return { records, offsets, end: reader.end! }
}

export function refused(bytes: Uint8Array, mode: LogRecoveryMode): boolean {
  try {
    readLog(bytes, mode)
    return false
  } catch (error) {
    if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
    expect(error.data).toMatchObject({ path: '000007.log', offset: expect.any(Number) })
    return true
  }
}

/** A fragment with a correct checksum, whatever its type. */
export function fragment(type: number, body: Uint8Array): Uint8Array {
  const crc = maskCrc(crc32c(joined(Uint8Array.of(type), body)))
  const header = [crc, crc >>> 8, crc >>> 16, crc >>> 24, body.length, body.length >>> 8, type]
  return joined(Uint8Array.from(header), body)
}

export const smallLog = logOf([0, 1, 30, 7, 300, 2, 600, 41].map(payload))
