/**
 * Owns how a compaction moves values to new segments (`compaction/value-relocation.ts`). Only the
 * compaction's own edit lists these segments; before it they are orphans.
 */

import type { ValueRelocation } from '../../compaction/value-relocation.ts'
import type { SealedSegment } from '../../version/segment-meta.ts'
import type { SegmentHandles, ValueAccount } from '../../vlog/segment-handles.ts'
import type { ValuePointer } from '../../vlog/value-pointer.ts'
import type { SegmentAppender } from './segment-appender.ts'

/** Records are collected in memory up to this size before they are written. */
const WRITE_BYTES = 1024 * 1024

export class ValueMover implements ValueRelocation {
  readonly #segments: ReadonlySet<number>
  readonly #handles: SegmentHandles
  readonly #appender: SegmentAppender
  readonly #account: ValueAccount
  #writtenBytes = 0

  constructor(
    segments: ReadonlySet<number>,
    handles: SegmentHandles,
    appender: SegmentAppender,
    account: ValueAccount,
  ) {
    this.#segments = segments
    this.#handles = handles
    this.#appender = appender
    this.#account = account
  }

  moves(segment: number): boolean {
    return this.#segments.has(segment)
  }

  get movedBytes(): number {
    return this.#appender.appendedBytes
  }

  get pointerBytes(): Uint8Array {
    return this.#appender.pointerBytes
  }

  get pointerLength(): number {
    return this.#appender.pointerLength
  }

  relocate(pointer: ValuePointer, keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    const appender = this.#appender
    const account = this.#account
    const loaded = this.#handles.load(pointer, keyBytes, keyStart, keyLength, account)
    const { value, writtenAtMs } = loaded
    appender.add(keyBytes, keyStart, keyLength, value, 0, value.length, writtenAtMs)
    pointer.decode(appender.pointerBytes, 0, appender.pointerLength, 'new pointer')
    if (appender.appendedBytes - this.#writtenBytes < WRITE_BYTES) return
    appender.write()
    this.#writtenBytes = appender.appendedBytes
  }

  finish(): readonly SealedSegment[] {
    return this.#appender.seal()
  }

  abandon(): void {
    this.#appender.close()
  }
}
