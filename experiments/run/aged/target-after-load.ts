/** Owns a target that already holds its load: it ignores the writes of the load phase. */
import type { ReadCounters } from '../../../engine/index.ts'
import type { Answer, CountedTarget, EntrySink, TargetStats } from '../../base/target.ts'

export class TargetAfterLoad implements CountedTarget {
  readonly getCounters: ReadCounters
  readonly scanCounters: ReadCounters
  readonly #target: CountedTarget
  readonly #load: { readonly passing: boolean }

  constructor(target: CountedTarget, load: { readonly passing: boolean }) {
    this.#target = target
    this.#load = load
    this.getCounters = target.getCounters
    this.scanCounters = target.scanCounters
  }

  put(key: Uint8Array, value: Uint8Array): Answer<void> {
    if (!this.#load.passing) return this.#target.put(key, value)
  }

  delete(key: Uint8Array): Answer<void> {
    if (!this.#load.passing) return this.#target.delete(key)
  }

  get(key: Uint8Array): Answer<Uint8Array | undefined> {
    return this.#target.get(key)
  }

  scan(from: Uint8Array, entries: number, sink?: EntrySink | null): Answer<number> {
    return this.#target.scan(from, entries, sink)
  }

  get scannedBytes(): number {
    return this.#target.scannedBytes
  }

  drain(): Answer<void> {
    return this.#target.drain()
  }

  stats(): TargetStats {
    return this.#target.stats()
  }

  liveFileBytes(): number {
    return this.#target.liveFileBytes()
  }

  tableBytes(): Iterable<Uint8Array> {
    return this.#target.tableBytes()
  }

  close(): Answer<void> {
    return this.#target.close()
  }
}
