/**
 * Owns the execution of jobs in logical time: a job's real work is done at once when it starts, and
 * the job ends when the cost model says so. Clients' operations share the device with the jobs.
 *
 * Invariants:
 * - Everything depends only on the orders, the clock's events and the policy: equal runs give equal
 *   times, to the nanosecond, on every machine.
 * - The rates on the device hold from one plan to the next. A plan is made when a job is queued,
 *   when jobs end, and every `measureEveryMs` while there are jobs.
 */

import { checkObject, checkWhole, show } from '../../base/arguments.ts'
import { assert } from '../../base/assert.ts'
import { invalidArgument } from '../../base/errors.ts'
import { checkedPlan } from '../checked-plan.ts'
import { resultOf } from '../inline-executor.ts'
import type { JobEnded, JobExecutor } from '../job-order.ts'
import type { ScheduledJob, SchedulingPolicy, SchedulingView, TreePressure } from '../policy.ts'
import {
  busyMs,
  checkDevice,
  type DeviceModel,
  type DeviceWork,
  waitingMs,
} from './device-model.ts'
import { type EndedWork, SharedDevice } from './shared-device.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What a policy is shown of an order. */
export type JobFacts = Pick<ScheduledJob, 'id' | 'cause' | 'fromLevel' | 'toLevel' | 'bytesTotal'>

/** How orders are understood and carried out. */
export interface VirtualWork<Order, Outcome> {
  factsOf(order: Order): JobFacts
  /** Does the job's work. What it throws becomes the job's end. */
  run(order: Order): Outcome
  /** What the work that was done asks of the device. A job may pause after each file. */
  costOf(order: Order, outcome: Outcome): DeviceWork
}

export interface VirtualExecutorOptions<Order, Outcome> {
  readonly clock: VirtualClock
  readonly device: DeviceModel
  readonly work: VirtualWork<Order, Outcome>
  readonly policy: SchedulingPolicy
  /** Jobs that run at the same time, 1 or more. */
  readonly workers: number
  /** What the database allows all jobs together, in bytes per second. Null: no limit. */
  readonly limitBytesPerSecond: number | null
  readonly pressure: () => TreePressure
  /** How often the clients' bandwidth is measured while there are jobs, in milliseconds. */
  readonly measureEveryMs: number
}

interface Job<Order, Outcome> {
  readonly order: Order
  readonly ended: JobEnded<Outcome>
  readonly facts: JobFacts
  readonly queuedAtMs: number
  startedAtMs: number | null
  /** What its work gave; null before it has started. */
  result: Outcome | Error | null
}

/** Runs jobs and clients' operations on a modelled device. */
export class VirtualExecutor<Order, Outcome> implements JobExecutor<Order, Outcome> {
  readonly #options: VirtualExecutorOptions<Order, Outcome>
  readonly #device: SharedDevice
  readonly #measureEveryNs: number
  /** Queued, running and paused, by ascending id. */
  #jobs: Job<Order, Outcome>[] = []
  /** Have ended; their `ended` is still to be called. */
  readonly #finished: Job<Order, Outcome>[] = []
  /** Clients' operations on the device, by their keys: what to call when they are answered. */
  readonly #operations = new Map<number, { readonly work: DeviceWork; readonly done: () => void }>()
  #clientBytes = 0
  #clientBytesPerSecond = 0
  #measuredAtNs: number
  #cancelChange = () => {}
  #cancelMeasure: (() => void) | null = null

  /** `LSM_INVALID_ARGUMENT` names an option that no device or policy can have. */
  constructor(options: VirtualExecutorOptions<Order, Outcome>) {
    const { device, policy, workers, measureEveryMs } = options
    checkDevice(device)
    checkObject(policy, 'policy', ['mergesMax', 'plan'])
    checkWhole(workers, 'workers', 1)
    if (!(measureEveryMs > 0)) {
      throw invalidArgument(`measureEveryMs must be above 0, not ${show(measureEveryMs)}`)
    }
    this.#options = options
    this.#device = new SharedDevice(options.clock.elapsedNs())
    this.#measureEveryNs = Math.ceil(measureEveryMs * 1e6)
    this.#measuredAtNs = options.clock.elapsedNs()
  }

  /** Queues a job. Its work is done when the policy gives it its first share. */
  start(order: Order, ended: JobEnded<Outcome>): void {
    const { work, clock } = this.#options
    this.#catchUp()
    this.#jobs.push({
      order,
      ended,
      facts: work.factsOf(order),
      queuedAtMs: clock.nowMs(),
      startedAtMs: null,
      result: null,
    })
    this.#jobs.sort((a, b) => a.facts.id - b.facts.id)
    this.#plan()
  }

  /**
   * A client's operation arrives now. `done` is called as an event of the clock when the device has
   * answered it.
   */
  serve(work: DeviceWork, done: () => void): void {
    this.#catchUp()
    this.#clientBytes += work.readBytes + work.writtenBytes
    const key = this.#device.serve(busyMs(this.#options.device, work))
    this.#operations.set(key, { work, done })
    this.#awaitChange()
  }

  /**
   * Time passes as it does while a call blocks the event loop: the device works on, and clients
   * learn of their answers afterwards.
   */
  wait(): void {
    const { clock } = this.#options
    while (this.#finished.length === 0) {
      assert(this.#jobs.length > 0, 'no job runs, so none can end')
      const changeNs = this.#device.nextChangeNs ?? Number.POSITIVE_INFINITY
      clock.block(Math.min(changeNs, this.#measuredAtNs + this.#measureEveryNs))
      this.#catchUp()
      if (this.#finished.length === 0) this.#plan()
    }
    this.#finish()
  }

  /** Gives up all jobs; their `ended` is not called. Idempotent. */
  close(): void {
    this.#jobs = []
    this.#finished.length = 0
    this.#device.removeJobs()
    this.#cancelMeasure?.()
    this.#cancelMeasure = null
    this.#awaitChange()
  }

  /** Lets the device work up to the present moment. */
  #catchUp(): void {
    for (const work of this.#device.advance(this.#options.clock.elapsedNs())) this.#noteEnd(work)
  }

  #noteEnd({ kind, id, atNs }: EndedWork): void {
    const { clock, device } = this.#options
    if (kind === 'job') {
      this.#finished.push(...this.#jobs.filter(({ facts }) => facts.id === id))
      this.#jobs = this.#jobs.filter(({ facts }) => facts.id !== id)
      return
    }
    const { work, done } = this.#operations.get(id)!
    this.#operations.delete(id)
    clock.at(atNs + Math.round(waitingMs(device, work) * 1e6), done)
  }

  /** Calls `ended` of the jobs that have ended, and plans again. */
  #finish(): void {
    for (let job = this.#finished.shift(); job !== undefined; job = this.#finished.shift()) {
      job.ended(job.result!)
    }
    this.#plan()
  }

  /** Asks the policy, starts the jobs that have their first share, and divides the device. */
  #plan(): void {
    this.#measureClients()
    const plan = resultOf(() => checkedPlan(this.#options.policy, this.#view()))
    if (plan instanceof Error) {
      this.#failAll(plan)
    } else {
      const shares = new Map<number, number>()
      const allotted = this.#jobs.filter((job, at) => {
        shares.set(job.facts.id, plan.shares[at]!)
        return plan.shares[at]! > 0
      })
      for (const job of allotted) if (job.startedAtMs === null) this.#begin(job)
      this.#device.allot(shares, this.#partOf(plan.bytesPerSecond))
    }
    this.#awaitChange()
    this.#awaitMeasure()
  }

  /** Does the job's work, and puts its duration on the device. */
  #begin(job: Job<Order, Outcome>): void {
    const { work, device, clock } = this.#options
    job.startedAtMs = clock.nowMs()
    const { order } = job
    const done = resultOf(() => {
      const outcome = work.run(order)
      return { outcome, cost: work.costOf(order, outcome) }
    })
    job.result = done instanceof Error ? done : done.outcome
    const cost = done instanceof Error ? null : done.cost
    const id = job.facts.id
    this.#device.addJob(id, cost === null ? 0 : busyMs(device, cost), cost?.files ?? 0)
  }

  /** The policy is wrong, so no job can go on. */
  #failAll(error: Error): void {
    for (const job of this.#jobs) job.result = error
    this.#finished.push(...this.#jobs)
    this.#jobs = []
    this.#device.removeJobs()
  }

  #view(): SchedulingView {
    const { workers, pressure, limitBytesPerSecond, device } = this.#options
    return {
      jobs: this.#jobs.map(({ facts, queuedAtMs, startedAtMs }) => ({
        ...facts,
        bytesLeft:
          startedAtMs === null
            ? facts.bytesTotal
            : facts.bytesTotal * this.#device.leftOf(facts.id),
        queuedAtMs,
        startedAtMs,
      })),
      workers,
      budgetBytesPerSecond: device.writeBytesPerMs * 1000,
      clientBytesPerSecond: this.#clientBytesPerSecond,
      limitBytesPerSecond,
      ...pressure(),
    }
  }

  /** The part of the device that the jobs may have under the plan's limit and the database's. */
  #partOf(bytesPerSecond: number | null): number {
    const { limitBytesPerSecond, device } = this.#options
    const limit = Math.min(
      bytesPerSecond ?? Number.POSITIVE_INFINITY,
      limitBytesPerSecond ?? Number.POSITIVE_INFINITY,
    )
    return Math.min(1, limit / (device.writeBytesPerMs * 1000))
  }

  #measureClients(): void {
    const nowNs = this.#options.clock.elapsedNs()
    const passedNs = nowNs - this.#measuredAtNs
    if (passedNs < this.#measureEveryNs) return
    this.#clientBytesPerSecond = (this.#clientBytes / passedNs) * 1e9
    this.#clientBytes = 0
    this.#measuredAtNs = nowNs
  }

  /** Wakes when something ends on the device. */
  #awaitChange(): void {
    this.#cancelChange()
    const { clock } = this.#options
    const changeNs = this.#finished.length > 0 ? clock.elapsedNs() : this.#device.nextChangeNs
    this.#cancelChange =
      changeNs === null
        ? () => {}
        : clock.at(changeNs, () => {
            this.#catchUp()
            if (this.#finished.length > 0) this.#finish()
            else this.#awaitChange()
          })
  }

  /** Plans again after a while, as long as there are jobs. */
  #awaitMeasure(): void {
    if (this.#jobs.length === 0) {
      this.#cancelMeasure?.()
      this.#cancelMeasure = null
      return
    }
    const { clock } = this.#options
    this.#cancelMeasure ??= clock.at(clock.elapsedNs() + this.#measureEveryNs, () => {
      this.#cancelMeasure = null
      this.#catchUp()
      this.#plan()
    })
  }
}
