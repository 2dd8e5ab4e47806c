/**
 * Owns the exact simulator as a target: it takes the operations of the engine and keeps only
 * lengths. A get returns the last record put with the right length, not the record itself. That is
 * enough for an update of one field to have the right length.
 *
 * Blocks, filters and the bytes of scans are unknown and stay zero. The number of probed runs is
 * exact.
 */
import {
  type Clock,
  type CompactionStrategy,
  type EngineOptions,
  ReadCounters,
} from '../../engine/index.ts'
import { ExactSimulator } from '../../strategies/simulator/exact-simulator.ts'
import type { CountedTarget, TargetStats } from '../base/target.ts'
import { ObservedStrategy } from './observed-strategy.ts'
import { type BookOptions, SimulatedBooks } from './simulated-books.ts'

export interface SimulatorTargetOptions extends Omit<BookOptions, 'observed'> {
  readonly strategy: CompactionStrategy
  readonly engineOptions: EngineOptions
  readonly clock: Clock
}

export class SimulatorTarget implements CountedTarget {
  readonly getCounters = new ReadCounters()
  readonly scanCounters = new ReadCounters()
  readonly scannedBytes = 0
  readonly #simulator: ExactSimulator
  readonly #books: SimulatedBooks
  readonly #shapes = new Map<number, Uint8Array>()

  constructor(options: SimulatorTargetOptions) {
    const { clock, engineOptions } = options
    const observed = new ObservedStrategy(options.strategy)
    const { memtableBytes, blockBytes, blockRestartInterval } = engineOptions
    const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = engineOptions
    this.#books = new SimulatedBooks({ ...options, observed })
    this.#simulator = new ExactSimulator({
      strategy: observed.strategy,
      clock,
      memtableBytes,
      blocks: { blockBytes, restartInterval: blockRestartInterval },
      retention: { maxAgeMs, maxBytes },
      onEvent: (event) => this.#books.addEvent(event),
    })
  }

  put(key: Uint8Array, value: Uint8Array): void {
    if (!this.#shapes.has(value.length)) this.#shapes.set(value.length, value.slice())
    this.#books.addWrites(1, key.length, value.length)
    this.#simulator.put(key, value.length)
  }

  delete(key: Uint8Array): void {
    this.#books.addWrites(1, key.length, 0)
    this.#simulator.delete(key)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const before = this.#simulator.runsProbed
    const length = this.#simulator.get(key)
    this.getCounters.runsProbed += this.#simulator.runsProbed - before
    this.getCounters.memtablesProbed++
    return length === undefined ? undefined : this.#shapes.get(length)
  }

  scan(_from: Uint8Array, entries: number): number {
    const before = this.#simulator.runsProbed
    this.#simulator.scan()
    this.scanCounters.runsProbed += this.#simulator.runsProbed - before
    this.scanCounters.memtablesProbed++
    return entries
  }

  drain(): void {
    this.#simulator.flush()
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

  close(): void {}
}
