/**
 * Owns the time series of a run: a point every so many operations, deterministic figures and timed
 * ones apart. Points lie at equal operation counts, so two runs of one stream can be subtracted.
 */
import { type Clock, sumCells } from '../engine/index.ts'
import type { SeriesPoint, Timed } from '../results/schema.ts'
import { quotient } from './figures.ts'
import { physicalBytes, type TargetStats } from './target.ts'

type TimedPoint = Timed['series'][number]

const POINTS = 100

/** Operations between points, for about a hundred of them. */
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

  add(atOperation: number, stats: TargetStats, liveLogicalBytes: number): void {
    const nowNs = this.#timer.elapsedNs()
    const bytesWritten = sumCells(stats.cells, { direction: 'write' }).bytes
    const shape = stats.levels.map((level) => level.runs)
    this.points.push({
      atOperation,
      userBytes: stats.userBytes,
      bytesWritten,
      waTotal: quotient(bytesWritten, stats.userBytes),
      physicalBytes: physicalBytes(stats.balance),
      liveLogicalBytes,
      debtBytes: stats.debtBytes,
      runs: shape.reduce((sum, runs) => sum + runs, 0),
      shape,
    })
    const seconds = (nowNs - this.#lastNs) / 1e9
    this.timedPoints.push({
      atOperation,
      wallSeconds: (nowNs - this.#startNs) / 1e9,
      throughputPerSecond: quotient(atOperation - this.#lastOperation, seconds) ?? 0,
    })
    // Sampling itself is not part of the next interval.
    this.#lastNs = this.#timer.elapsedNs()
    this.#lastOperation = atOperation
  }
}
