/**
 * Owns a comparison of two sides: for each metric the mean difference over the pairs, its interval,
 * and a verdict. Under ten pairs there is no verdict: the difference stands there, labelled.
 */
import { isDeepStrictEqual } from 'node:util'
import { bootstrapMean, type Interval, meanOf } from './bootstrap.ts'
import { type Metric, metricsOf } from './metrics.ts'
import {
  type Across,
  type ConfigDifference,
  configDifferences,
  type Pair,
  pairsOf,
  type Side,
} from './pairing.ts'

/** Fewer paired seeds than this support no claim. */
export const PAIRS_MIN = 10

export type Verdict =
  | 'better'
  | 'worse'
  | 'no significant difference'
  /** Fewer pairs than a claim takes. */
  | 'single seed'
  /** A gate forbids a claim of this figure; a label says which. */
  | 'not claimed'

export interface MetricComparison {
  readonly metric: string
  readonly better: Metric['better']
  readonly meanA: number
  readonly meanB: number
  /** Mean of b − a over the pairs. */
  readonly difference: number
  /** difference ÷ |meanA|; null where that is 0. */
  readonly relative: number | null
  /** Of the difference; null for one pair. */
  readonly low: number | null
  readonly high: number | null
  /** What the second side is, measured by the first. */
  readonly verdict: Verdict
  /** What gates say against quoting it without more words. */
  readonly labels: readonly string[]
}

export interface Comparison {
  readonly a: string
  readonly b: string
  readonly workload: string
  readonly pairs: number
  /** Results of either side without a partner. */
  readonly unpaired: number
  readonly level: number
  readonly resamples: number
  readonly seed: number
  readonly configDifferences: readonly ConfigDifference[]
  readonly metrics: readonly MetricComparison[]
  /** Metrics left out, with the reason. */
  readonly leftOut: readonly string[]
}

export interface CompareOptions {
  readonly across: readonly Across[]
  readonly level: number
  readonly seed: number
  readonly resamples: number
}

/** Throws `UsageError` where the sides may not be compared. */
export function compareSides(a: Side, b: Side, options: CompareOptions): Comparison {
  const { across, level, seed, resamples } = options
  const pairs = pairsOf(a, b, across)
  const results = pairs.flatMap((pair) => [pair.a, pair.b])
  const metrics = metricsOf(results)
  const elsewhere = timeDifference(pairs)
  const compared = metrics.filter(({ timed }) => !timed || elsewhere === null)
  return {
    a: a.label,
    b: b.label,
    workload: pairs[0]!.a.config.workload.name,
    pairs: pairs.length,
    unpaired: a.results.size + b.results.size - 2 * pairs.length,
    ...{ level, resamples, seed },
    configDifferences: configDifferences(a, b),
    metrics: compared.map((metric) => compareMetric(metric, pairs, options)),
    leftOut: metrics
      .filter((metric) => !compared.includes(metric))
      .map(({ name }) => `${name}: ${elsewhere}`),
  }
}

/** Why times of the pairs mean nothing side by side; null when they do. */
function timeDifference(pairs: readonly Pair[]): string | null {
  for (const { a, b } of pairs) {
    if (!isDeepStrictEqual(a.config.arrival, b.config.arrival)) return 'operations arrive otherwise'
    for (const key of ['cpuModel', 'cores', 'node', 'fileSystem'] as const) {
      if (a.environment[key] !== b.environment[key]) {
        return `measured on different machines (${key} ${a.environment[key]}, ${b.environment[key]})`
      }
    }
  }
  return null
}

function compareMetric(
  metric: Metric,
  pairs: readonly Pair[],
  { level, seed, resamples }: CompareOptions,
): MetricComparison {
  const ofA = pairs.map(({ a }) => metric.valueOf(a)!)
  const ofB = pairs.map(({ b }) => metric.valueOf(b)!)
  const differences = ofB.map((value, at) => value - ofA[at]!)
  const meanA = meanOf(ofA)
  const interval =
    pairs.length === 1 ? null : bootstrapMean(differences, { level, seed, resamples })
  const difference = meanOf(differences)
  const low = interval?.low ?? null
  const high = interval?.high ?? null
  return {
    metric: metric.name,
    better: metric.better,
    meanA,
    meanB: meanOf(ofB),
    difference,
    relative: meanA === 0 ? null : difference / Math.abs(meanA),
    ...{ low, high },
    verdict: verdictOf(metric, pairs, interval),
    labels: labelsOf(metric, failedGates(pairs)),
  }
}

function verdictOf(
  { better, forbids }: Metric,
  pairs: readonly Pair[],
  interval: Interval | null,
): Verdict {
  const failed = failedGates(pairs)
  if (forbids.some((gate) => failed.has(gate))) return 'not claimed'
  if (pairs.length < PAIRS_MIN || interval === null) return 'single seed'
  if (interval.low <= 0 && interval.high >= 0) return 'no significant difference'
  const grows = interval.low > 0
  return grows === (better === 'higher') ? 'better' : 'worse'
}

function labelsOf({ labels }: Metric, failed: ReadonlySet<string>): readonly string[] {
  return Object.entries(labels)
    .filter(([gate]) => failed.has(gate))
    .map(([, label]) => label)
}

/** Of any run of the pairs. */
function failedGates(pairs: readonly Pair[]): ReadonlySet<string> {
  const gates = pairs.flatMap(({ a, b }) => [...a.gates, ...b.gates])
  return new Set(gates.filter(({ passed }) => !passed).map(({ name }) => name))
}
