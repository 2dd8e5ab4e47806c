/**
 * Owns the verdict whether the write amplification of a run has settled. It uses deterministic
 * figures only, so equal seeds settle at the same operation on every machine.
 */
import type { SeriesPoint } from '../../results/schema.ts'
import { quotient } from './figures.ts'

/** Bytes written before a tree counts as settled, as a multiple of the live data. */
const DATASET_MULTIPLE_MIN = 3
/** Merges into the last level. With fewer, the cost of that level is not visible yet. */
const LAST_LEVEL_MERGES_MIN = 3
/** The largest change of write amplification between the last two quarters of the run phase. */
const DRIFT_MAX = 0.1

export interface SteadinessFacts {
  /** User bytes since the folder was opened. */
  readonly userBytes: number
  readonly liveLogicalBytes: number
  /** Points of the run phase, in order. */
  readonly runSeries: readonly SeriesPoint[]
  /** Merges since the folder was opened into the level that is deepest when the run phase ends. */
  readonly mergesIntoLastLevel: number
}

export interface Steadiness {
  readonly steady: boolean
  /** The figures that decided it. */
  readonly why: string
}

export function steadinessOf(facts: SteadinessFacts): Steadiness {
  const { userBytes, liveLogicalBytes, runSeries, mergesIntoLastLevel } = facts
  const multiple = quotient(userBytes, liveLogicalBytes) ?? 0
  const drift = writeAmplificationDrift(runSeries)
  const steady =
    within(drift, DRIFT_MAX) &&
    multiple >= DATASET_MULTIPLE_MIN &&
    mergesIntoLastLevel >= LAST_LEVEL_MERGES_MIN
  return {
    steady,
    why:
      `${multiple.toFixed(2)} × the live data written (${DATASET_MULTIPLE_MIN} wanted), ` +
      `${mergesIntoLastLevel} merges into the last level (${LAST_LEVEL_MERGES_MIN} wanted), ` +
      `write amplification drift ${percentText(drift)} (at most ${DRIFT_MAX * 100} %)`,
  }
}

/** |third quarter − fourth quarter| ÷ their mean, of bytes written ÷ user bytes. */
export function writeAmplificationDrift(series: readonly SeriesPoint[]): number | null {
  return driftOf(series, (from, to) =>
    quotient(to.bytesWritten - from.bytesWritten, to.userBytes - from.userBytes),
  )
}

/** The same for any quotient over a part of the series; null if a part has no quotient. */
export function driftOf<Point>(
  series: readonly Point[],
  over: (from: Point, to: Point) => number | null,
): number | null {
  const middle = series[Math.floor(series.length / 2)]
  const late = series[Math.floor((series.length * 3) / 4)]
  const last = series.at(-1)
  if (middle === undefined || late === undefined || last === undefined) return null
  const third = over(middle, late)
  const fourth = over(late, last)
  if (third === null || fourth === null || third + fourth === 0) return null
  return Math.abs(third - fourth) / ((third + fourth) / 2)
}

export function within(drift: number | null, max: number): boolean {
  return drift !== null && drift <= max
}

export function percentText(share: number | null): string {
  return share === null ? 'unknown' : `${(share * 100).toFixed(1)} %`
}
