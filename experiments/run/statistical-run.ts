/**
 * Owns the simulated run of a tree that is too large to keep its keys: load and run phases as
 * expected numbers of writes (`planned-writes.ts`), and records of the workload's mean size. There
 * is no stream, so reads are not counted, and the trace hash is a hash of the numbers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Json, ManualClock, ReadCounters } from '../../engine/index.ts'
import type { Deterministic } from '../../results/schema.ts'
import { expectedProbes } from '../../strategies/filters/expected-probes.ts'
import { foundTree } from '../../strategies/simulator/found-tree.ts'
import { StatisticalSimulator } from '../../strategies/simulator/statistical-simulator.ts'
import { type ExperimentContext, LOGICAL_START_MS } from '../base/context.ts'
import { hashOfJson } from '../base/digest.ts'
import { Interrupted } from '../base/interrupted.ts'
import type { RunPlan, StatisticalSimulation } from '../base/run-plan.ts'
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
import { type MeanRecord, meanRecord } from './mean-record.ts'
import { LONG_SCAN_ENTRIES_MIN } from './operation-effects.ts'
import { type PlannedPhase, type PlannedWrites, plannedWrites } from './planned-writes.ts'

export async function simulateStatistically(
  plan: RunPlan,
  simulation: StatisticalSimulation,
  seed: number,
  context: ExperimentContext,
): Promise<Simulated> {
  const run = new StatisticalRun(plan, simulation, seed, context)
  for (const phase of run.phases) await run.perform(phase, context)
  return run.finish()
}

class StatisticalRun {
  readonly phases: readonly PlannedPhase[]
  readonly #plan: RunPlan
  readonly #simulation: StatisticalSimulation
  readonly #record: MeanRecord
  readonly #simulator: StatisticalSimulator
  readonly #books: SimulatedBooks
  readonly #events = new EventLog()
  readonly #series = new Series()
  readonly #peak = new SpacePeak()
  readonly #phases: Deterministic['phases'][number][] = []
  /** Operations of all phases, and between two points of the series. */
  readonly #total: number
  readonly #interval: number
  /** Operations done, including reads. */
  #done = 0
  #runFrom = 0
  /** Writes that operations done so far have not made yet: less than one between two steps. */
  #owed = 0

  constructor(
    plan: RunPlan,
    simulation: StatisticalSimulation,
    seed: number,
    { onEdit }: ExperimentContext,
  ) {
    const { engineOptions, config } = plan
    const { memtableBytes, blockBytes, blockRestartInterval: restartInterval } = engineOptions
    const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = engineOptions
    const { writes } = simulation
    const clock = new ManualClock(LOGICAL_START_MS)
    const planned = plannedWrites(config.workload.name, writes)
    this.#plan = plan
    this.#simulation = simulation
    const { found } = simulation
    this.phases = found === null ? planned.phases : [NO_LOAD, ...planned.phases.slice(1)]
    this.#total = this.phases.reduce((sum, { operations }) => sum + operations, 0)
    this.#interval = samplingInterval(this.#total)
    this.#record = found?.record ?? meanRecord(plan.createWorkload())
    const start =
      found === null ? undefined : foundTree(found.version, planned.model, planned.first)
    const observed = new ObservedStrategy(plan.createStrategy())
    this.#books = new SimulatedBooks({
      clock,
      observed,
      onEdit,
      onEvent: (event) => {
        this.#events.add(event, Math.round(this.#done))
        this.#peak.see(event.peakPhysicalBytes ?? 0, this.#liveBytes())
      },
    })
    this.#simulator = new StatisticalSimulator({
      strategy: observed.strategy,
      // A registered strategy has no digest; the conformance kit has checked it.
      sharesTree: config.strategy.moduleDigest === null,
      memtableBytes,
      clock,
      seed,
      insertOrder: writes.insertOrder,
      retention: { maxAgeMs, maxBytes },
      start,
      liveShares: liveSharesOf(planned),
      onEvent: (event) => this.#books.addEvent(event),
      shape: {
        model: planned.model,
        ...this.#record,
        keyPrefixBytes: writes.keys.prefixBytes,
        keyRadix: writes.keys.radix,
        blocks: { blockBytes, restartInterval },
      },
    })
    if (start !== undefined) this.#books.addFound(start.version)
  }

  /** Performs a phase up to its last operation, without the drain. */
  async perform(phase: PlannedPhase, { signal, onProgress }: ExperimentContext): Promise<void> {
    const name = this.#phases.length === 0 ? 'load' : 'run'
    const before = this.#stats()
    const from = this.#done
    const end = from + phase.operations
    if (name === 'load') this.#runFrom = end
    while (this.#done < end) {
      const toSample = this.#interval - (this.#done % this.#interval)
      this.#step(phase, from, Math.min(toSample, end - this.#done))
      if (this.#done % this.#interval === 0 && this.#done < this.#total) this.#sample()
      onProgress(name, this.#done, this.#total)
      await nextTurn()
      if (signal.aborted) throw new Interrupted('interrupted')
    }
    const { operationsByKind } = phase
    this.#phases.push({ ...phaseBetween(before, this.#stats()), name, operationsByKind })
  }

  finish(): Simulated {
    const burst = this.#stats()
    const mergesIntoLastLevel = this.#events.mergesInto(deepestLevel(burst))
    this.#simulator.flush()
    const drained = this.#stats()
    this.#phases.push({ ...phaseBetween(burst, drained), name: 'drain', operationsByKind: {} })
    const runSeries = this.#series.points.filter(({ atOperation }) => atOperation > this.#runFrom)
    this.#sample()
    return {
      deterministic: this.#figures(burst, drained),
      burst,
      drained,
      runSeries,
      mergesIntoLastLevel,
    }
  }

  /**
   * Counts buffer by buffer, because a log is removed together with the buffer that it protects.
   */
  #step(phase: PlannedPhase, from: number, operations: number): void {
    const { keyBytes, valueBytes } = this.#record
    const { writeShare } = phase
    const end = this.#done + operations
    this.#owed += operations * writeShare
    // A rounding error must not keep the last write of a phase back.
    for (let left = Math.floor(this.#owed + 1e-6); left > 0; ) {
      const before = this.#done - from
      const count = Math.min(left, this.#simulator.roomFor(phase.mix))
      left -= count
      this.#owed -= count
      this.#done = end - Math.round(left / writeShare)
      const mix = phase.mixOf(before, this.#done - from)
      this.#books.addWrites(count * (1 - mix.delete), keyBytes, valueBytes)
      this.#books.addWrites(count * mix.delete, keyBytes, 0)
      this.#simulator.write(mix, count, 1 / writeShare)
    }
    if (writeShare === 0) this.#simulator.pass(operations)
    this.#done = end
  }

  #stats(): TargetStats {
    return this.#books.stats(this.#simulator)
  }

  #sample(): void {
    const stats = this.#stats()
    this.#peak.see(stats.peakPhysicalBytes, this.#liveBytes())
    this.#series.add(this.#done, stats, this.#liveBytes())
  }

  #figures(burst: TargetStats, drained: TargetStats): Deterministic {
    const none = readAccountOf(0, new ReadCounters(), 0)
    return {
      phases: this.#phases,
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
      traceHash: this.#hash(drained),
      askedTraceHash: null,
      until: null,
      tableDigest: null,
      peakPhysicalBytes: drained.peakPhysicalBytes,
      peakSpaceAmplification: this.#peak.amplification(),
      oracle: {
        kind: 'exact',
        oneIn: 1,
        recordsTracked: Math.round(this.#simulator.liveKeys),
        memoryBytes: 0,
      },
      answers: null,
      longScanEntriesMin: LONG_SCAN_ENTRIES_MIN,
    }
  }

  /** There is no stream, so the parameters that would make it are hashed instead. */
  #hash({ userBytes }: TargetStats): string {
    const { name, loadOrder } = this.#plan.config.workload
    const load = { ...this.#record, userBytes, workload: `${name}, ${loadOrder}` }
    const { phases } = this.#simulation.writes
    return hashOfJson(phases.length === 0 ? load : { ...load, phases: phases as unknown as Json })
  }

  #liveBytes(): number {
    const { keyBytes, valueBytes } = this.#record
    return Math.round(this.#simulator.liveKeys * (keyBytes + valueBytes))
  }
}

/** In place of the load of a tree that was found. */
const NO_LOAD: PlannedPhase = {
  name: 'load',
  operations: 0,
  operationsByKind: {},
  writeShare: 0,
  mix: { insert: 0, update: 0, delete: 0 },
  mixOf: () => NO_LOAD.mix,
}

/** Of the keys that are there after the first phase, the share in each class. */
function liveSharesOf({ model, first }: PlannedWrites): readonly number[] {
  const keys = model.classes.map((own, at) => own.keys * first[at]!)
  const total = keys.reduce((sum, own) => sum + own, 0)
  return keys.map((own) => own / total)
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
