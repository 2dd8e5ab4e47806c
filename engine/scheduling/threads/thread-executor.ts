/**
 * Owns the execution of jobs in worker threads: each running job has a thread of its own, and a
 * thread that has ended its job is kept for the next. So a flush never waits behind merges, and a
 * job that pauses keeps no other from running. Who starts jobs bounds how many run: the scheduler,
 * or a policy in front of it (`policy-executor.ts`), which also pauses jobs.
 *
 * Invariants:
 * - Orders and outcomes cross as data (`compact-copy.ts`), errors with code, data and cause
 *   (`sent-error.ts`); a memtable's arena is shared, not copied.
 * - Each job's `ended` is called once, in this thread: from the event loop, or inside `wait`.
 * - A thread that dies ends its job with an error, also while this thread blocks in `wait`.
 * - After `close` no thread touches a file.
 */

import { assert } from '../../base/assert.ts'
import { resultOf } from '../inline-executor.ts'
import type { JobEnded, JobExecutor, JobOrder, JobOutcome } from '../job-order.ts'
import type { JobRunner } from '../policy-executor.ts'
import { JobThread } from './job-thread.ts'
import { newEndCounter } from './thread-cells.ts'

/** A blocked `wait` looks this often for threads that ended without a word. */
const MISSING_CHECK_MS = 250

export class ThreadExecutor implements JobExecutor, JobRunner<JobOrder, JobOutcome> {
  readonly #module: URL
  readonly #room: unknown
  readonly #ends = newEndCounter()
  /** The counter of ends when `poll` looked last. */
  #endsSeen = 0
  #threads: JobThread[] = []

  /** Threads run `module`, which calls `serveJobs`; `room` is posted to each. */
  constructor(module: URL, room: unknown) {
    this.#module = module
    this.#room = room
  }

  start(order: JobOrder, ended: JobEnded): void {
    const thread = this.#idleThread()
    if (thread instanceof Error) ended(thread)
    else thread.start(order, ended)
  }

  /** A job without a share pauses before its next file. The limit is left to the room's storage. */
  allot(shares: ReadonlyMap<number, number>): void {
    for (const thread of this.#running) thread.setPaused(!shares.has(thread.jobId!))
  }

  leftOf(id: number): number {
    return this.#running.find((thread) => thread.jobId === id)?.left ?? 0
  }

  /** Neither is known. */
  bandwidth() {
    return { budgetBytesPerSecond: null, clientBytesPerSecond: 0 }
  }

  wait(atMostMs = Number.POSITIVE_INFINITY): void {
    assert(this.#running.length > 0, 'a job runs')
    let leftMs = atMostMs
    while (leftMs > 0) {
      const seen = Atomics.load(this.#ends, 0)
      if (this.#running.some((thread) => thread.receive())) return
      const waitMs = Math.min(leftMs, MISSING_CHECK_MS)
      if (Atomics.wait(this.#ends, 0, seen, waitMs) === 'timed-out') {
        if (this.#running.some((thread) => thread.receiveOrMiss())) return
        leftMs -= waitMs
      }
    }
  }

  poll(): void {
    for (;;) {
      const ends = Atomics.load(this.#ends, 0)
      if (ends === this.#endsSeen) return
      // An end that comes now is seen at the next look.
      this.#endsSeen = ends
      for (const thread of this.#running) thread.receive()
    }
  }

  close(): void {
    for (const thread of this.#running) thread.giveUp()
    while (this.#running.length > 0) this.wait()
    for (const thread of this.#threads) thread.close()
    this.#threads = []
  }

  get #running(): readonly JobThread[] {
    return this.#threads.filter((thread) => thread.isRunning)
  }

  #idleThread(): JobThread | Error {
    this.#threads = this.#threads.filter((thread) => !thread.isGone)
    const idle = this.#threads.find((thread) => thread.isIdle)
    if (idle !== undefined) return idle
    const started = resultOf(() => new JobThread(this.#module, this.#room, this.#ends))
    if (started instanceof JobThread) this.#threads.push(started)
    return started
  }
}
