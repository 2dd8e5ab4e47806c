/**
 * Owns the time series of a run, with deterministic and timed figures apart. Points lie at equal
 * operation counts, so that two runs of one stream can be compared point by point.
 */
import type { Clock } from '../../engine/index.ts'
import { sumCells } from '../../engine/storage/ledger.ts'
import type { SeriesPoint, Timed } from '../../results/schema.ts'
import { physicalBytes, type TargetStats } from '../base/target.ts'
import { quotient } from './figures.ts'

type TimedPoint = Timed['series'][number]
/** The figures of an interval that other files measure. */
export type IntervalFigures = Omit<
  TimedPoint,
  'atOperation' | 'wallSeconds' | 'throughputPerSecond'
>

const POINTS = 100

/** Operations between points, so that there are about a hundred points. */
export function samplingInterval(operations: number): number {
  return Math.max(1, Math.ceil(operations / POINTS))
}

/** The target's counters, one point each time this many operations are done. */
export class Series {
  readonly points: SeriesPoint[] = []

  add(atOperation: number, stats: TargetStats, liveLogicalBytes: number): void {
    this.points.push(this.#pointOf(atOperation, stats, liveLogicalBytes))
  }

  #pointOf(atOperation: number, stats: TargetStats, liveLogicalBytes: number): SeriesPoint {
    const { userBytes, debtBytes, levels, peakPhysicalBytes } = stats
    const before = this.points.at(-1)
    const bytesWritten = sumCells(stats.cells, { direction: 'write' }).bytes
    const shape = levels.map((level) => level.runs)
    return {
      atOperation,
      userBytes,
      bytesWritten,
      waTotal: quotient(bytesWritten, userBytes),
      physicalBytes: physicalBytes(stats.balance),
      liveLogicalBytes,
      debtBytes,
      runs: shape.reduce((sum, runs) => sum + runs, 0),
      shape,
      waWindow: quotient(
        bytesWritten - (before?.bytesWritten ?? 0),
        userBytes - (before?.userBytes ?? 0),
      ),
      peakPhysicalBytes,
      levelBytes: levels.map((level) => level.bytes),
      scores: stats.scores === null ? null : [...stats.scores],
    }
  }
}

/** What was measured at the same operations. */
export class TimedSeries {
  readonly points: TimedPoint[] = []
  readonly #timer: Clock
  readonly #startNs: number
  #lastNs: number
  #lastOperation = 0

  constructor(timer: Clock) {
    this.#timer = timer
    this.#startNs = timer.elapsedNs()
    this.#lastNs = this.#startNs
  }

  /** Ends an interval. The next one begins when `sampling` has been done. */
  add(atOperation: number, interval: IntervalFigures, sampling: () => void): void {
    const nowNs = this.#timer.elapsedNs()
    const seconds = (nowNs - this.#lastNs) / 1e9
    this.points.push({
      atOperation,
      wallSeconds: (nowNs - this.#startNs) / 1e9,
      throughputPerSecond: quotient(atOperation - this.#lastOperation, seconds) ?? 0,
      ...interval,
    })
    sampling()
    this.#lastNs = this.#timer.elapsedNs()
    this.#lastOperation = atOperation
  }
}
