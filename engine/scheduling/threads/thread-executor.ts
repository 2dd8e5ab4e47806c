/**
 * Owns the execution of jobs in worker threads: each running job has a thread of its own, and a
 * thread that has ended its job is kept for the next. A paused job keeps its thread, but never
 * keeps another job from running; the policy bounds how many jobs run. Slow calls are made in such
 * a thread too, one after another.
 *
 * A thread takes about 20 MB, so a new one is started only if what it has to do cannot wait until
 * another thread is idle. A job waits for a call that is under way, and a call waits for a flush,
 * since both are short. A removal waits for any job.
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

interface Job {
  readonly order: JobOrder
  readonly ended: JobEnded
}

interface Call {
  readonly call: SlowCall
  readonly ended: CallEnded
}

/** What `allot` said last; `shares` are null before that. */
interface Allotment {
  readonly shares: ReadonlyMap<number, number> | null
  readonly bytesPerSecond: number | null
}

const NO_ALLOTMENT: Allotment = { shares: null, bytesPerSecond: null }

/** Runs jobs at once, or as the runner of a `PolicyExecutor` at the pace that a policy says. */
export class ThreadExecutor implements JobExecutor, JobRunner<JobOrder, JobOutcome> {
  readonly #module: URL
  readonly #room: unknown
  readonly #ends = newEndCounter()
  /** The counter of ends when `poll` looked last. */
  #endsSeen = 0
  #threads: JobThread[] = []
  /** Not made yet, in their order. */
  readonly #calls: Call[] = []
  #isCalling = false
  /** Jobs that wait for the end of a call. */
  #waiting: Job[] = []
  #allotment: Allotment = NO_ALLOTMENT

  /** Threads run `module`, which calls `serveJobs`; `room` is posted to each. */
  constructor(module: URL, room: unknown) {
    this.#module = module
    this.#room = room
  }

  start(order: JobOrder, ended: JobEnded): void {
    const job = { order, ended }
    const idle = this.#idleThread()
    if (idle === null && this.#isCalling) this.#waiting.push(job)
    else this.#startJob(job, idle)
  }

  makeCall(call: SlowCall, ended: CallEnded): void {
    this.#calls.push({ call, ended })
    this.#makeCalls()
  }

  #startJob({ order, ended }: Job, idle: JobThread | null): void {
    this.#startIn(idle, order, (result) => ended(result!))
  }

  /** Makes the next call, unless it has to wait. */
  #makeCalls(): void {
    if (this.#isCalling || this.#calls.length === 0) return
    const areRemovals = this.#calls.every(({ call }) => call.operation === 'remove')
    if (areRemovals) this.#startWaiting()
    const idle = this.#idleThread()
    const mayWait = areRemovals ? this.#running.length > 0 : this.#willFlushSoon()
    if (idle !== null || !mayWait) this.#makeFirstCall(idle)
  }

  /** Whether a flush runs that nothing slows down. */
  #willFlushSoon(): boolean {
    const { shares, bytesPerSecond } = this.#allotment
    if (bytesPerSecond !== null) return false
    const goesOn = ({ jobId }: JobThread) => shares === null || (shares.get(jobId!) ?? 0) > 0
    return this.#threads.some((thread) => thread.cause === 'flush' && goesOn(thread))
  }

  #makeFirstCall(idle: JobThread | null): void {
    const { call, ended } = this.#calls.shift()!
    this.#isCalling = true
    this.#startIn(idle, call, (result) => {
      this.#isCalling = false
      this.#makeCalls()
      ended(result instanceof Error ? result : null)
    })
  }

  /** Starts the jobs that waited for a call. */
  #startWaiting(): void {
    while (this.#waiting.length > 0) {
      const idle = this.#idleThread()
      if (idle === null && this.#isCalling) return
      this.#startJob(this.#waiting.shift()!, idle)
      for (const thread of this.#running) this.#pace(thread)
    }
  }

  /** Uses a new thread if none is idle. What waits goes on when this has ended. */
  #startIn(idle: JobThread | null, order: JobOrder | SlowCall, ended: ThreadEnded): void {
    const thread = idle ?? this.#newThread()
    if (thread instanceof Error) {
      ended(thread)
      return
    }
    thread.start(order, (result) => {
      ended(result)
      this.#makeCalls()
      this.#startWaiting()
    })
  }

  /** `JobExecutor.wait`, or with a time `JobRunner.wait`. */
  wait(atMostMs?: number): void {
    assert(this.#running.length > 0, 'a job runs, or a call is made')
    while (!this.#awaitEnd(atMostMs ?? MISSING_CHECK_MS)) {
      // The caller may wait for a removal, and a job may last.
      if (!this.#isCalling && this.#calls.length > 0) this.#makeFirstCall(this.#idleThread())
      if (atMostMs !== undefined) return
    }
  }

  allot(shares: ReadonlyMap<number, number>, bytesPerSecond: number | null): void {
    this.#allotment = { shares, bytesPerSecond }
    for (const thread of this.#running) this.#pace(thread)
  }

  leftOf(id: number): number {
    if (this.#waiting.some(({ order }) => order.id === id)) return 1
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
    this.#waiting = []
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

  /** Divides the bandwidth as `allot` said. */
  #pace(thread: JobThread): void {
    const { shares, bytesPerSecond } = this.#allotment
    if (thread.jobId === null || shares === null) return
    const share = shares.get(thread.jobId) ?? 0
    const rate = bytesPerSecond === null ? null : Math.floor(bytesPerSecond * share)
    thread.pace(share === 0, rate === null ? null : Math.max(rate, BYTES_PER_SECOND_MIN))
  }

  #idleThread(): JobThread | null {
    this.#threads = this.#threads.filter((thread) => !thread.isGone)
    return this.#threads.find((thread) => thread.isIdle) ?? null
  }

  #newThread(): JobThread | Error {
    const started = resultOf(() => new JobThread(this.#module, this.#room, this.#ends))
    if (started instanceof JobThread) this.#threads.push(started)
    return started
  }
}
