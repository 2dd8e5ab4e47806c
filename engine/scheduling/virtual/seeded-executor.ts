/**
 * Owns the execution of jobs in any order, for tests of interleavings: a seed decides when the work
 * of each job is done and when the job ends, in steps between any two operations of the test.
 * Nothing takes time.
 *
 * Invariant: equal seeds and equal calls give equal interleavings, so a seed replays a failure.
 */

import { assert } from '../../base/assert.ts'
import type { Random } from '../../base/random.ts'
import { resultOf } from '../inline-executor.ts'
import type { JobEnded, JobExecutor } from '../job-order.ts'

interface Job<Order, Outcome> {
  readonly order: Order
  readonly ended: JobEnded<Outcome>
  /** Null until its work is done. */
  result: Outcome | Error | null
}

export class SeededExecutor<Order, Outcome> implements JobExecutor<Order, Outcome> {
  readonly #run: (order: Order) => Outcome
  readonly #random: Random
  readonly #workers: number
  readonly #jobs: Job<Order, Outcome>[] = []

  /**
   * `run` does a job's work. At most `workers` jobs are between the start of their work and their
   * end at the same time; which of the queued ones comes next is drawn too.
   */
  constructor(run: (order: Order) => Outcome, random: Random, workers: number) {
    this.#run = run
    this.#random = random
    this.#workers = workers
  }

  /** Number of jobs that have not ended. */
  get pending(): number {
    return this.#jobs.length
  }

  start(order: Order, ended: JobEnded<Outcome>): void {
    this.#jobs.push({ order, ended, result: null })
  }

  /** Call this between two operations: none, one or several steps happen. */
  turn(): void {
    while (this.#jobs.length > 0 && this.#random.nextBelow(2) === 1) this.step()
  }

  /** Does the work of one job, or ends one whose work is done. True if a job has ended. */
  step(): boolean {
    const worked = this.#jobs.filter(({ result }) => result !== null)
    const queued = this.#jobs.filter(({ result }) => result === null)
    const choices = worked.length < this.#workers ? [...worked, ...queued] : worked
    assert(choices.length > 0, 'no job runs, so none can go on')
    const job = choices[this.#random.nextBelow(choices.length)]!
    if (job.result === null) {
      job.result = resultOf(() => this.#run(job.order))
      return false
    }
    this.#jobs.splice(this.#jobs.indexOf(job), 1)
    job.ended(job.result)
    return true
  }

  wait(): void {
    assert(this.#jobs.length > 0, 'no job runs, so none can end')
    while (!this.step());
  }

  close(): void {
    this.#jobs.length = 0
  }
}
