/**
 * Owns a peer as a target: it maps the calls of a run to calls of its store, counts the user bytes
 * put into it, and drains it. It never asks a peer to flush or to compact, because that would
 * change the peer's tree: the drain waits until background work is over. Work is over when the
 * store says so and the process has written nothing for a while.
 */
import type { Answer, EntrySink, Target } from '../../base/target.ts'
import type { ProcessWindow } from './peer-reading.ts'
import type { PeerStore } from './peer-store.ts'
import { waitForRest } from './rest.ts'

export interface PeerTargetParts {
  /** Open; the target closes it. */
  readonly store: PeerStore
  /** See `PeerDefinition.quietMs`. */
  readonly quietMs: number
  readonly window: ProcessWindow
  readonly signal: AbortSignal
}

export class PeerTarget implements Target {
  readonly getCounters = null
  readonly scanCounters = null
  /** Key + value bytes of puts and key bytes of deletes. */
  userBytes = 0
  /** Result of the drain: false if the time was up before the store was at rest. */
  converged = false
  readonly #store: PeerStore
  readonly #quietMs: number
  readonly #window: ProcessWindow
  readonly #signal: AbortSignal
  readonly #scanned = new ScannedSizes()
  #pausedAt = 0

  constructor({ store, quietMs, window, signal }: PeerTargetParts) {
    this.#store = store
    this.#quietMs = quietMs
    this.#window = window
    this.#signal = signal
  }

  put(key: Uint8Array, value: Uint8Array): Answer<void> {
    this.userBytes += key.length + value.length
    return this.#store.put(key, value)
  }

  delete(key: Uint8Array): Answer<void> {
    this.userBytes += key.length
    return this.#store.delete(key)
  }

  get(key: Uint8Array): Answer<Uint8Array | undefined> {
    return this.#store.get(key)
  }

  scan(from: Uint8Array, entries: number, sink: EntrySink | null = null): Answer<number> {
    const scanned = this.#scanned
    scanned.begin(sink)
    const pending = this.#store.scan(from, entries, scanned)
    return pending instanceof Promise ? pending.then(() => scanned.count) : scanned.count
  }

  get scannedBytes(): number {
    return this.#scanned.bytes
  }

  async drain(): Promise<void> {
    this.converged = await this.#rest(this.#quietMs)
  }

  /**
   * Waits for rest each time this many user bytes were put: less than a memtable, so that two
   * flushes never overlap. The quiet time must be longer than any gap between the writes of one
   * compaction.
   */
  async pause(everyBytes: number, quietMs: number): Promise<void> {
    if (this.userBytes - this.#pausedAt < everyBytes) return
    this.#pausedAt = this.userBytes
    await this.#rest(Math.min(this.#quietMs, quietMs))
  }

  close(): Answer<void> {
    return this.#store.close()
  }

  /** False if the time was up first. */
  #rest(quietMs: number): Promise<boolean> {
    return waitForRest({
      quietMs,
      isBusy: () => this.#store.busy(),
      writtenBytes: () => this.#window.read()?.writtenBytes ?? 0,
      signal: this.#signal,
    })
  }
}

/** Counts the entries of a scan, and hands them on. */
class ScannedSizes implements EntrySink {
  count = 0
  bytes = 0
  #next: EntrySink | null = null

  begin(next: EntrySink | null): void {
    this.count = 0
    this.bytes = 0
    this.#next = next
  }

  add(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    this.count++
    this.bytes += keyLength + valueLength
    this.#next?.add(keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength)
  }
}
