/**
 * Owns the value log of an open database: it appends new values, reads those that pointers lead to
 * (`value-reader.ts`), and shows the collection's policy the segments. The tree holds the pointers
 * (`vlog/value-pointer.ts`), the manifest the list of segments, and the book how many bytes of each
 * segment tables point to.
 *
 * Invariant: writers and collection append to different segments, so that their bytes are counted
 * separately. Both kinds are sealed with the memtable that points into them.
 */

import type { SeqNum } from '../../base/internal-key.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import type { BlockCache } from '../../cache/block-cache.ts'
import { checkedRelocateBelow } from '../../compaction/strategy-answers.ts'
import type { ValueLogPolicy, ValueLogView } from '../../compaction/value-log-policy.ts'
import type { ValueMoves, ValueRelocation } from '../../compaction/value-relocation.ts'
import type { FileNumbers } from '../../manifest/file-numbers.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { OpenFiles } from '../../storage/open-files.ts'
import type { Storage } from '../../storage/storage.ts'
import type { SealedSegment } from '../../version/segment-meta.ts'
import { EMPTY_EDIT } from '../../version/version-edit.ts'
import type { SegmentBook } from '../../vlog/segment-book.ts'
import { SegmentHandles, type ValueAccount } from '../../vlog/segment-handles.ts'
import type { WriteBatch } from '../../wal/write-batch.ts'
import type { ValueLogOptions } from '../options.ts'
import { CollectionCounters, type SegmentFigures, type ValueLogMetrics } from './metrics.ts'
import { relocationOf, segmentPath } from './relocation.ts'
import { SegmentAppender } from './segment-appender.ts'
import { Separator } from './separator.ts'
import { ValueReader } from './value-reader.ts'

export interface ValueLogParts {
  readonly storage: Storage
  readonly files: OpenFiles
  readonly folder: string
  readonly numbers: FileNumbers
  readonly manifest: Manifest
  readonly options: ValueLogOptions
  readonly policy: ValueLogPolicy | null
  readonly cache: BlockCache
  readonly book: SegmentBook
  /** Counters of point lookups and of scans; values that are read count there. */
  readonly gets: ReadCounters
  readonly scans: ReadCounters
  /** The newest committed sequence number. */
  readonly lastSeq: () => SeqNum
}

export class ValueLog extends ValueReader {
  /** Collection appends here. */
  readonly collected: SegmentAppender
  readonly collectAccount: ValueAccount
  readonly collection = new CollectionCounters()
  readonly #parts: ValueLogParts
  readonly #appended: SegmentAppender
  readonly #separator: Separator | null
  /** For each segment opened since the database was: the newest sequence number at that time. */
  readonly #openedAtSeq = new Map<number, SeqNum>()

  constructor(parts: ValueLogParts) {
    const { files, folder, cache, gets, scans, options } = parts
    super(new SegmentHandles(files, (id) => segmentPath(folder, id), cache), gets, scans)
    this.#parts = parts
    this.collectAccount = { cause: 'vlog-gc', counters: new ReadCounters(), fillCache: false }
    this.#appended = this.#appender('vlog')
    this.collected = this.#appender('vlog-gc')
    const { thresholdBytes } = options
    this.#separator = thresholdBytes === null ? null : new Separator(this.#appended, thresholdBytes)
  }

  get policy(): ValueLogPolicy | null {
    return this.#parts.policy
  }

  /** Record bytes that writers and collection appended since the open. */
  get appendedBytes(): number {
    return this.#appended.appendedBytes + this.collected.appendedBytes
  }

  /** Record bytes that writers appended since the open. */
  get userBytes(): number {
    return this.#appended.appendedBytes
  }

  /** Number of segments that reached their size since the open. */
  get rolled(): number {
    return this.#appended.rolled + this.collected.rolled
  }

  get unsealedBytes(): number {
    return this.#appended.unsealedBytes + this.collected.unsealedBytes
  }

  /**
   * Appends the large values of `batches`. Returns the batches to log and insert, with pointers.
   */
  separate(batches: readonly WriteBatch[], nowMs: number): readonly WriteBatch[] {
    return this.#separator === null ? batches : this.#separator.separate(batches, nowMs)
  }

  write(): void {
    this.#appended.write()
    this.collected.write()
  }

  sync(): void {
    this.#appended.sync()
    this.collected.sync()
  }

  async syncAsync(): Promise<void> {
    await this.#appended.syncAsync()
    await this.collected.syncAsync()
  }

  /** Completes all segments that the memtable points into. */
  seal(): readonly SealedSegment[] {
    return [...this.#appended.seal(), ...this.collected.seal()]
  }

  /** Whether the segment still holds its values. */
  holds(segment: number): boolean {
    const { state, written } = this.#parts.manifest
    // An install under way may remove it, or seal it: then its pointers are not in the tree yet.
    return (
      state.segments.get(segment)?.state === 'sealed' &&
      written.segments.get(segment)?.state === 'sealed'
    )
  }

  /** All values of the segment were written after this sequence number; −1 if it is unknown. */
  openedAtSeq(segment: number): SeqNum {
    return this.#openedAtSeq.get(segment) ?? -1
  }

  /** Closes a segment before it is removed. */
  forget(segment: number): void {
    this.handles.drop(segment)
    this.#openedAtSeq.delete(segment)
  }

  /** What a policy sees, frozen: the sealed segments numbered below `below`. */
  view(below = Number.POSITIVE_INFINITY): ValueLogView {
    const { book, manifest } = this.#parts
    const segments = [...manifest.state.segments.values()]
      .filter(({ segment }) => segment < below && this.holds(segment))
      .map(({ segment, records, recordBytes }) => {
        const referencedBytes = book.referenced(segment)
        return Object.freeze({ segment, records, recordBytes, referencedBytes })
      })
    return Object.freeze({ segments: Object.freeze(segments), unsealedBytes: this.unsealedBytes })
  }

  metrics(): ValueLogMetrics {
    const { segments: segmentsCollected, ...collection } = this.collection
    const segments = this.#figures()
    const holding = segments.filter(({ state }) => state === 'sealed')
    const logBytes = holding.reduce((sum, { recordBytes }) => sum + recordBytes, 0)
    const liveBytes = holding.reduce((sum, segment) => sum + segment.liveBytes, 0)
    return {
      appendedBytes: this.userBytes,
      movedBytes: this.collected.appendedBytes + collection.relocatedBytes,
      segmentsCollected,
      collectedBytes: collection.bytes,
      collectedLiveBytes: collection.liveBytes,
      segments,
      logBytes,
      liveBytes,
      garbageBytes: logBytes - liveBytes,
      unsealedBytes: this.unsealedBytes,
    }
  }

  #figures(): readonly SegmentFigures[] {
    const { book, manifest } = this.#parts
    return [...manifest.state.segments.values()].flatMap(
      ({ segment, state, records, recordBytes }) => {
        if (state === 'open') return []
        const liveBytes = state === 'spent' ? 0 : book.referenced(segment)
        return [{ segment, state, records, recordBytes, liveBytes }]
      },
    )
  }

  /** What a merge moves out of old segments; null if the policy asks for no moves. */
  moves(): ValueMoves | null {
    const { policy } = this.#parts
    if (policy === null) return null
    const view = this.view()
    const below = checkedRelocateBelow(policy.name, policy.relocateBelow(view))
    // The view leaves out spent segments: a merge may still carry stale pointers into them.
    const segments = view.segments.map(({ segment }) => segment).filter((id) => id < below)
    return segments.length === 0 ? null : { segments }
  }

  /** How a merge that runs in this thread moves values. */
  relocation(moves: ValueMoves): ValueRelocation {
    return relocationOf(this.#parts, moves, this.handles, this.collectAccount)
  }

  close(): void {
    this.#appended.close()
    this.collected.close()
    this.handles.close()
  }

  #appender(cause: 'vlog' | 'vlog-gc'): SegmentAppender {
    const { storage, folder, numbers, options } = this.#parts
    const pathOf = (segment: number) => this.handles.pathOf(segment)
    const announce = this.#announce
    return new SegmentAppender({ storage, folder, numbers, options, pathOf, cause, announce })
  }

  readonly #announce = (segment: number): void => {
    const { manifest, numbers, lastSeq } = this.#parts
    const segments = { opened: [segment] }
    manifest.append({ ...EMPTY_EDIT, nextFileNumber: numbers.next, segments })
    this.#openedAtSeq.set(segment, lastSeq())
  }
}
