/**
 * Owns the pace of one job in its thread: at the border of a table, and at every 256 KiB of output
 * in between, the job publishes how far it is, pauses if it has no share, and stops if it is given
 * up. Its output waits for the thread's rate limit.
 */

import { ReadCounters } from '../../base/read-counters.ts'
import type { RateLimiter, WritePriority } from '../../storage/rate-limiter.ts'
import type { ThreadCells } from './thread-cells.ts'

/** After so much output the job looks whether it may go on. */
const OUTPUT_BYTES = 256 * 1024

/** The rate of a thread whose output is not limited. */
export const UNLIMITED_BYTES_PER_SECOND = Number.MAX_SAFE_INTEGER

export class JobPace {
  /** Counts what a merge reads. */
  readonly reads = new ReadCounters()
  readonly #cells: ThreadCells
  readonly #limiter: RateLimiter
  #writtenBytes = 0
  #seenBytes = 0

  constructor(cells: ThreadCells, limiter: RateLimiter) {
    this.#cells = cells
    this.#limiter = limiter
  }

  /** Call at the border of a table. Blocks while the job is paused; throws if it is given up. */
  pause(): void {
    this.#seenBytes = this.#writtenBytes
    // A flush reads memory only: its output says how far it is.
    const { bytesFromStorage } = this.reads
    this.#cells.publishDone(bytesFromStorage > 0 ? bytesFromStorage : this.#writtenBytes)
    if (this.#cells.mayGoOn()) return
    throw new Error('the job was given up: its database is closing')
  }

  /** Call before `bytes` bytes of output are written (`limited-storage.ts`). As `pause`. */
  acquire(bytes: number, priority: WritePriority): void {
    this.#writtenBytes += bytes
    if (this.#writtenBytes - this.#seenBytes >= OUTPUT_BYTES) this.pause()
    const limiter = this.#limiter
    if (limiter.bytesPerSecond === UNLIMITED_BYTES_PER_SECOND) return
    limiter.acquire(bytes, priority)
  }
}
