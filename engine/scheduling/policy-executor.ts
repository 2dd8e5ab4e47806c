/**
 * Owns the queue between the scheduler and what runs jobs: a policy says which jobs run now and how
 * they divide the bandwidth, and a runner makes it so.
 *
 * Invariant: the runner always follows the last plan. A plan is made when a job is queued, when a
 * job ends, and every `measureEveryMs` while there are jobs.
 */

import { checkObject, checkWhole, show } from '../base/arguments.ts'
import { assert } from '../base/assert.ts'
import type { Clock, Timers } from '../base/clock.ts'
import { invalidArgument } from '../base/errors.ts'
import type { SlowCall } from '../storage/slow-call.ts'
import { checkedPlan } from './checked-plan.ts'
import { resultOf } from './inline-executor.ts'
import type { JobFacts } from './job-facts.ts'
import type { CallEnded, JobEnded, JobExecutor } from './job-order.ts'
import type { SchedulingPlan, SchedulingPolicy, SchedulingView, TreePressure } from './policy.ts'

/** Runs jobs that a plan has started: in threads, or in logical time. */
export interface JobRunner<Order, Outcome> {
  /** Starts a job. Calls `ended` once, before this returns or later; does not throw. */
  start(order: Order, ended: JobEnded<Outcome>): void
  /**
   * Divides the bandwidth from now on. A started job that has no share pauses at its next table
   * border. The shares are by id; `bytesPerSecond` is what all jobs may use together, null: no
   * limit.
   */
  allot(shares: ReadonlyMap<number, number>, bytesPerSecond: number | null): void
  /** What is left of the work of a job that was started, from 1 to 0. */
  leftOf(id: number): number
  /** The bandwidth that is there, and what clients use of it. */
  bandwidth(): Pick<SchedulingView, 'budgetBytesPerSecond' | 'clientBytesPerSecond'>
  /** As `JobExecutor.makeCall`. */
  makeCall?(call: SlowCall, ended: CallEnded): void
  /**
   * Blocks until a job has ended or a call was made, and its `ended` was called, but at most for
   * this long.
   */
  wait(atMostMs: number): void
  /** As `JobExecutor.poll`. */
  poll?(): void
  /** Gives up what still runs: its `ended` is not called. Idempotent. */
  close(): void
}

export interface PolicyExecutorOptions<Order, Outcome> {
  readonly runner: JobRunner<Order, Outcome>
  readonly factsOf: (order: Order) => JobFacts
  readonly policy: SchedulingPolicy
  /** Jobs that run at the same time, 1 or more. */
  readonly workers: number
  /** What the database allows all jobs together, in bytes per second. Null: no limit. */
  readonly limitBytesPerSecond: number | null
  readonly pressure: () => TreePressure
  readonly clock: Clock
  readonly timers: Timers
  /** How often the bandwidth is looked at while there are jobs, in milliseconds. */
  readonly measureEveryMs: number
}

interface Job<Order, Outcome> {
  readonly order: Order
  readonly ended: JobEnded<Outcome>
  readonly facts: JobFacts
  readonly queuedAtMs: number
  startedAtMs: number | null
}

/** Queues jobs and runs them as a policy says. */
export class PolicyExecutor<Order, Outcome> implements JobExecutor<Order, Outcome> {
  /** Passes calls to the runner; no policy paces them. */
  readonly makeCall?: (call: SlowCall, ended: CallEnded) => void
  readonly #options: PolicyExecutorOptions<Order, Outcome>
  /** Queued, running and paused, by ascending id. */
  #jobs: Job<Order, Outcome>[] = []
  /** Calls that are not made yet. */
  #calls = 0
  /** Number of jobs and calls whose `ended` was called. */
  #endings = 0
  #isPlanning = false
  #isStale = false
  #cancelMeasure: (() => void) | null = null

  /** `LSM_INVALID_ARGUMENT` names an option that nothing can have. */
  constructor(options: PolicyExecutorOptions<Order, Outcome>) {
    const { policy, workers, measureEveryMs } = options
    checkObject(policy, 'policy', ['mergesMax', 'plan'])
    checkWhole(workers, 'workers', 1)
    if (!(measureEveryMs > 0)) {
      throw invalidArgument(`measureEveryMs must be above 0, not ${show(measureEveryMs)}`)
    }
    this.#options = options
    if (options.runner.makeCall !== undefined) this.makeCall = this.#makeCall
  }

  start(order: Order, ended: JobEnded<Outcome>): void {
    const { factsOf, clock } = this.#options
    const facts = factsOf(order)
    const job = { order, ended, facts, queuedAtMs: clock.nowMs(), startedAtMs: null }
    const at = this.#jobs.findIndex((other) => other.facts.id > facts.id)
    this.#jobs.splice(at < 0 ? this.#jobs.length : at, 0, job)
    this.#plan()
  }

  wait(): void {
    const { runner, measureEveryMs } = this.#options
    assert(this.#jobs.length + this.#calls > 0, 'nothing runs, so nothing can end')
    const before = this.#endings
    for (;;) {
      runner.wait(measureEveryMs)
      if (this.#endings > before) return
      this.#plan()
    }
  }

  poll(): void {
    this.#options.runner.poll?.()
  }

  close(): void {
    this.#jobs = []
    this.#options.runner.close()
    this.#stopMeasuring()
  }

  readonly #makeCall = (call: SlowCall, ended: CallEnded): void => {
    this.#calls++
    this.#options.runner.makeCall!(call, (failure) => {
      this.#calls--
      this.#endings++
      ended(failure)
    })
  }

  /** Plans, and again if a job was queued or has ended meanwhile. */
  #plan(): void {
    this.#isStale = true
    if (this.#isPlanning) return
    this.#isPlanning = true
    try {
      while (this.#isStale) this.#planOnce()
    } finally {
      this.#isPlanning = false
    }
    if (this.#jobs.length === 0) this.#stopMeasuring()
    else this.#awaitMeasure()
  }

  #planOnce(): void {
    this.#isStale = false
    const plan = resultOf(() => checkedPlan(this.#options.policy, this.#view()))
    if (plan instanceof Error) this.#failAll(plan)
    else this.#follow(plan)
  }

  /** Starts the jobs that have their first share, and divides the bandwidth. */
  #follow(plan: SchedulingPlan): void {
    const { runner, clock } = this.#options
    const shares = new Map<number, number>()
    for (const [at, job] of [...this.#jobs].entries()) {
      const share = plan.shares[at]!
      if (share === 0) continue
      shares.set(job.facts.id, share)
      if (job.startedAtMs !== null) continue
      job.startedAtMs = clock.nowMs()
      runner.start(job.order, (result) => this.#end(job, result))
    }
    runner.allot(shares, this.#limitOf(plan))
  }

  #end(job: Job<Order, Outcome>, result: Outcome | Error): void {
    const at = this.#jobs.indexOf(job)
    // Its end was called already if the policy failed.
    if (at < 0) return
    this.#jobs.splice(at, 1)
    this.#endings++
    job.ended(result)
    this.#plan()
  }

  /** The policy is wrong, so no job can go on. */
  #failAll(error: Error): void {
    const jobs = this.#jobs
    this.#jobs = []
    this.#endings += jobs.length
    for (const { ended } of jobs) ended(error)
  }

  #view(): SchedulingView {
    const { runner, workers, pressure, limitBytesPerSecond } = this.#options
    return {
      jobs: this.#jobs.map(({ facts, queuedAtMs, startedAtMs }) => ({
        ...facts,
        bytesLeft: facts.bytesTotal * (startedAtMs === null ? 1 : runner.leftOf(facts.id)),
        queuedAtMs,
        startedAtMs,
      })),
      workers,
      limitBytesPerSecond,
      ...runner.bandwidth(),
      ...pressure(),
    }
  }

  #limitOf({ bytesPerSecond }: SchedulingPlan): number | null {
    const { limitBytesPerSecond } = this.#options
    if (bytesPerSecond === null || limitBytesPerSecond === null) {
      return bytesPerSecond ?? limitBytesPerSecond
    }
    return Math.min(bytesPerSecond, limitBytesPerSecond)
  }

  #awaitMeasure(): void {
    const { timers, measureEveryMs } = this.#options
    this.#cancelMeasure ??= timers.after(measureEveryMs, () => {
      this.#cancelMeasure = null
      this.#plan()
    })
  }

  #stopMeasuring(): void {
    this.#cancelMeasure?.()
    this.#cancelMeasure = null
  }
}
