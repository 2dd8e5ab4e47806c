/**
 * Owns the garbage collections of the process, as the runtime reports them. A report arrives after
 * a turn of the event loop; its times are readings of the clock of `systemClock.elapsedNs`.
 */
import { PerformanceObserver } from 'node:perf_hooks'

export interface Collection {
  readonly startNs: number
  readonly endNs: number
}

export interface ProcessWatch {
  /** Collections reported since the last call. */
  takeCollections(): readonly Collection[]
}

export class GarbageWatch implements ProcessWatch {
  #reported: Collection[] = []
  readonly #observer = new PerformanceObserver((list) => this.#add(list.getEntries()))

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  takeCollections(): readonly Collection[] {
    this.#add(this.#observer.takeRecords())
    const reported = this.#reported
    this.#reported = []
    return reported
  }

  stop(): void {
    this.#observer.disconnect()
  }

  #add(entries: readonly { readonly startTime: number; readonly duration: number }[]): void {
    for (const { startTime, duration } of entries) {
      this.#reported.push({ startNs: startTime * 1e6, endNs: (startTime + duration) * 1e6 })
    }
  }
}
