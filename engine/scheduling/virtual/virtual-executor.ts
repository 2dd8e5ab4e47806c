/**
 * Owns the executor of logical time: jobs queue as a policy says (`policy-executor.ts`), and run on
 * a modelled device that clients share (`virtual-runner.ts`).
 */

import type { JobEnded, JobExecutor } from '../job-order.ts'
import { PolicyExecutor, type PolicyExecutorOptions } from '../policy-executor.ts'
import type { DeviceWork } from './device-model.ts'
import { VirtualRunner, type VirtualRunnerOptions } from './virtual-runner.ts'

/** What an executor of logical time is made of. */
export interface VirtualExecutorOptions<Order, Outcome>
  extends VirtualRunnerOptions<Order, Outcome>,
    Pick<
      PolicyExecutorOptions<Order, Outcome>,
      'policy' | 'workers' | 'limitBytesPerSecond' | 'pressure'
    > {}

/** Runs jobs and clients' operations on a modelled device. */
export class VirtualExecutor<Order, Outcome> implements JobExecutor<Order, Outcome> {
  readonly #runner: VirtualRunner<Order, Outcome>
  readonly #queue: PolicyExecutor<Order, Outcome>

  /** `LSM_INVALID_ARGUMENT` names an option that no device or policy can have. */
  constructor(options: VirtualExecutorOptions<Order, Outcome>) {
    this.#runner = new VirtualRunner(options)
    this.#queue = new PolicyExecutor({
      ...options,
      runner: this.#runner,
      factsOf: (order) => options.work.factsOf(order),
      timers: options.clock,
    })
  }

  /** Queues a job. Its work is done when the policy gives it its first share. */
  start(order: Order, ended: JobEnded<Outcome>): void {
    this.#queue.start(order, ended)
  }

  /** Lets logical time pass until a job has ended. */
  wait(): void {
    this.#queue.wait()
  }

  /**
   * A client's operation arrives now. `done` is called as an event of the clock when the device has
   * answered it.
   */
  serve(work: DeviceWork, done: () => void): void {
    this.#runner.serve(work, done)
  }

  /** Gives up all jobs; their `ended` is not called. Idempotent. */
  close(): void {
    this.#queue.close()
  }
}
