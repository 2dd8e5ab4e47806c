/**
 * Owns an exact simulation in logical time: its flushes and merges run beside the writes on a
 * modelled device, and writes wait at the engine's gate (`write-gate.ts`) as the engine's do.
 *
 * Invariant: writes take effect in the order of the calls. Equal options and equal calls give equal
 * times, to the nanosecond, on every machine; with one write at a time, those of the engine.
 */

import type { CompactionStrategy } from '../../../engine/compaction/strategy.ts'
import type { Slowdown } from '../../../engine/scheduling/admission.ts'
import { mergesMaxOf } from '../../../engine/scheduling/checked-plan.ts'
import type { JobExecutor } from '../../../engine/scheduling/job-order.ts'
import type { SchedulingPolicy, TreePressure } from '../../../engine/scheduling/policy.ts'
import type { StallEvent } from '../../../engine/scheduling/stall-log.ts'
import type { VirtualClock } from '../../../engine/scheduling/virtual/virtual-clock.ts'
import { WorkAccount } from '../../../engine/scheduling/work-account.ts'
import { WriteGate } from '../../../engine/scheduling/write-gate.ts'
import { rawBytes } from '../../../engine/version/table-meta.ts'
import { ExactSimulator, type ExactSimulatorOptions } from '../exact-simulator.ts'
import type { SimulatedOrder, SimulatedOutcome } from '../simulated-job.ts'

/** What makes the executor of the store's jobs. */
export interface SimulatedExecutorParts {
  readonly policy: SchedulingPolicy
  readonly workers: number
  readonly limitBytesPerSecond: number | null
  readonly pressure: () => TreePressure
}

export type SimulatedExecutorFactory = (
  parts: SimulatedExecutorParts,
) => JobExecutor<SimulatedOrder, SimulatedOutcome>

export interface VirtualExactStoreOptions
  extends Omit<ExactSimulatorOptions, 'clock' | 'executor' | 'compactionsMax' | 'onEnded'>,
    Omit<SimulatedExecutorParts, 'pressure'> {
  readonly clock: VirtualClock
  readonly strategy: CompactionStrategy
  readonly executor: SimulatedExecutorFactory
  readonly memtablesMax: number
  readonly slowdown: Slowdown
  /** Writes slow down from this merge debt on, and stop from the other one on. */
  readonly softDebtBytes: number
  readonly hardDebtBytes: number
  readonly onStall: (event: StallEvent) => void
}

/** A write that waits at the gate, or behind one that does. */
interface Waiting {
  readonly logBytes: number
  readonly apply: () => void
  readonly done: () => void
}

export class VirtualExactStore {
  readonly simulator: ExactSimulator
  readonly #options: VirtualExactStoreOptions
  readonly #executor: JobExecutor<SimulatedOrder, SimulatedOutcome>
  readonly #gate: WriteGate
  /** The oldest first. */
  readonly #waiting: Waiting[] = []
  /** The gate holds the oldest one. */
  #isHeld = false
  readonly #work = new WorkAccount()

  constructor(options: VirtualExactStoreOptions) {
    const { clock, policy, workers, slowdown, onStall } = options
    this.#options = options
    this.#executor = options.executor({
      policy,
      workers,
      limitBytesPerSecond: options.limitBytesPerSecond,
      pressure: () => this.#treePressure(),
    })
    this.simulator = new ExactSimulator({
      ...options,
      executor: this.#counted(),
      compactionsMax: mergesMaxOf(policy, workers),
      onEnded: () => this.#gate.changed(),
    })
    this.#gate = new WriteGate({
      slowdown,
      clock,
      timers: clock,
      pressure: () => this.#pressure(),
      waitForJob: () => this.#executor.wait(),
      onEvent: onStall,
    })
  }

  /** Resolves when the write is acknowledged. `logBytes`: of its record in the log. */
  put(key: Uint8Array, valueLength: number, logBytes: number): Promise<void> {
    const owned = key.slice()
    return this.#write(logBytes, () => this.simulator.put(owned, valueLength))
  }

  /** As `put`. */
  delete(key: Uint8Array, logBytes: number): Promise<void> {
    const owned = key.slice()
    return this.#write(logBytes, () => this.simulator.delete(owned))
  }

  /** Blocks until the memtable is a table and nothing is due. No write waits. */
  drain(): void {
    this.simulator.flush()
    this.#gate.changed()
  }

  close(): void {
    this.#gate.close()
    this.#executor.close()
  }

  #write(logBytes: number, apply: () => void): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ logBytes, apply, done })
      this.#admit()
    })
  }

  /** Lets writes go in their order, until the gate holds one. */
  #admit(): void {
    while (!this.#isHeld) {
      const [next] = this.#waiting
      if (next === undefined) return
      this.#isHeld = !this.#gate.admit(next.logBytes, () => {
        this.#isHeld = false
        this.#commit()
        this.#admit()
      })
      if (!this.#isHeld) this.#commit()
    }
  }

  #commit(): void {
    const { apply, done } = this.#waiting.shift()!
    const { simulator } = this
    const freezes = simulator.tree.counts.flushes + simulator.frozenMemtables
    apply()
    done()
    const hasFrozen = simulator.tree.counts.flushes + simulator.frozenMemtables > freezes
    if (hasFrozen || simulator.isFull) this.#gate.changed()
  }

  #treePressure(): TreePressure {
    const { memtablesMax } = this.#options
    const { limits, level0Runs } = this.#level0()
    return {
      frozenMemtables: this.simulator.frozenMemtables,
      memtablesMax,
      level0Runs,
      stallLimits: limits,
    }
  }

  #level0() {
    const view = this.simulator.tree.scheduler.view()
    return {
      limits: this.#options.strategy.stallLimits(view),
      level0Runs: view.version.levels[0]?.runs.length ?? 0,
    }
  }

  #pressure() {
    const { memtableBytes, memtablesMax, softDebtBytes, hardDebtBytes } = this.#options
    const { simulator } = this
    return {
      ...this.#level0(),
      frozenMemtables: simulator.frozenMemtables,
      memtablesMax,
      memtableRawBytes: simulator.memtableRawBytes,
      memtableBytes,
      debtBytes: simulator.tree.debtBytes,
      softDebtBytes,
      hardDebtBytes,
      jobs: simulator.tree.scheduler.jobs,
      workBytes: this.#work.bytes,
      workMs: this.#work.ms,
      busyMs: this.#work.busyMs,
    }
  }

  /** The executor, with the work of its jobs added up as the engine does. */
  #counted(): JobExecutor<SimulatedOrder, SimulatedOutcome> {
    const executor = this.#executor
    const { clock } = this.#options
    return {
      start: (order, ended) => {
        const startedAtMs = clock.nowMs()
        this.#work.start(startedAtMs)
        executor.start(order, (result) => {
          if (!(result instanceof Error)) {
            const bytes = result.reduce((sum, { table }) => sum + rawBytes(table), 0)
            this.#work.end(bytes, startedAtMs, clock.nowMs())
          }
          ended(result)
        })
      },
      wait: () => executor.wait(),
      close: () => executor.close(),
    }
  }
}
