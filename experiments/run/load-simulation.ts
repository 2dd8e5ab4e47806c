/**
 * Owns the simulated load of a tree that is too large to keep its keys. Records are expected
 * numbers of the workload's mean size. The run ends with the load. There is no stream, so there are
 * no reads, and the trace hash is a hash of the sizes.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ManualClock, ReadCounters } from '../../engine/index.ts'
import type { Deterministic } from '../../results/schema.ts'
import { expectedProbes } from '../../strategies/filters/expected-probes.ts'
import { uniformKeys } from '../../strategies/simulator/key-model.ts'
import { StatisticalSimulator } from '../../strategies/simulator/statistical-simulator.ts'
import { Operation } from '../../workloads/index.ts'
import { type ExperimentContext, LOGICAL_START_MS } from '../base/context.ts'
import { hashOfJson } from '../base/digest.ts'
import { Interrupted } from '../base/interrupted.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { deepestLevel, type TargetStats } from '../base/target.ts'
import { EventLog } from '../measure/event-log.ts'
import {
  amplificationOf,
  balanceOf,
  levelsOf,
  readAccountOf,
  writtenByCause,
} from '../measure/figures.ts'
import { Series, samplingInterval } from '../measure/series.ts'
import { SpacePeak } from '../measure/space-peak.ts'
import { ObservedStrategy } from '../targets/observed-strategy.ts'
import { SimulatedBooks } from '../targets/simulated-books.ts'
import type { Simulated } from './counted-books.ts'
import { LONG_SCAN_ENTRIES_MIN } from './operation-effects.ts'

const LOAD = { insert: 1, update: 0, delete: 0 }
/** YCSB's keys: "user" and a decimal number. */
const YCSB_KEYS = { keyPrefixBytes: 4, keyRadix: 10 }

export async function simulateLoad(
  plan: RunPlan,
  seed: number,
  context: ExperimentContext,
): Promise<Simulated> {
  const { records } = plan.config
  const load = new StatisticalLoad(plan, seed, context)
  const start = load.stats()
  const interval = samplingInterval(records)
  while (load.written < records) {
    load.write(Math.min(interval, records - load.written))
    if (load.written < records) load.sample()
    context.onProgress('load', load.written, records)
    await nextTurn()
    if (context.signal.aborted) throw new Interrupted('interrupted')
  }
  const burst = load.stats()
  const mergesIntoLastLevel = load.mergesInto(deepestLevel(burst))
  load.drain()
  const drained = load.stats()
  load.sample()
  return {
    deterministic: load.figures(start, burst, drained),
    burst,
    drained,
    runSeries: [],
    mergesIntoLastLevel,
  }
}

class StatisticalLoad {
  readonly #plan: RunPlan
  readonly #record: ReturnType<typeof meanRecord>
  readonly #simulator: StatisticalSimulator
  readonly #books: SimulatedBooks
  readonly #events = new EventLog()
  readonly #series = new Series()
  readonly #peak = new SpacePeak()

  constructor(plan: RunPlan, seed: number, { onEdit }: ExperimentContext) {
    const { engineOptions, config } = plan
    const { memtableBytes, blockBytes, blockRestartInterval: restartInterval } = engineOptions
    const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = engineOptions
    const clock = new ManualClock(LOGICAL_START_MS)
    this.#plan = plan
    this.#record = meanRecord(plan)
    const observed = new ObservedStrategy(plan.createStrategy())
    this.#books = new SimulatedBooks({
      clock,
      observed,
      onEdit,
      onEvent: (event) => {
        this.#events.add(event, this.written)
        this.#peak.see(event.peakPhysicalBytes ?? 0, this.#liveBytes())
      },
    })
    this.#simulator = new StatisticalSimulator({
      strategy: observed.strategy,
      memtableBytes,
      clock,
      seed,
      insertOrder: config.workload.loadOrder === 'ordered' ? 'ordered' : 'hashed',
      retention: { maxAgeMs, maxBytes },
      onEvent: (event) => this.#books.addEvent(event),
      shape: {
        model: uniformKeys(config.records),
        ...this.#record,
        ...YCSB_KEYS,
        blocks: { blockBytes, restartInterval },
      },
    })
  }

  get written(): number {
    return this.#simulator.writes
  }

  /**
   * Counts buffer by buffer, because a log is removed together with the buffer that it protects.
   */
  write(records: number): void {
    const { keyBytes, valueBytes } = this.#record
    for (let left = records; left > 0; ) {
      const count = Math.min(left, this.#simulator.roomFor(LOAD))
      this.#books.addWrites(count, keyBytes, valueBytes)
      this.#simulator.write(LOAD, count)
      left -= count
    }
  }

  drain(): void {
    this.#simulator.flush()
  }

  mergesInto(level: number): number {
    return this.#events.mergesInto(level)
  }

  stats(): TargetStats {
    return this.#books.stats(this.#simulator)
  }

  sample(): void {
    const stats = this.stats()
    this.#peak.see(stats.peakPhysicalBytes, this.#liveBytes())
    this.#series.add(this.written, stats, this.#liveBytes())
  }

  figures(start: TargetStats, burst: TargetStats, drained: TargetStats): Deterministic {
    const none = readAccountOf(0, new ReadCounters(), 0)
    const { userBytes } = drained
    return {
      phases: [
        { ...phaseBetween(start, burst), name: 'load', operationsByKind: { insert: this.written } },
        { ...phaseBetween(burst, drained), name: 'drain', operationsByKind: {} },
      ],
      amplification: {
        burst: amplificationOf(burst, this.#liveBytes()),
        drained: amplificationOf(drained, this.#liveBytes()),
      },
      readAmplification: {
        getHit: none,
        getMiss: none,
        updateRead: none,
        shortScan: none,
        longScan: none,
      },
      levels: levelsOf(drained),
      filters: expectedProbes(drained.version),
      valueLog: null,
      ledger: {
        cells: [...drained.cells],
        balance: balanceOf(drained, this.#books.liveBytes(this.#simulator.tree)),
      },
      counts: drained.counts,
      series: this.#series.points,
      events: this.#events.figures(),
      // There is no stream, so the parameters that would make it are hashed instead.
      traceHash: hashOfJson({ ...this.#record, userBytes, workload: this.#workload() }),
      askedTraceHash: null,
      until: null,
      tableDigest: null,
      peakPhysicalBytes: drained.peakPhysicalBytes,
      peakSpaceAmplification: this.#peak.amplification(),
      oracle: { kind: 'exact', oneIn: 1, recordsTracked: this.written, memoryBytes: 0 },
      answers: null,
      longScanEntriesMin: LONG_SCAN_ENTRIES_MIN,
    }
  }

  #workload(): string {
    const { name, loadOrder } = this.#plan.config.workload
    return `${name}, ${loadOrder}`
  }

  /** Every record is loaded once. */
  #liveBytes(): number {
    return Math.round(this.#simulator.userBytes)
  }
}

function phaseBetween(before: TargetStats, after: TargetStats) {
  const earlier = writtenByCause(before.cells)
  const written = Object.entries(writtenByCause(after.cells)).map(
    ([cause, bytes]) => [cause, bytes - (earlier[cause] ?? 0)] as const,
  )
  return {
    userBytes: after.userBytes - before.userBytes,
    bytesWrittenByCause: Object.fromEntries(written),
    shapeAtStart: before.levels.map((level) => level.runs),
    valueLog: null,
  }
}

/** Enough records to get the mean length of YCSB's keys to a thousandth. */
export const SAMPLED_RECORDS = 10_000

/** Mean bytes of key and value over the first records of the workload's load. */
export function meanRecord({ createWorkload }: Pick<RunPlan, 'createWorkload'>): {
  readonly keyBytes: number
  readonly valueBytes: number
} {
  const { load } = createWorkload()
  const operation = new Operation()
  let count = 0
  let keyBytes = 0
  let valueBytes = 0
  for (; count < SAMPLED_RECORDS && load.next(operation); count++) {
    keyBytes += operation.keyLength
    valueBytes += operation.valueLength
    load.acknowledge(operation)
  }
  return { keyBytes: keyBytes / count, valueBytes: valueBytes / count }
}
