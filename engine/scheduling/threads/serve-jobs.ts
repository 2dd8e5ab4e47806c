/**
 * Owns the worker's side of `ThreadExecutor`: it runs the orders and makes the slow calls that
 * arrive on its port, one after another, and posts each outcome or error. Invariant: each order and
 * call gets exactly one answer, unless the thread ends first.
 */

import { getPriority, setPriority } from 'node:os'
import type { MessagePort } from 'node:worker_threads'
import { systemClock } from '../../base/clock.ts'
import { RateLimiter, type SharedRateLimiter } from '../../storage/rate-limiter.ts'
import type { SlowCall } from '../../storage/slow-call.ts'
import { resultOf } from '../inline-executor.ts'
import type { JobOrder, JobOutcome } from '../job-order.ts'
import { type JobRoom, runJob } from '../run-job.ts'
import { compactCopy } from './compact-copy.ts'
import { JobPace } from './job-pace.ts'
import { type SentError, sentError } from './sent-error.ts'
import { type SharedThreadCells, ThreadCells } from './thread-cells.ts'

/** Added to the nice value: a thread gets a tenth of the weight of the one that started it. */
const THREAD_NICE = 10
const LOWEST_NICE = 19

/** What a thread gets when it starts (`workerData`). */
export interface ThreadStart {
  /** Orders and calls arrive here, and answers leave. Null asks only whether the port is open. */
  readonly port: MessagePort
  readonly cells: SharedThreadCells
  /** Limits the output of this thread. */
  readonly limiter: SharedRateLimiter
  /** What the module of the thread makes rooms from. */
  readonly room: unknown
}

/** The outcome of a job, null for a call that was made, or the failure. */
export type JobAnswer = { readonly outcome: JobOutcome | null } | { readonly error: SentError }

/** A room for one job. */
export interface OpenRoom {
  readonly room: JobRoom
  /** Closes every file that the job opened to read. */
  close(): void
}

/**
 * Serves the executor that started this thread until it closes the port. `openRoom` makes the room
 * of each job, which keeps the job's pace.
 */
export function serveJobs(start: ThreadStart, openRoom: (pace: JobPace) => OpenRoom): void {
  const { port } = start
  yieldToForeground()
  const cells = ThreadCells.over(start.cells)
  const limiter = RateLimiter.over(start.limiter, systemClock)
  port.on('message', (order: JobOrder | SlowCall | null) => {
    if (order === null) return
    const result = resultOf(() => runIn(openRoom(new JobPace(cells, limiter)), order))
    port.postMessage(answerOf(result))
    cells.noteEnd()
  })
  process.once('exit', (exitCode) => cells.noteExit(exitCode))
}

/**
 * Lets the threads that read and write go first where processors are scarce: a job that takes turns
 * with them makes them wait for milliseconds. Elsewhere a priority belongs to the whole process.
 */
function yieldToForeground(): void {
  if (process.platform !== 'linux') return
  setPriority(Math.min(getPriority() + THREAD_NICE, LOWEST_NICE))
}

function runIn({ room, close }: OpenRoom, order: JobOrder | SlowCall): JobOutcome | null {
  try {
    if ('id' in order) return runJob(order, room)
    room.makeCall(order)
    return null
  } finally {
    close()
  }
}

function answerOf(result: JobOutcome | null | Error): JobAnswer {
  if (result instanceof Error) return { error: sentError(result) }
  return { outcome: compactCopy(result) }
}
