/**
 * Owns a store in logical time: a simulated tree without keys, whose flushes and merges run on a
 * modelled device under a scheduling policy, its frozen memtables, and the admission of writes.
 *
 * Invariant: at most `memtablesMax` memtables are frozen. Equal options and equal calls give equal
 * times, to the nanosecond, on every machine.
 */

import { assert } from '../../../engine/base/assert.ts'
import type { CompactionStrategy, StallLimits } from '../../../engine/compaction/strategy.ts'
import { Admission, type Slowdown } from '../../../engine/scheduling/admission.ts'
import type { JobEnded, JobExecutor } from '../../../engine/scheduling/job-order.ts'
import type { SchedulingPolicy } from '../../../engine/scheduling/policy.ts'
import type { DeviceModel, DeviceWork } from '../../../engine/scheduling/virtual/device-model.ts'
import type { VirtualClock } from '../../../engine/scheduling/virtual/virtual-clock.ts'
import { VirtualExecutor } from '../../../engine/scheduling/virtual/virtual-executor.ts'
import { WorkAccount } from '../../../engine/scheduling/work-account.ts'
import type { StallCause, WritePressure } from '../../../engine/scheduling/write-pressure.ts'
import type { Version } from '../../../engine/version/version.ts'
import type { FoundTree } from '../found-tree.ts'
import type { SimulatedOrder, SimulatedOutcome } from '../simulated-job.ts'
import type { WriteMix } from '../statistical-memtable.ts'
import { StatisticalSimulator } from '../statistical-simulator.ts'
import type { StatisticalShape } from '../statistical-table.ts'
import { outcomeBytes, SIMULATED_WORK } from './simulated-work.ts'

export interface VirtualStoreOptions {
  readonly clock: VirtualClock
  readonly strategy: CompactionStrategy
  readonly shape: StatisticalShape
  readonly seed: number
  /** The loaded tree, which holds all keys of the shape's model. */
  readonly start: FoundTree
  readonly memtableBytes: number
  /** At most so many memtables wait for their flush, or are being flushed. */
  readonly memtablesMax: number
  readonly device: DeviceModel
  readonly policy: SchedulingPolicy
  /** Jobs that run at the same time. */
  readonly workers: number
  /** What all jobs may use of the device together, in bytes per second. Null: no limit. */
  readonly limitBytesPerSecond: number | null
  /** Over which time the clients' bandwidth is measured. */
  readonly measureEveryMs: number
  readonly slowdown: Slowdown
  /** The runs that `runLimits` limits: those of level 0, or of the whole tree. */
  readonly countRuns: (version: Version) => number
  /** At how many of these runs writes slow down and stop. */
  readonly runLimits: StallLimits
}

/** A job of the store, once it has ended. */
export interface EndedJob {
  readonly cause: SimulatedOrder['cause']
  readonly fromLevel: number
  /** When it was queued, in logical milliseconds. */
  readonly queuedAtMs: number
  readonly endedAtMs: number
}

const WRITES: WriteMix = { insert: 0, update: 1, delete: 0 }

export class VirtualStore {
  readonly simulator: StatisticalSimulator
  /** Set by the clients: called when a job has ended and was installed. */
  onInstalled: () => void = () => {}
  onJob: (job: EndedJob) => void = () => {}
  readonly #options: VirtualStoreOptions
  readonly #executor: VirtualExecutor<SimulatedOrder, SimulatedOutcome>
  readonly #admission: Admission
  #frozen = 0
  readonly #work = new WorkAccount()

  constructor(options: VirtualStoreOptions) {
    const { clock, policy, workers, slowdown } = options
    this.#options = options
    this.#admission = new Admission(slowdown)
    this.#executor = new VirtualExecutor({
      ...options,
      work: SIMULATED_WORK,
      pressure: () => ({
        frozenMemtables: this.#frozen,
        memtablesMax: options.memtablesMax,
        level0Runs: this.runs,
        stallLimits: options.runLimits,
      }),
    })
    this.simulator = new StatisticalSimulator({
      strategy: options.strategy,
      shape: options.shape,
      seed: options.seed,
      start: options.start,
      liveShares: options.shape.model.classes.map(({ keys }) => keys / options.shape.model.keys),
      memtableBytes: options.memtableBytes,
      insertOrder: 'hashed',
      sharesTree: true,
      clock,
      executor: this.#timed(),
      compactionsMax: policy.mergesMax(workers),
      onEnded: () => this.#onEnded(),
    })
  }

  /** Bytes that flushes and merges have written. */
  get workBytes(): number {
    return this.#work.bytes
  }

  /** The runs that `runLimits` limits. */
  get runs(): number {
    return this.#options.countRuns(this.simulator.tree.version)
  }

  /** Number of writes until the memtable is full; at least 1. */
  get room(): number {
    return this.simulator.roomFor(WRITES)
  }

  /** Puts updates of drawn keys into the memtable, which has room for them. */
  write(count: number): void {
    this.simulator.add(WRITES, count)
  }

  /** Freezes the full memtable; false, and writers are stopped, if it must wait. */
  freeze(): boolean {
    const { memtablesMax } = this.#options
    if (this.#frozen >= memtablesMax) {
      this.#observe()
      return false
    }
    this.#frozen++
    this.simulator.freeze(() => {
      this.#frozen--
    })
    this.#schedule()
    return true
  }

  /** As `Admission.admit`. `nowMs` may be after the clock's time if no event lies between. */
  admit(bytes: number, nowMs: number): number {
    return this.#admission.admit(bytes, nowMs)
  }

  get isStopped(): boolean {
    return this.#admission.stall?.step === 'stop'
  }

  /** Whether `admit` may delay writes now. */
  get delays(): boolean {
    return this.#admission.delays
  }

  /** Why a write waits now. */
  get cause(): StallCause {
    return this.#admission.cause
  }

  /** A client's operation arrives at the device now; `done` is called when it is answered. */
  serve(work: DeviceWork, done: () => void): void {
    this.#executor.serve(work, done)
  }

  close(): void {
    this.#executor.close()
  }

  #schedule(): void {
    this.simulator.tree.scheduler.schedule()
    this.#observe()
  }

  #onEnded(): void {
    this.#schedule()
    this.onInstalled()
  }

  #observe(): void {
    this.#admission.observe(this.#pressure(), this.#options.clock.elapsedNs() / 1e6)
  }

  #pressure(): WritePressure {
    const { memtableBytes, memtablesMax, runLimits } = this.#options
    const { tree, memtableRawBytes } = this.simulator
    return {
      level0Runs: this.runs,
      limits: runLimits,
      frozenMemtables: this.#frozen,
      memtablesMax,
      memtableRawBytes,
      memtableBytes,
      debtBytes: tree.debtBytes,
      softDebtBytes: Number.POSITIVE_INFINITY,
      hardDebtBytes: Number.POSITIVE_INFINITY,
      jobs: tree.scheduler.jobs,
      workBytes: this.#work.bytes,
      workMs: this.#work.ms,
      busyMs: this.#work.busyMs,
    }
  }

  /** The executor, with the work of its jobs added up. */
  #timed(): JobExecutor<SimulatedOrder, SimulatedOutcome> {
    const executor = this.#executor
    const { clock } = this.#options
    return {
      start: (order, ended: JobEnded<SimulatedOutcome>) => {
        const queuedAtMs = clock.elapsedNs() / 1e6
        this.#work.start(queuedAtMs)
        executor.start(order, (result) => {
          const endedAtMs = clock.elapsedNs() / 1e6
          assert(!(result instanceof Error), 'a simulated job does not fail')
          this.#work.end(outcomeBytes(result), queuedAtMs, endedAtMs)
          this.onJob({ cause: order.cause, fromLevel: order.fromLevel, queuedAtMs, endedAtMs })
          ended(result)
        })
      },
      wait: () => executor.wait(),
      close: () => executor.close(),
    }
  }
}
