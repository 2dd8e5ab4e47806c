/**
 * Owns the books of a run on a target that counts its own work, the engine or the simulator:
 * readings around each phase, the series, the events, and the deterministic half of the result. It
 * counts nothing itself and reads no clock.
 */
import { cellsBetween } from '../../engine/index.ts'
import type { Deterministic, Timed } from '../../results/schema.ts'
import { expectedProbes } from '../../strategies/filters/expected-probes.ts'
import { digestOf } from '../base/digest.ts'
import {
  type CountedTarget,
  deepestLevel,
  type TargetEvent,
  type TargetStats,
} from '../base/target.ts'
import { EventLog } from '../measure/event-log.ts'
import {
  amplificationOf,
  balanceOf,
  levelsOf,
  valueLogBetween,
  valueLogOf,
  writtenByCause,
} from '../measure/figures.ts'
import { Series } from '../measure/series.ts'
import { SpacePeak } from '../measure/space-peak.ts'
import { steadinessOf } from '../measure/steadiness.ts'
import type { Driver } from './driver.ts'
import { LONG_SCAN_ENTRIES_MIN } from './operation-effects.ts'
import type { PhaseName, RunBooks, RunOutcome, SteadyState } from './run-books.ts'

/** All measurements, without the machine and the command. */
export interface Measurement {
  readonly deterministic: Deterministic
  readonly timed: RunOutcome['timed']
  readonly burst: TargetStats
  readonly drained: TargetStats
  /** Points of the run phase only: without the load and without the drained tree. */
  readonly runSeries: Deterministic['series']
  readonly runTimedSeries: Timed['series']
  /** Merges before the drain that wrote into the level that was deepest at its start. */
  readonly mergesIntoLastLevel: number
}

/** A simulated run has no times. */
export type Simulated = Omit<Measurement, 'timed' | 'runTimedSeries'>

interface Readings {
  readonly stats: TargetStats
  readonly runSeries: Deterministic['series']
  readonly mergesIntoLastLevel: number
}

export class CountedBooks implements RunBooks {
  readonly hearsJobs = true
  readonly #target: CountedTarget
  readonly #phases: Deterministic['phases'][number][] = []
  readonly #series = new Series()
  readonly #events = new EventLog()
  readonly #peak = new SpacePeak()
  #before: TargetStats | null = null
  #burst: Readings | null = null
  #drained: TargetStats | null = null

  constructor(target: CountedTarget) {
    this.#target = target
  }

  phaseBegins(): void {
    this.#before = this.#target.stats()
  }

  phaseEnds(name: PhaseName, operationsByKind: Readonly<Record<string, number>>): void {
    const before = this.#before!
    const after = this.#target.stats()
    this.#phases.push({
      name,
      operationsByKind,
      userBytes: after.userBytes - before.userBytes,
      bytesWrittenByCause: writtenByCause(cellsBetween(before.cells, after.cells)),
      shapeAtStart: before.levels.map((level) => level.runs),
      valueLog: valueLogBetween(before, after),
    })
  }

  addEvent(event: TargetEvent, { done, liveSizes }: Driver): number | null {
    if (event.peakPhysicalBytes != null) {
      this.#peak.see(event.peakPhysicalBytes, liveSizes.liveBytes)
    }
    return this.#events.add(event, done)
  }

  sample({ done, liveSizes: { liveBytes } }: Driver): void {
    const stats = this.#target.stats()
    this.#peak.see(stats.peakPhysicalBytes, liveBytes)
    this.#series.add(done, stats, liveBytes)
  }

  readBurst(_driver: Driver, runFrom: number): void {
    this.#burst = this.#read(runFrom)
  }

  readDrained(): void {
    this.#drained = this.#target.stats()
  }

  steadiness({ liveSizes }: Driver, runFrom: number): SteadyState {
    const { stats, runSeries, mergesIntoLastLevel } = this.#read(runFrom)
    const { userBytes } = stats
    const { steady, why } = steadinessOf({
      userBytes,
      liveLogicalBytes: liveSizes.liveBytes,
      runSeries,
      mergesIntoLastLevel,
    })
    return { steady, why, idle: runSeries[0]?.userBytes === userBytes }
  }

  /** After the run. */
  measurement(outcome: RunOutcome): Measurement {
    const { stats: burst, runSeries, mergesIntoLastLevel } = this.#burst!
    const { runFrom, timed } = outcome
    return {
      deterministic: this.#deterministic(outcome),
      timed,
      burst,
      drained: this.#drained!,
      runSeries,
      // The last point is that of the drained tree.
      runTimedSeries: timed.series.slice(0, -1).filter(({ atOperation }) => atOperation > runFrom),
      mergesIntoLastLevel,
    }
  }

  #read(runFrom: number): Readings {
    const stats = this.#target.stats()
    return {
      stats,
      runSeries: this.#series.points.filter(({ atOperation }) => atOperation > runFrom),
      mergesIntoLastLevel: this.#events.mergesInto(deepestLevel(stats)),
    }
  }

  #deterministic(outcome: RunOutcome): Deterministic {
    const target = this.#target
    const { driver } = outcome
    const { liveBytes } = driver.liveSizes
    const drained = this.#drained!
    return {
      phases: this.#phases,
      amplification: {
        burst: amplificationOf(this.#burst!.stats, liveBytes),
        drained: amplificationOf(drained, liveBytes),
      },
      readAmplification: driver.reads.figures(),
      levels: levelsOf(drained),
      filters: expectedProbes(drained.version),
      valueLog: valueLogOf(drained, liveBytes),
      ledger: { cells: [...drained.cells], balance: balanceOf(drained, target.liveFileBytes()) },
      counts: drained.counts,
      series: this.#series.points,
      events: this.#events.figures(),
      traceHash: driver.traceHash.digest(),
      askedTraceHash: outcome.askedTraceHash,
      until: outcome.until,
      tableDigest: digestOf(target.tableBytes()),
      peakPhysicalBytes: drained.peakPhysicalBytes,
      peakSpaceAmplification: this.#peak.amplification(),
      oracle: driver.liveSizes.figures(),
      answers: outcome.answers,
      longScanEntriesMin: LONG_SCAN_ENTRIES_MIN,
    }
  }
}
