/**
 * Owns the execution of jobs in any order, for tests of interleavings: a seed decides when the work
 * of each job is done and when the job ends, in steps between any two operations of the test. Slow
 * calls are made and ended in such steps too, but one after another. Nothing takes time.
 *
 * Invariant: equal seeds and equal calls give equal interleavings, so a seed replays a failure.
 */

import { assert } from '../../base/assert.ts'
import type { Random } from '../../base/random.ts'
import type { SlowCall } from '../../storage/slow-call.ts'
import { resultOf } from '../inline-executor.ts'
import type { CallEnded, JobEnded, JobExecutor } from '../job-order.ts'

interface Job<Order, Outcome> {
  readonly order: Order
  readonly ended: JobEnded<Outcome>
  /** Null until its work is done. */
  result: Outcome | Error | null
}

interface Call {
  readonly call: SlowCall
  readonly ended: CallEnded
  /** Undefined until it is made. */
  failure: Error | null | undefined
}

export class SeededExecutor<Order, Outcome> implements JobExecutor<Order, Outcome> {
  readonly makeCall?: (call: SlowCall, ended: CallEnded) => void
  readonly #run: (order: Order) => Outcome
  readonly #call: (call: SlowCall) => void
  readonly #random: Random
  readonly #workers: number
  readonly #jobs: Job<Order, Outcome>[] = []
  readonly #calls: Call[] = []

  /**
   * `run` does a job's work. At most `workers` jobs are between the start of their work and their
   * end at the same time; which of the queued ones comes next is drawn too. `call` makes a slow
   * call; without it, calls are left to the database.
   */
  constructor(
    run: (order: Order) => Outcome,
    random: Random,
    workers: number,
    call?: (call: SlowCall) => void,
  ) {
    if (call !== undefined) this.makeCall = this.#queueCall
    this.#call = call ?? (() => {})
    this.#run = run
    this.#random = random
    this.#workers = workers
  }

  /** Number of jobs and calls that have not ended. */
  get pending(): number {
    return this.#jobs.length + this.#calls.length
  }

  start(order: Order, ended: JobEnded<Outcome>): void {
    this.#jobs.push({ order, ended, result: null })
  }

  /** Call this between two operations: none, one or several steps happen. */
  turn(): void {
    while (this.pending > 0 && this.#random.nextBelow(2) === 1) this.step()
  }

  /**
   * Does the work of one job or makes the first call, or ends one of which this is done. True if
   * one has ended.
   */
  step(): boolean {
    const worked = this.#jobs.filter(({ result }) => result !== null)
    const queued = this.#jobs.filter(({ result }) => result === null)
    const jobs = worked.length < this.#workers ? [...worked, ...queued] : worked
    const choices = [...jobs, ...this.#calls.slice(0, 1)]
    assert(choices.length > 0, 'nothing runs, so nothing can go on')
    const job = choices[this.#random.nextBelow(choices.length)]!
    if ('call' in job) return this.#stepCall(job)
    if (job.result === null) {
      job.result = resultOf(() => this.#run(job.order))
      return false
    }
    this.#jobs.splice(this.#jobs.indexOf(job), 1)
    job.ended(job.result)
    return true
  }

  wait(): void {
    assert(this.pending > 0, 'nothing runs, so nothing can end')
    while (!this.step());
  }

  close(): void {
    this.#jobs.length = 0
    this.#calls.length = 0
  }

  readonly #queueCall = (call: SlowCall, ended: CallEnded): void => {
    this.#calls.push({ call, ended, failure: undefined })
  }

  #stepCall(first: Call): boolean {
    if (first.failure === undefined) {
      const made = resultOf(() => this.#call(first.call))
      first.failure = made instanceof Error ? made : null
      return false
    }
    this.#calls.shift()
    first.ended(first.failure)
    return true
  }
}
