/**
 * Owns a target whose reads were done before, in the thread of the client that asks: `get` and
 * `scan` return what the thread has found, and everything else goes to the target itself. So the
 * effects of an operation are the same, whoever reads.
 *
 * Invariant: what a read adds to the counters of the target is added when its answer is used.
 */
import { ReadCounters } from '../../engine/index.ts'
import { ALL_FIELDS, OPERATION_KIND, type Operation } from '../../workloads/index.ts'
import type { Answer, EntrySink, Target } from '../base/target.ts'
import { addEntriesTo } from './read-answer.ts'
import { READ_KIND, type ReadKind } from './read-slot.ts'
import type { ReadThread } from './read-threads.ts'

/** What an operation reads before anything else; null: nothing. */
export function readOf({ kind, fieldIndex }: Operation, isShown: boolean): ReadKind | null {
  switch (kind) {
    case OPERATION_KIND.read:
      return READ_KIND.get
    case OPERATION_KIND.scan:
      return isShown ? READ_KIND.shownScan : READ_KIND.scan
    case OPERATION_KIND.update:
      return fieldIndex === ALL_FIELDS ? null : READ_KIND.get
    case OPERATION_KIND.readModifyWrite:
      return fieldIndex === ALL_FIELDS ? READ_KIND.get : READ_KIND.pair
    default:
      return null
  }
}

export class FetchedReads implements Target {
  readonly getCounters: ReadCounters
  readonly scanCounters: ReadCounters
  scannedBytes = 0
  readonly #target: Target
  /** Null: the operation reads nothing, or the target itself reads. */
  #thread: ReadThread | null = null
  /** Reads of the thread's answer that were used. */
  #used = 0

  constructor(target: Target) {
    this.#target = target
    this.getCounters = target.getCounters ?? new ReadCounters()
    this.scanCounters = target.scanCounters ?? new ReadCounters()
  }

  /** The next calls get what this thread has found. */
  from(thread: ReadThread | null): void {
    this.#thread = thread
    this.#used = 0
  }

  put(key: Uint8Array, value: Uint8Array): Answer<void> {
    return this.#target.put(key, value)
  }

  delete(key: Uint8Array): Answer<void> {
    return this.#target.delete(key)
  }

  get(key: Uint8Array): Answer<Uint8Array | undefined> {
    const thread = this.#thread
    if (thread === null) return this.#target.get(key)
    thread.slot.addCountersTo(this.getCounters, this.#used++)
    return thread.slot.isFound ? thread.answer : undefined
  }

  scan(from: Uint8Array, entries: number, sink: EntrySink | null = null): Answer<number> {
    const thread = this.#thread
    if (thread === null) {
      const scanned = this.#target.scan(from, entries, sink)
      this.scannedBytes = this.#target.scannedBytes
      return scanned
    }
    const { slot } = thread
    slot.addCountersTo(this.scanCounters, 0)
    this.scannedBytes = slot.scannedBytes
    if (sink !== null) addEntriesTo(sink, thread.answer, slot.count)
    return slot.count
  }

  drain(): Answer<void> {
    return this.#target.drain()
  }

  close(): Answer<void> {
    return this.#target.close()
  }
}
