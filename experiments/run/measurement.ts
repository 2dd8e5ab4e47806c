/**
 * Owns the assembly of a run's deterministic half from what its parts have counted. Nothing is
 * counted here, and nothing here knows a clock.
 */
import { cellsBetween } from '../../engine/index.ts'
import type { Deterministic, Timed } from '../../results/schema.ts'
import { digestOf } from '../base/digest.ts'
import type { Target, TargetStats } from '../base/target.ts'
import type { EventLog } from '../measure/event-log.ts'
import {
  amplificationOf,
  balanceOf,
  levelsOf,
  valueLogOf,
  writtenByCause,
} from '../measure/figures.ts'
import type { Series } from '../measure/series.ts'
import type { SpacePeak } from '../measure/space-peak.ts'
import { LONG_SCAN_ENTRIES_MIN, type OperationDriver } from './operation-driver.ts'

/** What was measured, before anybody says on which machine and by which command. */
export interface Measurement {
  readonly deterministic: Deterministic
  readonly timed: Omit<Timed, 'peakRssBytes' | 'operatingSystem'>
  readonly burst: TargetStats
  readonly drained: TargetStats
  /** Points of the run phase alone: neither the load's nor that of the drained tree. */
  readonly runSeries: Deterministic['series']
  readonly runTimedSeries: Timed['series']
  /** Merges until the last operation that wrote into what is the deepest level then. */
  readonly mergesIntoLastLevel: number
}

/** What a simulation knows of it: no times. */
export type Simulated = Omit<Measurement, 'timed' | 'runTimedSeries'>

/** A phase that has ended, and the readings around it. */
export interface PhaseEnd {
  readonly name: Deterministic['phases'][number]['name']
  readonly operationsByKind: Readonly<Record<string, number>>
  readonly operations: number
  readonly before: TargetStats
  readonly after: TargetStats
  readonly wallSeconds: number
}

export interface MeasuredParts {
  readonly burst: TargetStats
  readonly drained: TargetStats
  readonly driver: OperationDriver
  /** Open and drained. */
  readonly target: Target
  readonly phases: readonly PhaseEnd[]
  readonly series: Series
  readonly events: EventLog
  readonly peak: SpacePeak
  /** Of a run that goes on until a state. */
  readonly until: {
    readonly askedTraceHash: string
    readonly outcome: Deterministic['until']
  } | null
}

export function deterministicOf(parts: MeasuredParts): Deterministic {
  const { burst, drained, driver, target, series, events, peak } = parts
  const { liveBytes } = driver.liveSizes
  return {
    phases: parts.phases.map(phaseOf),
    amplification: {
      burst: amplificationOf(burst, liveBytes),
      drained: amplificationOf(drained, liveBytes),
    },
    readAmplification: {
      getHit: driver.getHit.figures(),
      getMiss: driver.getMiss.figures(),
      updateRead: driver.updateRead.figures(),
      shortScan: driver.shortScan.figures(),
      longScan: driver.longScan.figures(),
    },
    levels: levelsOf(drained),
    filters: null,
    valueLog: valueLogOf(drained, liveBytes),
    ledger: {
      cells: [...drained.cells],
      balance: balanceOf(drained, target.liveFileBytes()),
    },
    counts: drained.counts,
    series: series.points,
    events: events.figures(),
    traceHash: driver.traceHash.digest(),
    askedTraceHash: parts.until?.askedTraceHash ?? null,
    until: parts.until?.outcome ?? null,
    tableDigest: digestOf(target.tableBytes()),
    peakPhysicalBytes: drained.peakPhysicalBytes,
    peakSpaceAmplification: peak.amplification(),
    oracle: driver.liveSizes.figures(),
    answers: null,
    longScanEntriesMin: LONG_SCAN_ENTRIES_MIN,
  }
}

function phaseOf({ name, operationsByKind, before, after }: PhaseEnd) {
  return {
    name,
    operationsByKind,
    userBytes: after.userBytes - before.userBytes,
    bytesWrittenByCause: writtenByCause(cellsBetween(before.cells, after.cells)),
    shapeAtStart: before.levels.map((level) => level.runs),
  }
}
