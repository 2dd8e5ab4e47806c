/**
 * Owns the execution of jobs at once: a job has ended when `start` returns. So equal writes give
 * equal trees, byte for byte.
 */

import { assert } from '../base/assert.ts'
import type { JobEnded, JobExecutor, JobOrder } from './job-order.ts'
import { type JobRoom, runJob } from './run-job.ts'

export class InlineExecutor implements JobExecutor {
  readonly #room: JobRoom

  constructor(room: JobRoom) {
    this.#room = room
  }

  start(order: JobOrder, ended: JobEnded): void {
    ended(resultOf(() => runJob(order, this.#room)))
  }

  wait(): void {
    assert(false, 'no job runs: it ended when it was started')
  }

  close(): void {}
}

/** What `work` returns, or the error that it throws. */
export function resultOf<Result>(work: () => Result): Result | Error {
  try {
    return work()
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}
