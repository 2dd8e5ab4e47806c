/**
 * Owns the time series of a run, with deterministic and timed figures apart. Points lie at equal
 * operation counts, so that two runs of one stream can be compared point by point.
 */
import { type Clock, sumCells } from '../../engine/index.ts'
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

const NOT_MEASURED: IntervalFigures = {
  stallSeconds: null,
  stalledOperations: null,
  gcSeconds: null,
  eventLoopDelayMaxUs: null,
  p50Us: null,
  p99Us: null,
}

/** Operations between points, so that there are about a hundred points. */
export function samplingInterval(operations: number): number {
  return Math.max(1, Math.ceil(operations / POINTS))
}

export class Series {
  readonly points: SeriesPoint[] = []
  readonly timedPoints: TimedPoint[] = []
  readonly #timer: Clock
  readonly #startNs: number
  #lastNs: number
  #lastOperation = 0

  constructor(timer: Clock) {
    this.#timer = timer
    this.#startNs = timer.elapsedNs()
    this.#lastNs = this.#startNs
  }

  add(
    atOperation: number,
    stats: TargetStats,
    liveLogicalBytes: number,
    interval: IntervalFigures = NOT_MEASURED,
  ): void {
    const nowNs = this.#timer.elapsedNs()
    this.points.push(this.#pointOf(atOperation, stats, liveLogicalBytes))
    const seconds = (nowNs - this.#lastNs) / 1e9
    this.timedPoints.push({
      atOperation,
      wallSeconds: (nowNs - this.#startNs) / 1e9,
      throughputPerSecond: quotient(atOperation - this.#lastOperation, seconds) ?? 0,
      ...interval,
    })
    // The time of sampling is not part of the next interval.
    this.#lastNs = this.#timer.elapsedNs()
    this.#lastOperation = atOperation
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
