/**
 * Owns the segment that writers, or collection, append to. It is opened at the first value and
 * replaced by a new one at its size; all of them are sealed when the memtable is flushed.
 *
 * Invariant: the manifest lists a segment as open before a pointer into it is written; a segment
 * that reached its size is durable.
 */

import type { FileNumbers } from '../../manifest/file-numbers.ts'
import type { Cause } from '../../storage/ledger.ts'
import type { Storage } from '../../storage/storage.ts'
import type { SealedSegment } from '../../version/segment-meta.ts'
import { SegmentWriter } from '../../vlog/segment-writer.ts'
import { POINTER_BYTES_MAX, writePointer } from '../../vlog/value-pointer.ts'
import type { ValueLogOptions } from '../options.ts'

export interface SegmentAppenderParts {
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly options: ValueLogOptions
  readonly pathOf: (segment: number) => string
  readonly cause: Extract<Cause, 'vlog' | 'vlog-gc' | 'ingest'>
  /** Lists the segment in the manifest, durably. Recovery removes unlisted segments as orphans. */
  readonly announce: (segment: number) => void
}

export class SegmentAppender {
  /** The pointer to the value that was added last. */
  readonly pointerBytes = new Uint8Array(POINTER_BYTES_MAX)
  pointerLength = 0
  /** Record bytes added since the open. */
  appendedBytes = 0
  /** Number of segments that reached their size since the open. */
  rolled = 0
  readonly #parts: SegmentAppenderParts
  #active: SegmentWriter | null = null
  #sealed: SealedSegment[] = []

  constructor(parts: SegmentAppenderParts) {
    this.#parts = parts
  }

  /** Record bytes in segments that the memtable points into. */
  get unsealedBytes(): number {
    const rolled = this.#sealed.reduce((sum, { recordBytes }) => sum + recordBytes, 0)
    return rolled + (this.#active?.recordBytes ?? 0)
  }

  /**
   * Adds a record for the next `write`; `pointerBytes` then leads to it. May start a new segment,
   * so it may throw `LSM_IO`.
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
    const active = this.#writer()
    const before = active.recordBytes
    active.add(keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength, writtenAtMs)
    this.appendedBytes += active.recordBytes - before
    this.pointerLength = writePointer(
      this.pointerBytes,
      0,
      active.segment,
      active.valueOffset,
      active.storedBytes,
      active.compressionType,
    )
  }

  write(): void {
    this.#active?.write()
  }

  /** Makes all written records durable. */
  sync(): void {
    this.#active?.sync()
  }

  async syncAsync(): Promise<void> {
    await this.#active?.syncAsync()
  }

  /** Completes all segments of the memtable, durably. */
  seal(): readonly SealedSegment[] {
    this.#roll()
    const sealed = this.#sealed
    this.#sealed = []
    return sealed
  }

  /** Closes the file without completing the segment. Idempotent. */
  close(): void {
    this.#active?.close()
    this.#active = null
  }

  #writer(): SegmentWriter {
    const { options } = this.#parts
    if (this.#active !== null && this.#active.bytes >= options.segmentBytes) {
      this.#roll()
      this.rolled++
    }
    this.#active ??= this.#open()
    return this.#active
  }

  #roll(): void {
    if (this.#active === null) return
    this.#sealed.push(this.#active.seal())
    this.#active = null
  }

  #open(): SegmentWriter {
    const { storage, folder, numbers, options, pathOf, cause, announce } = this.#parts
    const segment = numbers.allocate()
    const file = storage.create(pathOf(segment), { cause, level: -1 })
    try {
      storage.syncFolder(folder)
      announce(segment)
    } catch (error) {
      file.close()
      throw error
    }
    return new SegmentWriter(segment, file, options.compression)
  }
}
