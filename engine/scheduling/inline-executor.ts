/**
 * Owns the execution of jobs at once: a job has ended when `start` returns. So equal writes give
 * equal trees, byte for byte.
 */

import { assert } from '../base/assert.ts'
import type { JobEnded, JobExecutor } from './job-order.ts'

export class InlineExecutor<Order, Outcome> implements JobExecutor<Order, Outcome> {
  readonly #run: (order: Order) => Outcome

  /** `run` does a job's work. */
  constructor(run: (order: Order) => Outcome) {
    this.#run = run
  }

  start(order: Order, ended: JobEnded<Outcome>): void {
    ended(resultOf(() => this.#run(order)))
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
