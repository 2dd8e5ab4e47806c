/**
 * Owns the separation of large values from their keys at write time (WiscKey): it appends the
 * values to the value log and makes the batch that is logged and inserted, with pointers in their
 * place.
 */

import { WriteBatch, type WriteBatchSink } from '../../wal/write-batch.ts'
import type { SegmentAppender } from './segment-appender.ts'

export class Separator implements WriteBatchSink {
  readonly #appender: SegmentAppender
  readonly #thresholdBytes: number
  readonly #pool: WriteBatch[] = []
  readonly #largest = new LargestValue()
  #target = new WriteBatch()
  #nowMs = 0

  constructor(appender: SegmentAppender, thresholdBytes: number) {
    this.#appender = appender
    this.#thresholdBytes = thresholdBytes
  }

  /**
   * Appends large values and returns the batches to log and insert. A batch without large values is
   * returned itself; the others are copies, borrowed until the next call.
   */
  separate(batches: readonly WriteBatch[], nowMs: number): readonly WriteBatch[] {
    this.#nowMs = nowMs
    return batches.map((batch, index) => {
      if (this.#largest.of(batch) < this.#thresholdBytes) return batch
      this.#pool[index] ??= new WriteBatch()
      this.#target = this.#pool[index]
      this.#target.clear()
      batch.forEach(this)
      return this.#target
    })
  }

  put(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    if (valueLength < this.#thresholdBytes) {
      this.#target.copyPut(bytes, keyStart, keyLength, valueStart, valueLength)
      return
    }
    const appender = this.#appender
    appender.add(bytes, keyStart, keyLength, bytes, valueStart, valueLength, this.#nowMs)
    const { pointerBytes, pointerLength } = appender
    this.#target.putPointer(bytes, keyStart, keyLength, pointerBytes, pointerLength)
  }

  delete(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#target.copyDelete(bytes, keyStart, keyLength)
  }

  deleteRange(
    bytes: Uint8Array,
    fromStart: number,
    fromLength: number,
    toStart: number,
    toLength: number,
  ): void {
    this.#target.copyDeleteRange(bytes, fromStart, fromLength, toStart, toLength)
  }

  putPointer(): void {
    // Commits refuse batches that contain pointers.
  }
}

class LargestValue implements WriteBatchSink {
  #bytes = 0

  of(batch: WriteBatch): number {
    this.#bytes = 0
    batch.forEach(this)
    return this.#bytes
  }

  put(_bytes: Uint8Array, _keyStart: number, _keyLength: number, _at: number, length: number) {
    if (length > this.#bytes) this.#bytes = length
  }

  delete(): void {}

  deleteRange(): void {}

  putPointer(): void {}
}
