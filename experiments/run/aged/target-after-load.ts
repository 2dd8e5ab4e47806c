/** Owns a target that holds its load already: writes of the load phase pass by, all else goes on. */
import type { ReadCounters } from '../../../engine/index.ts'
import type { EntrySink, Target, TargetStats } from '../../base/target.ts'

export class TargetAfterLoad implements Target {
  readonly getCounters: ReadCounters
  readonly scanCounters: ReadCounters
  readonly #target: Target
  readonly #load: { readonly passing: boolean }

  constructor(target: Target, load: { readonly passing: boolean }) {
    this.#target = target
    this.#load = load
    this.getCounters = target.getCounters
    this.scanCounters = target.scanCounters
  }

  put(key: Uint8Array, value: Uint8Array): void {
    if (!this.#load.passing) this.#target.put(key, value)
  }

  delete(key: Uint8Array): void {
    if (!this.#load.passing) this.#target.delete(key)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#target.get(key)
  }

  scan(from: Uint8Array, entries: number, sink?: EntrySink | null): number {
    return this.#target.scan(from, entries, sink)
  }

  get scannedBytes(): number {
    return this.#target.scannedBytes
  }

  drain(): void {
    this.#target.drain()
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

  close(): void {
    this.#target.close()
  }
}
