/**
 * Owns the running of jobs in logical time: a job's real work is done at once when it starts, and
 * the job ends when the cost model says so. Clients' operations share the device with the jobs.
 *
 * Invariant: everything depends only on the orders, the clock's events and what was allotted. Equal
 * runs give equal times, to the nanosecond, on every machine.
 */

import { resultOf } from '../inline-executor.ts'
import type { JobFacts } from '../job-facts.ts'
import type { JobEnded } from '../job-order.ts'
import type { JobRunner } from '../policy-executor.ts'
import {
  busyMs,
  checkDevice,
  type DeviceModel,
  type DeviceWork,
  waitingMs,
} from './device-model.ts'
import { SharedDevice } from './shared-device.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** How orders are understood and carried out. */
export interface VirtualWork<Order, Outcome> {
  factsOf(order: Order): JobFacts
  /** Does the job's work. What it throws becomes the job's end. */
  run(order: Order): Outcome
  /** What the work that was done asks of the device. A job may pause after each file. */
  costOf(order: Order, outcome: Outcome): DeviceWork
}

export interface VirtualRunnerOptions<Order, Outcome> {
  readonly clock: VirtualClock
  readonly device: DeviceModel
  readonly work: VirtualWork<Order, Outcome>
  /** Over which time the clients' bandwidth is measured, in milliseconds. */
  readonly measureEveryMs: number
}

export class VirtualRunner<Order, Outcome> implements JobRunner<Order, Outcome> {
  readonly #options: VirtualRunnerOptions<Order, Outcome>
  readonly #device: SharedDevice
  /** Jobs on the device, by id: what to call when they end. */
  readonly #jobs = new Map<number, () => void>()
  /** Jobs that have left the device, in order; their `ended` is still to be called. */
  readonly #finished: (() => void)[] = []
  /** Clients' operations on the device, by their keys: when to call, after the end, and what. */
  readonly #operations = new Map<
    number,
    { readonly waitingNs: number; readonly done: () => void }
  >()
  #clientBytes = 0
  #clientBytesPerSecond = 0
  #measuredAtNs: number
  #cancelChange = () => {}

  /** `LSM_INVALID_ARGUMENT` names a figure that no device can have. */
  constructor(options: VirtualRunnerOptions<Order, Outcome>) {
    checkDevice(options.device)
    this.#options = options
    this.#device = new SharedDevice(options.clock.elapsedNs())
    this.#measuredAtNs = options.clock.elapsedNs()
  }

  start(order: Order, ended: JobEnded<Outcome>): void {
    const { work, device } = this.#options
    this.#catchUp()
    const done = resultOf(() => {
      const outcome = work.run(order)
      const cost = work.costOf(order, outcome)
      return { outcome, busyMs: busyMs(device, cost), files: cost.files }
    })
    const { id } = work.factsOf(order)
    if (done instanceof Error) {
      this.#device.addJob(id, 0, 0)
      this.#jobs.set(id, () => ended(done))
    } else {
      this.#device.addJob(id, done.busyMs, done.files)
      this.#jobs.set(id, () => ended(done.outcome))
    }
  }

  allot(shares: ReadonlyMap<number, number>, bytesPerSecond: number | null): void {
    this.#catchUp()
    const part = bytesPerSecond === null ? 1 : bytesPerSecond / this.#bytesPerSecond
    this.#device.allot(shares, Math.min(1, part))
    this.#awaitChange()
  }

  leftOf(id: number): number {
    this.#catchUp()
    return this.#jobs.has(id) ? this.#device.leftOf(id) : 0
  }

  bandwidth() {
    const nowNs = this.#options.clock.elapsedNs()
    const passedNs = nowNs - this.#measuredAtNs
    if (passedNs >= Math.floor(this.#options.measureEveryMs * 1e6)) {
      this.#clientBytesPerSecond = (this.#clientBytes / passedNs) * 1e9
      this.#clientBytes = 0
      this.#measuredAtNs = nowNs
    }
    return {
      budgetBytesPerSecond: this.#bytesPerSecond,
      clientBytesPerSecond: this.#clientBytesPerSecond,
    }
  }

  /**
   * A client's operation arrives now. `done` is called as an event of the clock when the device has
   * answered it.
   */
  serve(work: DeviceWork, done: () => void): void {
    const { device } = this.#options
    this.#catchUp()
    this.#clientBytes += work.readBytes + work.writtenBytes
    const key = this.#device.serve(busyMs(device, work))
    this.#operations.set(key, { waitingNs: Math.round(waitingMs(device, work) * 1e6), done })
    this.#awaitChange()
  }

  /**
   * Time passes as it does while a call blocks the event loop: the device works on, and clients
   * learn of their answers afterwards.
   */
  wait(atMostMs: number): void {
    const { clock } = this.#options
    const untilNs = clock.elapsedNs() + Math.ceil(atMostMs * 1e6)
    this.#catchUp()
    while (this.#finished.length === 0 && clock.elapsedNs() < untilNs) {
      clock.block(Math.min(this.#device.nextChangeNs ?? untilNs, untilNs))
      this.#catchUp()
    }
    this.#finish()
  }

  close(): void {
    this.#jobs.clear()
    this.#finished.length = 0
    this.#device.removeJobs()
    this.#awaitChange()
  }

  get #bytesPerSecond(): number {
    return this.#options.device.writeBytesPerMs * 1000
  }

  /** Lets the device work up to the present moment. */
  #catchUp(): void {
    const { clock } = this.#options
    for (const { kind, id, atNs } of this.#device.advance(clock.elapsedNs())) {
      if (kind === 'job') {
        this.#finished.push(this.#jobs.get(id)!)
        this.#jobs.delete(id)
      } else {
        const { waitingNs, done } = this.#operations.get(id)!
        this.#operations.delete(id)
        clock.at(atNs + waitingNs, done)
      }
    }
  }

  /** Tells of the jobs that have ended. */
  #finish(): void {
    for (let ended = this.#finished.shift(); ended !== undefined; ended = this.#finished.shift()) {
      ended()
    }
    this.#awaitChange()
  }

  /** Wakes when something ends or pauses on the device. */
  #awaitChange(): void {
    this.#cancelChange()
    this.#cancelChange = () => {}
    const { clock } = this.#options
    const changeNs = this.#finished.length > 0 ? clock.elapsedNs() : this.#device.nextChangeNs
    if (changeNs === null) return
    this.#cancelChange = clock.at(changeNs, () => {
      this.#catchUp()
      this.#finish()
    })
  }
}
