/**
 * Owns the clients of a store in logical time: one writer, which serves writes in the order of
 * their arrival, and reads, which the device serves beside each other.
 *
 * A write that is not held takes a fixed time. Writes have no events: between two events of the
 * clock nothing of the store changes, so the writer computes their times one after another. That
 * makes millions of writes cheap.
 *
 *   arrives ── waits for earlier writes ── is delayed or stopped ── is written ── is answered
 *              └───────────── latency: from its arrival to its answer ──────────────┘
 *                                          └─── processing: it alone ───┘
 *
 * The log is handed to the operating system: its bytes use the device in chunks, and no write waits
 * for them.
 */

import type { DeviceWork } from '../../../engine/scheduling/virtual/device-model.ts'
import type { VirtualClock } from '../../../engine/scheduling/virtual/virtual-clock.ts'
import type { StallCause } from '../../../engine/scheduling/write-pressure.ts'
import type { VirtualStore } from './virtual-store.ts'

/** When operations arrive: whole nanoseconds that never decrease. */
export interface VirtualArrivals {
  nextNs(): number
}

export interface VirtualClientsOptions {
  readonly store: VirtualStore
  readonly clock: VirtualClock
  /** Null: a closed system, in which the next write arrives when the last is answered. */
  readonly writes: VirtualArrivals | null
  readonly writeBytes: number
  /** How long the store works on a write that is not held. */
  readonly writeNs: number
  /** Bytes of the log that reach the device together; 0: the log has a device of its own. */
  readonly logChunkBytes: number
  /** Null: there are no reads. */
  readonly reads: { readonly arrivals: VirtualArrivals; readonly work: DeviceWork } | null
  readonly observer: ClientsObserver
}

/** Who counts what happens. Times are nanoseconds on the scale of the clock. */
export interface ClientsObserver {
  onWrite(answeredNs: number, latencyNs: number, processingNs: number): void
  onRead(answeredNs: number, latencyNs: number): void
  /** Writes were stopped; `untilNs` is when the first one goes on. */
  onStop(cause: StallCause, fromNs: number, untilNs: number): void
  onDelay(cause: StallCause, ns: number): void
}

/** A write that waits, and why. */
interface Wait {
  readonly cause: StallCause
  readonly fromNs: number
}

export class VirtualClients {
  readonly #options: VirtualClientsOptions
  #arrivedNs: number
  /** When the writer is done with all earlier writes, and with the delay of the next. */
  #freeNs: number
  /** When the next write would have been served if nothing had held it. */
  #readyNs: number
  #delay: Wait | null = null
  #stop: Wait | null = null
  #roomLeft: number
  /** Bytes of the log that have not reached the device. */
  #logBytes = 0

  constructor(options: VirtualClientsOptions) {
    const { store, clock, writes } = options
    this.#options = options
    this.#roomLeft = store.room
    this.#freeNs = clock.elapsedNs()
    this.#arrivedNs = writes?.nextNs() ?? this.#freeNs
    this.#readyNs = Math.max(this.#arrivedNs, this.#freeNs)
    store.onInstalled = () => this.#reconsider()
    this.#awaitRead()
  }

  /** How long the oldest write that is not answered has waited. */
  get waitingNs(): number {
    return Math.max(0, this.#options.clock.elapsedNs() - this.#arrivedNs)
  }

  /** Lets the clients work up to this time. */
  run(untilNs: number): void {
    const { clock } = this.#options
    for (;;) {
      if (this.#serve(Math.min(clock.nextNs ?? untilNs, untilNs))) continue
      if (clock.nextNs === null || clock.nextNs > untilNs) break
      clock.step()
    }
    clock.runUntil(untilNs)
  }

  /** Serves writes that begin before `horizonNs`. True if that may have changed the next event. */
  #serve(horizonNs: number): boolean {
    const { writes, writeBytes, writeNs, observer } = this.#options
    let served = 0
    let changedNs: number | null = null
    while (this.#stop === null) {
      const startNs = Math.max(this.#arrivedNs, this.#freeNs)
      if (startNs >= horizonNs) break
      if (served === this.#roomLeft || this.#isChunkFull) {
        changedNs = startNs
        break
      }
      if (this.#isHeld(startNs)) continue
      const answeredNs = startNs + writeNs
      observer.onWrite(answeredNs, answeredNs - this.#arrivedNs, answeredNs - this.#readyNs)
      served++
      this.#logBytes += writeBytes
      this.#freeNs = answeredNs
      this.#arrivedNs = writes?.nextNs() ?? answeredNs
      this.#readyNs = Math.max(this.#arrivedNs, answeredNs)
    }
    if (served > 0) this.#options.store.write(served)
    this.#roomLeft -= served
    if (changedNs !== null) this.#change(changedNs)
    return changedNs !== null
  }

  get #isChunkFull(): boolean {
    const { logChunkBytes } = this.#options
    return logChunkBytes > 0 && this.#logBytes >= logChunkBytes
  }

  /** Hands the log to the device, and freezes the memtable if it is full. */
  #change(nowNs: number): void {
    const { store, clock, logChunkBytes } = this.#options
    clock.runUntil(nowNs)
    if (this.#isChunkFull) {
      this.#logBytes -= logChunkBytes
      store.serve({ readBytes: 0, writtenBytes: logChunkBytes, operations: 0, files: 0 }, () => {})
    }
    if (this.#roomLeft > 0) return
    if (store.freeze()) this.#roomLeft = store.room
    else this.#stop = { cause: store.cause, fromNs: nowNs }
  }

  /** Whether the next write must not begin at `startNs`. */
  #isHeld(startNs: number): boolean {
    const { store, writeBytes, observer } = this.#options
    if (store.isStopped) {
      this.#stop = { cause: store.cause, fromNs: startNs }
      return true
    }
    if (this.#delay !== null) {
      observer.onDelay(this.#delay.cause, startNs - this.#delay.fromNs)
      this.#delay = null
      return false
    }
    const delayMs = store.admit(writeBytes, startNs / 1e6)
    if (delayMs === 0) return false
    this.#delay = { cause: store.cause, fromNs: startNs }
    this.#freeNs = startNs + Math.round(delayMs * 1e6)
    return true
  }

  /** The tree has changed: a stop may be over, or a delay needless. */
  #reconsider(): void {
    const { store, clock, observer } = this.#options
    const nowNs = clock.elapsedNs()
    if (this.#stop !== null) {
      const { cause, fromNs } = this.#stop
      if (store.isStopped && store.cause === cause) return
      observer.onStop(cause, fromNs, nowNs)
      this.#stop = store.isStopped ? { cause: store.cause, fromNs: nowNs } : null
      this.#freeNs = Math.max(this.#freeNs, nowNs)
    } else if (this.#delay !== null && !store.delays) {
      this.#freeNs = nowNs
    }
  }

  #awaitRead(): void {
    const { reads, store, clock, observer } = this.#options
    if (reads === null) return
    const arrivedNs = reads.arrivals.nextNs()
    clock.at(arrivedNs, () => {
      store.serve(reads.work, () => {
        const nowNs = clock.elapsedNs()
        observer.onRead(nowNs, nowNs - arrivedNs)
      })
      this.#awaitRead()
    })
  }
}
