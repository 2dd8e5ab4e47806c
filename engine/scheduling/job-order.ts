/** Owns what an executor of jobs does. */

/** Called exactly once for each job, with its outcome or the reason for its failure. */
export type JobEnded<Outcome> = (result: Outcome | Error) => void

/** Runs jobs: at once, in other threads, or in logical time. */
export interface JobExecutor<Order, Outcome> {
  /**
   * Runs the job and calls `ended`, before this returns or later. An order that an executor cannot
   * run ends with an error too; `start` itself does not throw.
   */
  start(order: Order, ended: JobEnded<Outcome>): void
  /** Blocks until a running job has ended and its `ended` was called. */
  wait(): void
  /** Gives up what still runs: its `ended` is not called. Idempotent. */
  close(): void
}
