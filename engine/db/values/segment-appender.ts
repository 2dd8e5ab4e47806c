/**
 * Owns the segment being appended to on one account: it opens at the first value, rolls at its
 * size, and is sealed with all that rolled before it when its memtable is flushed.
 *
 * Invariant: a segment is known to the manifest as open before a pointer into it can be written;
 * one that rolled is durable.
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
  readonly cause: Extract<Cause, 'vlog' | 'vlog-gc'>
  /** Makes the manifest know of a segment, durably; what it does not know is an orphan. */
  readonly announce: (segment: number) => void
}

export class SegmentAppender {
  /** The pointer to the value added last. */
  readonly pointerBytes = new Uint8Array(POINTER_BYTES_MAX)
  pointerLength = 0
  /** Record bytes added since the open. */
  appendedBytes = 0
  /** Segments that rolled since the open. */
  rolled = 0
  readonly #parts: SegmentAppenderParts
  #active: SegmentWriter | null = null
  #sealed: SealedSegment[] = []

  constructor(parts: SegmentAppenderParts) {
    this.#parts = parts
  }

  /** Record bytes in segments that are not sealed with their memtable yet. */
  get unsealedBytes(): number {
    const rolled = this.#sealed.reduce((sum, { recordBytes }) => sum + recordBytes, 0)
    return rolled + (this.#active?.recordBytes ?? 0)
  }

  /** Adds a record for the next `write`; `pointerBytes` then leads to it. May roll, so may fail. */
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

  /** Makes what was written durable; nothing where it is. */
  sync(): void {
    this.#active?.sync()
  }

  async syncAsync(): Promise<void> {
    await this.#active?.syncAsync()
  }

  /** Ends the life that the segments share with a memtable: all are complete and durable. */
  seal(): readonly SealedSegment[] {
    this.#roll()
    const sealed = this.#sealed
    this.#sealed = []
    return sealed
  }

  /** Idempotent. Writes nothing. */
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
