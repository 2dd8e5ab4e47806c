/**
 * Owns the exact simulator as a target: it takes the operations of the engine and keeps only
 * lengths. A get returns the last record put with the right length, not the record itself. That is
 * enough for an update of one field to have the right length.
 *
 * Blocks, filters and the bytes of scans are unknown and stay zero. The number of probed runs is
 * exact. In logical time a read costs what it would without a block cache and with filters that are
 * never wrong: a block of each table that holds the key or has no filter; for a scan a block of
 * each run, or the entries' own bytes if they are more.
 */
import {
  BACKGROUND_JOBS_DEFAULT,
  type Clock,
  type CompactionStrategy,
  type EngineOptions,
  HARD_DEBT_MEMTABLES,
  MEMTABLES_MAX_DEFAULT,
  ReadCounters,
  SLOWDOWN_DEFAULT,
  SOFT_DEBT_MEMTABLES,
  type StallEvent,
  type VirtualClock,
} from '../../engine/index.ts'
import { schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import {
  ExactSimulator,
  type ExactSimulatorOptions,
} from '../../strategies/simulator/exact-simulator.ts'
import { VirtualExactStore } from '../../strategies/simulator/virtual/virtual-exact-store.ts'
import type { Answer, CountedTarget, TargetStats } from '../base/target.ts'
import { ObservedJobs } from './observed-jobs.ts'
import { ObservedStrategy } from './observed-strategy.ts'
import { type BookOptions, batchBytes, SimulatedBooks } from './simulated-books.ts'
import type { ClientWork, VirtualDevice } from './virtual-device.ts'

export interface SimulatorTargetOptions extends Omit<BookOptions, 'observed'> {
  readonly strategy: CompactionStrategy
  readonly engineOptions: EngineOptions
  readonly clock: Clock
  /** Left out: flushes and merges happen inside the writes, which take no time. */
  readonly logical?: LogicalTime | null
}

/** Jobs run beside the operations in logical time. */
export interface LogicalTime {
  readonly clock: VirtualClock
  readonly device: VirtualDevice
  /** Writers were held: the stall is over. */
  onStall(event: StallEvent): void
}

export class SimulatorTarget implements CountedTarget {
  readonly getCounters = new ReadCounters()
  readonly scanCounters = new ReadCounters()
  readonly scannedBytes = 0
  readonly #options: SimulatorTargetOptions
  readonly #simulator: ExactSimulator
  /** Null: jobs do not run beside the writes. */
  readonly #store: VirtualExactStore | null
  readonly #books: SimulatedBooks
  readonly #shapes = new Map<number, Uint8Array>()
  #work: ClientWork = NO_WORK

  constructor(options: SimulatorTargetOptions) {
    const { clock, engineOptions, logical = null } = options
    const observed = new ObservedStrategy(options.strategy)
    const { strategy } = observed
    const { memtableBytes, blockBytes, blockRestartInterval } = engineOptions
    const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = engineOptions
    const jobs = logical === null ? null : new ObservedJobs(clock, () => observed.lastPick)
    this.#options = options
    this.#books = new SimulatedBooks({ ...options, observed })
    const simulated: ExactSimulatorOptions = {
      strategy,
      clock,
      memtableBytes,
      blocks: { blockBytes, restartInterval: blockRestartInterval },
      retention: { maxAgeMs, maxBytes },
      onEvent: (event) => this.#books.addEvent(event, jobs?.report(event.kind, event.edit.removed)),
    }
    this.#store =
      logical === null
        ? null
        : new VirtualExactStore({
            ...simulated,
            ...schedulingOf(engineOptions),
            clock: logical.clock,
            policy: jobs!.policy(schedulingPolicyOf(engineOptions.scheduling)),
            executor: (parts) =>
              jobs!.of(logical.device.simulatedExecutor(parts), ({ table }) => table),
            onStall: (event) => logical.onStall(event),
          })
    this.#simulator = this.#store?.simulator ?? new ExactSimulator(simulated)
  }

  put(key: Uint8Array, value: Uint8Array): Answer<void> {
    const { length } = value
    if (!this.#shapes.has(length)) this.#shapes.set(length, value.slice())
    this.#books.addWrites(1, key.length, length)
    const logBytes = batchBytes(key.length, length)
    if (this.#store === null) this.#simulator.put(key, length)
    else return this.#logged(logBytes, this.#store.put(key, length, logBytes))
  }

  delete(key: Uint8Array): Answer<void> {
    this.#books.addWrites(1, key.length, 0)
    const logBytes = batchBytes(key.length, 0)
    if (this.#store === null) this.#simulator.delete(key)
    else return this.#logged(logBytes, this.#store.delete(key, logBytes))
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const simulator = this.#simulator
    const { runsProbed, tablesRead } = simulator
    const length = simulator.get(key)
    this.getCounters.runsProbed += simulator.runsProbed - runsProbed
    this.getCounters.memtablesProbed++
    const reads = simulator.tablesRead - tablesRead
    this.#read(reads, reads * this.#options.engineOptions.blockBytes)
    return length === undefined ? undefined : this.#shapes.get(length)
  }

  scan(_from: Uint8Array, entries: number): number {
    const simulator = this.#simulator
    const before = simulator.runsProbed
    simulator.scan()
    const runs = simulator.runsProbed - before
    this.scanCounters.runsProbed += runs
    this.scanCounters.memtablesProbed++
    const { totals } = simulator.tree.version
    const entryBytes = totals.entries === 0 ? 0 : totals.bytes / totals.entries
    const { blockBytes } = this.#options.engineOptions
    this.#read(runs, Math.max(runs * blockBytes, Math.round(entries * entryBytes)))
    return entries
  }

  drain(): void {
    if (this.#store === null) this.#simulator.flush()
    else this.#store.drain()
  }

  stats(): TargetStats {
    return this.#books.stats(this.#simulator)
  }

  liveFileBytes(): number {
    return this.#books.liveBytes(this.#simulator.tree)
  }

  /** There are no files. */
  tableBytes(): Iterable<Uint8Array> {
    return []
  }

  close(): void {
    this.#store?.close()
  }

  /** What the operation that has just called asks of a device. */
  takeWork(): ClientWork {
    const work = this.#work
    this.#work = NO_WORK
    return work
  }

  #logged(logBytes: number, written: Promise<void>): Promise<void> {
    const { readBytes, writtenBytes, reads } = this.#work
    this.#work = { readBytes, writtenBytes: writtenBytes + logBytes, reads }
    return written
  }

  #read(reads: number, bytes: number): void {
    if (this.#store === null) return
    const { readBytes, writtenBytes, reads: before } = this.#work
    this.#work = { readBytes: readBytes + bytes, writtenBytes, reads: before + reads }
  }
}

const NO_WORK: ClientWork = { readBytes: 0, writtenBytes: 0, reads: 0 }

/** The engine's options of background work, with its defaults. */
function schedulingOf(options: EngineOptions) {
  const { memtableBytes, compactionBytesPerSecond = null } = options
  return {
    workers: options.backgroundJobs ?? BACKGROUND_JOBS_DEFAULT,
    memtablesMax: options.memtablesMax ?? MEMTABLES_MAX_DEFAULT,
    slowdown: options.slowdown ?? SLOWDOWN_DEFAULT,
    softDebtBytes: options.softDebtBytes ?? SOFT_DEBT_MEMTABLES * memtableBytes,
    hardDebtBytes: options.hardDebtBytes ?? HARD_DEBT_MEMTABLES * memtableBytes,
    limitBytesPerSecond: compactionBytesPerSecond,
  }
}
