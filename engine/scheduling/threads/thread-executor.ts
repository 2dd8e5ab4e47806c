/**
 * Owns the execution of jobs in worker threads: each running job has a thread of its own, and a
 * thread that has ended its job is kept for the next. A paused job keeps its thread, but never keeps
 * another job from running; the policy bounds how many jobs run. Slow calls are made in such a
 * thread too, one after another.
 *
 * Invariants:
 * - Orders and outcomes cross as data (`compact-copy.ts`), errors with code, data and cause
 *   (`sent-error.ts`); a memtable's arena is shared, not copied.
 * - Each job's `ended` is called once, in this thread: from the event loop, or inside `wait`.
 * - A thread that dies ends its job with an error, also while this thread blocks in `wait`.
 * - After `close` no thread touches a file.
 */

import { assert } from '../../base/assert.ts'
import type { SlowCall } from '../../storage/slow-call.ts'
import { resultOf } from '../inline-executor.ts'
import type { CallEnded, JobEnded, JobExecutor, JobOrder, JobOutcome } from '../job-order.ts'
import type { JobRunner } from '../policy-executor.ts'
import { JobThread, type ThreadEnded } from './job-thread.ts'
import { newEndCounter } from './thread-cells.ts'

/** A blocked `wait` looks this often for threads that ended without a word. */
const MISSING_CHECK_MS = 250

/** The least rate of a limiter. */
const BYTES_PER_SECOND_MIN = 10

/** Runs jobs at once, or as the runner of a `PolicyExecutor` at the pace that a policy says. */
export class ThreadExecutor implements JobExecutor, JobRunner<JobOrder, JobOutcome> {
  readonly #module: URL
  readonly #room: unknown
  readonly #ends = newEndCounter()
  /** The counter of ends when `poll` looked last. */
  #endsSeen = 0
  #threads: JobThread[] = []
  /** The first one is under way. */
  readonly #calls: { readonly call: SlowCall; readonly ended: CallEnded }[] = []

  /** Threads run `module`, which calls `serveJobs`; `room` is posted to each. */
  constructor(module: URL, room: unknown) {
    this.#module = module
    this.#room = room
  }

  start(order: JobOrder, ended: JobEnded): void {
    this.#startInThread(order, (result) => ended(result!))
  }

  makeCall(call: SlowCall, ended: CallEnded): void {
    this.#calls.push({ call, ended })
    if (this.#calls.length === 1) this.#makeFirst()
  }

  #makeFirst(): void {
    const { call, ended } = this.#calls[0]!
    this.#startInThread(call, (result) => {
      this.#calls.shift()
      if (this.#calls.length > 0) this.#makeFirst()
      ended(result instanceof Error ? result : null)
    })
  }

  #startInThread(order: JobOrder | SlowCall, ended: ThreadEnded): void {
    const thread = this.#idleThread()
    if (thread instanceof Error) ended(thread)
    else thread.start(order, ended)
  }

  /** `JobExecutor.wait`, or with a time `JobRunner.wait`. */
  wait(atMostMs?: number): void {
    assert(this.#running.length > 0, 'a job runs, or a call is made')
    while (!this.#awaitEnd(atMostMs ?? MISSING_CHECK_MS)) if (atMostMs !== undefined) return
  }

  allot(shares: ReadonlyMap<number, number>, bytesPerSecond: number | null): void {
    for (const thread of this.#running) {
      if (thread.jobId === null) continue
      const share = shares.get(thread.jobId) ?? 0
      const rate = bytesPerSecond === null ? null : Math.floor(bytesPerSecond * share)
      thread.pace(share === 0, rate === null ? null : Math.max(rate, BYTES_PER_SECOND_MIN))
    }
  }

  leftOf(id: number): number {
    return this.#running.find((thread) => thread.jobId === id)?.left ?? 0
  }

  /** What the device can do is not known, nor what clients use of it. */
  bandwidth() {
    return { budgetBytesPerSecond: null, clientBytesPerSecond: 0 }
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

  /** Blocks until a job has ended, but not longer than this. Whether one has. */
  #awaitEnd(atMostMs: number): boolean {
    const seen = Atomics.load(this.#ends, 0)
    if (this.#running.some((thread) => thread.receive())) return true
    if (Atomics.wait(this.#ends, 0, seen, atMostMs) !== 'timed-out') {
      return this.#running.some((thread) => thread.receive())
    }
    return this.#running.some((thread) => thread.receiveOrMiss())
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
