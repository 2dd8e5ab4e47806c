/**
 * Owns one worker thread of `ThreadExecutor`, and the job that runs in it.
 *
 * Invariants:
 * - A job's `ended` is called exactly once. Its answer is one message, and the event loop and a
 *   blocked `receive` take messages from the same queue, so only one of them gets it.
 * - The thread keeps the process alive while it runs a job, since somebody may wait for it, and
 *   only then.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { resultOf } from '../inline-executor.ts'
import type { JobEnded, JobOrder } from '../job-order.ts'
import { compactCopy } from './compact-copy.ts'
import { receivedError } from './sent-error.ts'
import type { JobAnswer, ThreadStart } from './serve-jobs.ts'
import { ThreadCells } from './thread-cells.ts'

interface RunningJob {
  readonly order: JobOrder
  readonly ended: JobEnded
}

export class JobThread {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #cells: ThreadCells
  /** What `postMessage` returns while the port is open. */
  readonly #openAnswer: unknown
  #job: RunningJob | null = null
  #isGone = false

  /** Starts the thread. `module` calls `serveJobs`; `room` is posted to it. */
  constructor(module: URL, room: unknown, ends: Int32Array<SharedArrayBuffer>) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#cells = new ThreadCells(ends)
    const workerData: ThreadStart = { port: port2, cells: this.#cells.share(), room }
    // Without its own streams a worker makes those of the program non-blocking.
    this.#worker = new Worker(module, {
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

  /** Runs the order; the thread is idle. */
  start(order: JobOrder, ended: JobEnded): void {
    this.#job = { order, ended }
    this.#cells.begin()
    this.#worker.ref()
    const posted = resultOf(() => this.#port.postMessage(compactCopy(order)))
    if (posted instanceof Error) this.#finish(posted)
  }

  /** The id of the job that runs; null if none does. */
  get jobId(): number | null {
    return this.#job?.order.id ?? null
  }

  /** Asks the job to pause before its next file, or to go on. */
  setPaused(isPaused: boolean): void {
    this.#cells.setPaused(isPaused)
  }

  /**
   * Estimate of what is left of the job that runs, from 1 to 0: the files that it has come to, of
   * those that it reads and about as many that it writes.
   */
  get left(): number {
    const { source } = this.#job!.order
    const inputs = 'memtable' in source ? 1 : source.runs.flatMap(({ tables }) => tables).length
    return Math.max(0, 1 - this.#cells.files / (2 * inputs))
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

  /** Asks for an early end of the job. Its `ended` is not called. */
  giveUp(): void {
    if (this.#job !== null) this.#job = { ...this.#job, ended: () => {} }
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
    const { id, cause: kind } = this.#job.order
    const { exitCode } = this.#cells
    const reason =
      cause instanceof Error
        ? cause.message
        : exitCode === null
          ? 'killed'
          : `exit code ${exitCode}`
    const message = `the thread that ran job ${id} (${kind}) ended before the job: ${reason}`
    this.#finish(new Error(message, cause === undefined ? {} : { cause }))
  }

  #finish(result: Parameters<JobEnded>[0]): void {
    const { ended } = this.#job!
    this.#job = null
    this.#worker.unref()
    ended(result)
  }
}
