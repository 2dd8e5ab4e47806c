/**
 * Owns the modelled device of a run in logical time: the clock, the executor of the database's jobs
 * on it, and the service of clients' operations, which share it with the jobs.
 *
 * The clients have one thread together: it works on one operation at a time, for `operationUs`.
 * Then the device reads and writes what the operation moved.
 */
import {
  type DeviceModel,
  type ExecutorFactory,
  type JobOrder,
  type JobOutcome,
  jobWork,
  type VirtualClock,
  VirtualExecutor,
  type VirtualWork,
} from '../../engine/index.ts'
import type { DeviceConfig } from '../../results/schema.ts'
import { SIMULATED_WORK } from '../../strategies/simulator/virtual/simulated-work.ts'
import type {
  SimulatedExecutorFactory,
  SimulatedExecutorParts,
} from '../../strategies/simulator/virtual/virtual-exact-store.ts'

/** Over which logical time the clients' bandwidth is measured. */
const MEASURE_EVERY_MS = 10

/** What one operation of a client moved. */
export interface ClientWork {
  readonly readBytes: number
  readonly writtenBytes: number
  /** Reads that wait for each other. */
  readonly reads: number
}

export class VirtualDevice {
  readonly #clock: VirtualClock
  readonly #device: DeviceConfig
  #served: Pick<VirtualExecutor<JobOrder, JobOutcome>, 'serve'> | null = null
  /** When the clients' thread has done what it was given so far. */
  #threadFreeNs = 0

  constructor(clock: VirtualClock, device: DeviceConfig) {
    this.#clock = clock
    this.#device = device
  }

  /** Makes the executor of one database. */
  readonly executor: ExecutorFactory = (parts) => this.#executorOf(jobWork(parts.room), parts)

  /** Makes the executor of one simulation. */
  readonly simulatedExecutor: SimulatedExecutorFactory = (parts) =>
    this.#executorOf(SIMULATED_WORK, parts)

  #executorOf<Order, Outcome>(
    work: VirtualWork<Order, Outcome>,
    { policy, workers, limitBytesPerSecond, pressure }: SimulatedExecutorParts,
  ): VirtualExecutor<Order, Outcome> {
    const executor = new VirtualExecutor<Order, Outcome>({
      clock: this.#clock,
      device: modelOf(this.#device),
      work,
      policy,
      workers,
      limitBytesPerSecond,
      pressure,
      measureEveryMs: MEASURE_EVERY_MS,
    })
    this.#served = executor
    return executor
  }

  /** Ends, as an event of the clock, when the operation's work is done. */
  serve({ readBytes, writtenBytes, reads }: ClientWork): Promise<void> {
    const clock = this.#clock
    const operationNs = Math.round(this.#device.operationUs * 1e3)
    this.#threadFreeNs = Math.max(this.#threadFreeNs, clock.elapsedNs()) + operationNs
    return new Promise((resolve) => {
      clock.at(this.#threadFreeNs, () => {
        if (readBytes + writtenBytes === 0) resolve()
        else {
          this.#served!.serve({ readBytes, writtenBytes, operations: reads, files: 0 }, resolve)
        }
      })
    })
  }
}

function modelOf({ readMBps, writeMBps, latencyUs, fileUs }: DeviceConfig): DeviceModel {
  return {
    readBytesPerMs: readMBps * 1e3,
    writeBytesPerMs: writeMBps * 1e3,
    latencyMs: latencyUs / 1e3,
    perFileMs: fileUs / 1e3,
  }
}
