/**
 * Owns one worker thread of `ThreadExecutor`, and the job that runs in it, or the slow call that it
 * makes.
 *
 * Invariants:
 * - A job's `ended` is called exactly once. Its answer is one message, and the event loop and a
 *   blocked `receive` take messages from the same queue, so only one of them gets it.
 * - The thread keeps the process alive while it runs a job, since somebody may wait for it, and
 *   only then.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { systemClock } from '../../base/clock.ts'
import { RateLimiter } from '../../storage/rate-limiter.ts'
import type { SlowCall } from '../../storage/slow-call.ts'
import { resultOf } from '../inline-executor.ts'
import { jobFacts } from '../job-facts.ts'
import type { JobOrder, JobOutcome } from '../job-order.ts'
import { compactCopy } from './compact-copy.ts'
import { UNLIMITED_BYTES_PER_SECOND } from './job-pace.ts'
import { receivedError } from './sent-error.ts'
import type { JobAnswer, ThreadStart } from './serve-jobs.ts'
import { ThreadCells } from './thread-cells.ts'

/**
 * Keeps a thread small. New objects fill a young generation of 16 MiB and more otherwise, though a
 * job makes few that live.
 */
const YOUNG_GENERATION_MB = 4

/**
 * The start of a thread that runs `module`. Compiled modules are kept between threads and
 * processes, which saves a third of a thread's memory and half of its start.
 */
const startOf = (module: URL) =>
  `require('node:module').enableCompileCache(); import(${JSON.stringify(module.href)})`

/** Gets the outcome of a job, null for a call that was made, or the failure. */
export type ThreadEnded = (result: JobOutcome | null | Error) => void

interface RunningJob {
  readonly order: JobOrder | SlowCall
  readonly ended: ThreadEnded
}

export class JobThread {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #cells: ThreadCells
  readonly #limiter = RateLimiter.create(UNLIMITED_BYTES_PER_SECOND, systemClock)
  /** What `postMessage` returns while the port is open. */
  readonly #openAnswer: unknown
  #job: RunningJob | null = null
  #isGone = false

  /** Starts the thread. `module` calls `serveJobs`; `room` is posted to it. */
  constructor(module: URL, room: unknown, ends: Int32Array<SharedArrayBuffer>) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#cells = new ThreadCells(ends)
    const workerData: ThreadStart = {
      port: port2,
      cells: this.#cells.share(),
      limiter: this.#limiter.share(),
      room,
    }
    // Without its own streams a worker makes those of the program non-blocking.
    this.#worker = new Worker(startOf(module), {
      eval: true,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      workerData,
      transferList: [port2],
      stdout: true,
      stderr: true,
    })
    this.#worker.on('error', (cause) => this.#lose(cause))
    this.#worker.on('exit', () => this.#noteExit())
    port1.on('message', (answer: JobAnswer) => this.#end(answer))
    this.#openAnswer = port1.postMessage(null)
    port1.unref()
    this.#worker.unref()
  }

  get isIdle(): boolean {
    return this.#job === null && !this.#isGone
  }

  get isRunning(): boolean {
    return this.#job !== null
  }

  /** No order can run here any more. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Runs the order, or makes the call; the thread is idle. */
  start(order: JobOrder | SlowCall, ended: ThreadEnded): void {
    this.#job = { order, ended }
    this.#cells.reset()
    this.#worker.ref()
    const posted = resultOf(() => this.#port.postMessage(compactCopy(order)))
    if (posted instanceof Error) this.#finish(posted)
  }

  /** Whether the job has ended. Then its `ended` has been called. Does not block. */
  receive(): boolean {
    const received = receiveMessageOnPort(this.#port)
    if (received !== undefined) {
      this.#end(received.message as JobAnswer)
      return true
    }
    if (this.#cells.exitCode === null) return false
    this.#lose(undefined)
    return true
  }

  /**
   * As `receive`, and notices a thread that ended without a word, as at the limit of its heap. Then
   * its port closes, and `postMessage` returns something else.
   */
  receiveOrMiss(): boolean {
    if (this.receive()) return true
    if (this.#port.postMessage(null) === this.#openAnswer) return false
    this.#lose(undefined)
    return true
  }

  /** The id of the running job; null if none runs, or a call is made. */
  get jobId(): number | null {
    const order = this.#job?.order
    return order !== undefined && 'id' in order ? order.id : null
  }

  /** Of the running job; null if none runs. */
  get cause(): JobOrder['cause'] | null {
    const order = this.#job?.order
    return order !== undefined && 'id' in order ? order.cause : null
  }

  /** What is left of the running job's work, from 1 to 0. */
  get left(): number {
    if (this.#job === null || !('id' in this.#job.order)) return 0
    const { bytesTotal } = jobFacts(this.#job.order)
    return bytesTotal === 0 ? 1 : Math.max(0, 1 - this.#cells.doneBytes / bytesTotal)
  }

  /** Paces the running job: paused, or with at most so much output. Null: no limit. */
  pace(isPaused: boolean, bytesPerSecond: number | null): void {
    this.#limiter.bytesPerSecond = bytesPerSecond ?? UNLIMITED_BYTES_PER_SECOND
    this.#cells.isPaused = isPaused
  }

  /** Asks for an early end of the job. Its `ended` is not called. */
  giveUp(): void {
    if (this.#job !== null) this.#job = { ...this.#job, ended: () => {} }
    this.#limiter.bytesPerSecond = UNLIMITED_BYTES_PER_SECOND
    this.#cells.cancel()
  }

  /** Ends the thread, in which no job runs. */
  close(): void {
    this.#isGone = true
    this.#port.close()
  }

  #end(answer: JobAnswer): void {
    this.#finish('error' in answer ? receivedError(answer.error) : answer.outcome)
  }

  #noteExit(): void {
    // Its last answer may still lie in the queue.
    if (this.#job !== null && this.receive()) return
    this.#lose(undefined)
  }

  /** The thread has ended, with an error that it did not catch or for another reason. */
  #lose(cause: unknown): void {
    this.#isGone = true
    this.#port.close()
    if (this.#job === null) return
    const { order } = this.#job
    const reason = cause instanceof Error ? cause.message : this.#exitReason()
    const message =
      'id' in order
        ? `the thread that ran job ${order.id} (${order.cause}) ended before the job: ${reason}`
        : `the thread that had to ${order.operation} ${order.path} ended before: ${reason}`
    this.#finish(new Error(message, cause === undefined ? {} : { cause }))
  }

  #exitReason(): string {
    const { exitCode } = this.#cells
    return exitCode === null ? 'killed' : `exit code ${exitCode}`
  }

  #finish(result: Parameters<ThreadEnded>[0]): void {
    const { ended } = this.#job!
    this.#job = null
    this.#worker.unref()
    ended(result)
  }
}
