/**
 * Owns the open segments: files by segment, opened at first use, closed when the segment is
 * removed. Values are read on three accounts (gets, scans, collections) and kept in the block
 * cache, where each value is a block.
 *
 * Invariant: a returned value belongs to the requested key. Every read from storage checks the
 * record's lengths, key and both checksums. Returned values are owned or, if they come from the
 * cache, immutable.
 */

import { compareRanges } from '../base/compare.ts'
import { corruption, isLsmError } from '../base/errors.ts'
import type { ReadCounters } from '../base/read-counters.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import type { Cause } from '../storage/ledger.ts'
import type { OpenFiles } from '../storage/open-files.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { COMPRESSION_TYPE, decompressBlock } from '../table/compression.ts'
import {
  isRecordContent,
  isRecordHeader,
  RECORD_HEADER_BYTES,
  recordKeyLength,
  recordStoredLength,
  recordWrittenAtMs,
} from './segment-format.ts'
import type { ValuePointer } from './value-pointer.ts'

/** The account that pays for a read, and whether the value stays in the cache. */
export interface ValueAccount {
  readonly cause: Extract<Cause, 'get' | 'scan' | 'vlog-gc' | 'recovery' | 'verify'>
  readonly counters: ReadCounters
  readonly fillCache: boolean
}

/** A request to read a value. Afterwards it holds the value. */
export interface ValueRequest {
  readonly key: Uint8Array
  readonly segment: number
  readonly offset: number
  readonly storedBytes: number
  readonly compressionType: number
  value: Uint8Array | null
}

/** The request for the value at `pointer`, which belongs to `key`. */
export function requestOf(pointer: ValuePointer, key: Uint8Array): ValueRequest {
  const { segment, offset, storedBytes, compressionType } = pointer
  return { key, segment, offset, storedBytes, compressionType, value: null }
}

/**
 * Two records at most this far apart are read in one call: reading a page costs less than a call.
 */
const GAP_BYTES_MAX = 4096
/** A read of several records stays below this size. */
const STRETCH_BYTES_MAX = 1024 * 1024
/** If one huge value grew the record buffer beyond this, the buffer is released. */
const RECORD_BYTES_KEPT_MAX = 1024 * 1024

interface OpenSegment {
  readonly file: ReadableFile
  /** The same file on each account that has read it. */
  readonly tagged: Map<ValueAccount['cause'], ReadableFile>
}

export class SegmentHandles {
  readonly #openFiles: OpenFiles
  readonly #pathOf: (segment: number) => string
  readonly #cache: BlockCache
  readonly #files = new Map<number, OpenSegment>()
  #record: Uint8Array = new Uint8Array(4096)

  constructor(files: OpenFiles, pathOf: (segment: number) => string, cache: BlockCache) {
    this.#openFiles = files
    this.#pathOf = pathOf
    this.#cache = cache
  }

  pathOf(segment: number): string {
    return this.#pathOf(segment)
  }

  /**
   * The value at `pointer`, which must belong to `key`. Throws `LSM_CORRUPTION` with path and
   * offset.
   */
  read(
    pointer: ValuePointer,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    account: ValueAccount,
  ): Uint8Array {
    const { counters, fillCache } = account
    const { segment, offset } = pointer
    const cached = this.#cache.get(segment, offset)
    if (cached !== undefined) {
      counters.blocksFromCache++
      return cached
    }
    const { value } = this.load(pointer, keyBytes, keyStart, keyLength, account)
    if (fillCache && value.length > 0) this.#cache.insert(segment, offset, value)
    return value
  }

  /**
   * The value at `pointer` and the time of its first write, from storage. Throws the same errors as
   * `read`.
   */
  load(
    pointer: ValuePointer,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    account: ValueAccount,
  ): { readonly value: Uint8Array; readonly writtenAtMs: number } {
    const recordBytes = this.#readRecord(pointer, keyBytes, keyStart, keyLength, account)
    account.counters.countValue(recordBytes)
    const path = this.#pathOf(pointer.segment)
    const value = decodedValue(this.#record, recordBytes - pointer.storedBytes, pointer, path)
    const writtenAtMs = recordWrittenAtMs(this.#record, 0)
    if (this.#record.length > RECORD_BYTES_KEPT_MAX) this.#record = new Uint8Array(4096)
    return { value, writtenAtMs }
  }

  /**
   * Reads many values off the main thread: near ones in one read, all reads at once. Fills `value`
   * of every request. Throws the same errors as `read`.
   */
  async readMany(requests: readonly ValueRequest[], account: ValueAccount): Promise<void> {
    const missing = requests.filter((request) => {
      request.value = this.#cache.get(request.segment, request.offset) ?? null
      if (request.value !== null) account.counters.blocksFromCache++
      return request.value === null
    })
    const stretches = stretchesOf(missing)
    await Promise.all(stretches.map((stretch) => this.#readStretch(stretch, account)))
  }

  /** Closes the segment and drops its cached values. */
  drop(segment: number): void {
    this.#files.get(segment)?.file.close()
    this.#files.delete(segment)
    this.#cache.evictTable(segment)
  }

  close(): void {
    for (const { file } of this.#files.values()) file.close()
    this.#files.clear()
  }

  /** The segment's file on an account. This object keeps ownership of it. */
  file(segment: number, cause: ValueAccount['cause']): ReadableFile {
    const open = this.#files.get(segment) ?? this.#open(segment)
    let tagged = open.tagged.get(cause)
    if (tagged === undefined) {
      tagged = open.file.tagged({ cause, level: -1 })
      open.tagged.set(cause, tagged)
    }
    return tagged
  }

  /** Reads a record into `#record` and checks it. Returns its size in bytes. */
  #readRecord(
    { segment, offset, storedBytes }: ValuePointer,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    { cause }: ValueAccount,
  ): number {
    const recordBytes = RECORD_HEADER_BYTES + keyLength + storedBytes
    if (recordBytes > this.#record.length) this.#record = new Uint8Array(recordBytes)
    const recordOffset = offset - keyLength - RECORD_HEADER_BYTES
    const file = this.file(segment, cause)
    if (recordOffset < 0) throw misled(file.path, 0)
    file.read(this.#record, recordBytes, recordOffset, 'data')
    checkRecord(this.#record, 0, recordBytes, file.path, recordOffset)
    const key = RECORD_HEADER_BYTES
    if (compareRanges(this.#record, key, keyLength, keyBytes, keyStart, keyLength) !== 0) {
      throw misled(file.path, recordOffset)
    }
    return recordBytes
  }

  async #readStretch(stretch: readonly ValueRequest[], account: ValueAccount): Promise<void> {
    const first = stretch[0]!
    const start = recordStart(first)
    const end = stretch.reduce((most, request) => Math.max(most, recordEnd(request)), 0)
    const file = this.file(first.segment, account.cause)
    if (start < 0) throw misled(file.path, 0)
    const bytes = new Uint8Array(end - start)
    await file.readAsync(bytes, bytes.length, start, 'data')
    account.counters.countValue(bytes.length)
    for (const request of stretch) {
      const { key, segment, offset } = request
      const at = recordStart(request) - start
      checkRecord(bytes, at, recordEnd(request) - recordStart(request), file.path, start + at)
      const keyAt = at + RECORD_HEADER_BYTES
      if (compareRanges(bytes, keyAt, key.length, key, 0, key.length) !== 0) {
        throw misled(file.path, start + at)
      }
      request.value = decodedValue(bytes, offset - start, request, file.path)
      if (account.fillCache && request.value.length > 0) {
        this.#cache.insert(segment, offset, request.value)
      }
    }
  }

  #open(segment: number): OpenSegment {
    const path = this.#pathOf(segment)
    try {
      const file = this.#openFiles.open(path, { cause: 'open', level: -1 })
      const open = { file, tagged: new Map() }
      this.#files.set(segment, open)
      return open
    } catch (error) {
      if (isLsmError(error, 'LSM_NOT_FOUND')) throw corruption('the segment is missing', { path })
      throw error
    }
  }
}

function checkRecord(
  bytes: Uint8Array,
  at: number,
  recordBytes: number,
  path: string,
  offset: number,
): void {
  if (!isRecordHeader(bytes, at)) throw corruption('bad record header', { path, offset })
  const keyLength = recordKeyLength(bytes, at)
  const storedLength = recordStoredLength(bytes, at)
  if (RECORD_HEADER_BYTES + keyLength + storedLength !== recordBytes) throw misled(path, offset)
  if (!isRecordContent(bytes, at)) throw corruption('bad record checksum', { path, offset })
}

function misled(path: string, offset: number) {
  return corruption('a pointer leads to a record that is not its own', { path, offset })
}

/** The decoded value of bytes[start, start + storedBytes). Owned. */
function decodedValue(
  bytes: Uint8Array,
  start: number,
  pointer: Pick<ValuePointer, 'offset' | 'storedBytes' | 'compressionType'>,
  path: string,
): Uint8Array {
  const { offset, storedBytes, compressionType } = pointer
  const end = start + storedBytes
  if (compressionType === COMPRESSION_TYPE.none) return bytes.slice(start, end)
  const value = decompressBlock(compressionType, bytes, start, end)
  if (value === null) throw corruption('value does not decompress', { path, offset })
  return value
}

function recordStart({ key, offset }: ValueRequest): number {
  return offset - key.length - RECORD_HEADER_BYTES
}

function recordEnd({ offset, storedBytes }: ValueRequest): number {
  return offset + storedBytes
}

/** Groups of requests that one read can serve, by segment and offset. */
function stretchesOf(requests: readonly ValueRequest[]): readonly (readonly ValueRequest[])[] {
  const sorted = requests.toSorted((a, b) => a.segment - b.segment || a.offset - b.offset)
  const stretches: ValueRequest[][] = []
  for (const request of sorted) {
    const stretch = stretches.at(-1)
    const joins =
      stretch !== undefined &&
      stretch[0]!.segment === request.segment &&
      recordStart(request) - recordEnd(stretch.at(-1)!) <= GAP_BYTES_MAX &&
      recordEnd(request) - recordStart(stretch[0]!) <= STRETCH_BYTES_MAX
    if (joins) stretch.push(request)
    else stretches.push([request])
  }
  return stretches
}
