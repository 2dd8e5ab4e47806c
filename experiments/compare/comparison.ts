/**
 * Owns the estimates of two sides: for each metric the mean difference over the pairs, its interval
 * and its p-value. With one pair there is only the difference. `family.ts` gives the verdicts,
 * since they depend on the number of differences in the call.
 */
import { isDeepStrictEqual } from 'node:util'
import { type AnyResult, sampleValue } from '../../results/identity.ts'
import { bootstrapMean, meanOf } from '../measure/bootstrap.ts'
import { signFlipP } from '../measure/significance.ts'
import { METRICS, type Metric, metricsOf } from './metrics.ts'
import {
  type Across,
  type ConfigDifference,
  configDifferences,
  type Pair,
  type Pairing,
  type Side,
} from './pairing.ts'

/** Fewer paired seeds than this support no claim. */
export const PAIRS_MIN = 10

export type Verdict =
  | 'better'
  | 'worse'
  | 'no significant difference'
  | 'single seed'
  /** Several pairs, but fewer than a claim on so many differences needs. */
  | 'too few seeds'
  /** A failed gate forbids a claim about this figure; a label names the reason. */
  | 'not claimed'
  /** Other metrics were asked for beforehand. */
  | 'exploratory'

export interface MetricComparison {
  readonly metric: string
  readonly better: Metric['better']
  readonly meanA: number
  readonly meanB: number
  /** Mean of b − a over the pairs. */
  readonly difference: number
  /** difference ÷ |meanA|; null where that is 0. */
  readonly relative: number | null
  /** The difference's own interval, without a correction; null for one pair. */
  readonly low: number | null
  readonly high: number | null
  /** P-value of the difference alone; null for one pair. */
  readonly p: number | null
  /** The same, corrected for all differences of the family; null if it is not in the family. */
  readonly pAdjusted: number | null
  /** It was asked for beforehand. */
  readonly primary: boolean
  /** The verdict on the second side, compared with the first. */
  readonly verdict: Verdict
  /** Reservations of failed gates, to be quoted with the figure. */
  readonly labels: readonly string[]
}

/** A difference before the correction. */
export interface Estimate extends Omit<MetricComparison, 'pAdjusted' | 'verdict'> {
  /** What stands in place of a verdict; null: the difference is in the family. */
  readonly withheld: Verdict | null
}

export interface EstimatedComparison extends Omit<Comparison, 'metrics'> {
  readonly metrics: readonly Estimate[]
}

export interface Comparison {
  readonly a: string
  readonly b: string
  /** Ids of the two designs. */
  readonly designs: { readonly a: string; readonly b: string }
  readonly workload: string
  /** Samples that both sides ran. */
  readonly pairs: number
  /** Samples of either side without a partner. */
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
  /** Flag names of the metrics asked for beforehand; empty: none, so all share one family. */
  readonly metrics: readonly string[]
  readonly level: number
  readonly seed: number
  readonly resamples: number
}

/** The pairs of two sides, and the labels that distinguish the sides. */
export interface NamedPairing extends Pairing, Pick<Comparison, 'a' | 'b' | 'workload'> {}

export function comparePairs(
  a: Side,
  b: Side,
  pairing: NamedPairing,
  options: CompareOptions,
): EstimatedComparison {
  const { level, seed, resamples } = options
  const { pairs, unpaired } = pairing
  const results = pairs.flatMap((pair) => [...pair.a, ...pair.b])
  const metrics = metricsOf(results)
  const elsewhere = timeDifference(pairs)
  const longer = lengthDifference(pairs)
  const whyNot = ({ timed, ofWholeRun = false }: Metric) =>
    (timed ? elsewhere : null) ?? (ofWholeRun ? longer : null)
  const missing = METRICS.filter(
    (metric) => options.metrics.includes(metric.flag) && !metrics.includes(metric),
  )
  const compared = metrics.filter((metric) => whyNot(metric) === null)
  return {
    a: pairing.a,
    b: pairing.b,
    designs: { a: a.id, b: b.id },
    workload: pairing.workload,
    pairs: pairs.length,
    unpaired,
    level,
    resamples,
    seed,
    configDifferences: configDifferences(a, b),
    metrics: compared.map((metric) => estimate(metric, pairs, options)),
    leftOut: [
      ...missing.map(({ name }) => `${name}: not every result has this figure`),
      ...metrics
        .filter((metric) => !compared.includes(metric))
        .map((metric) => `${metric.name}: ${whyNot(metric)}`),
      ...pairing.leftOut,
    ],
  }
}

/** Why sums over whole runs cannot be compared; null if they can. */
function lengthDifference(pairs: readonly Pair[]): string | null {
  const operations = ({ deterministic }: AnyResult) =>
    deterministic.phases
      .flatMap(({ operationsByKind }) => Object.values(operationsByKind))
      .reduce((sum, count) => sum + count, 0)
  for (const pair of pairs) {
    const [a, b] = [operations(pair.a[0]!), operations(pair.b[0]!)]
    if (a !== b) return `the runs did different numbers of operations (${a} and ${b})`
  }
  return null
}

/** Why times of the pairs cannot be compared; null if they can. */
function timeDifference(pairs: readonly Pair[]): string | null {
  const [first, ...others] = pairs.flatMap(({ a, b }) => [...a, ...b])
  for (const other of others) {
    if (!isDeepStrictEqual(first!.config.arrival, other.config.arrival)) {
      return 'operations arrive differently'
    }
    for (const key of ['cpuModel', 'cores', 'node', 'fileSystem'] as const) {
      const [one, two] = [first!.environment[key], other.environment[key]]
      if (one !== two) return `measured on different machines (${key} ${one}, ${two})`
    }
  }
  return null
}

function estimate(metric: Metric, pairs: readonly Pair[], options: CompareOptions): Estimate {
  const { level, seed, resamples } = options
  const figure = (result: AnyResult) => metric.valueOf(result)
  const ofA = pairs.map(({ a }) => sampleValue(a, figure)!)
  const ofB = pairs.map(({ b }) => sampleValue(b, figure)!)
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
    low,
    high,
    p: pairs.length === 1 ? null : signFlipP(differences, seed),
    primary: options.metrics.includes(metric.flag),
    withheld: withheldOf(metric, pairs, options),
    labels: labelsOf(metric, failedGates(pairs)),
  }
}

function withheldOf(
  { flag, forbids }: Metric,
  pairs: readonly Pair[],
  { metrics }: CompareOptions,
): Verdict | null {
  const failed = failedGates(pairs)
  if (forbids.some((gate) => failed.has(gate))) return 'not claimed'
  if (pairs.length === 1) return 'single seed'
  if (metrics.length > 0 && !metrics.includes(flag)) return 'exploratory'
  return pairs.length < PAIRS_MIN ? 'too few seeds' : null
}

function labelsOf({ labels }: Metric, failed: ReadonlySet<string>): readonly string[] {
  return Object.entries(labels)
    .filter(([gate]) => failed.has(gate))
    .map(([, label]) => label)
}

/** Gates that failed in any run of the pairs. */
function failedGates(pairs: readonly Pair[]): ReadonlySet<string> {
  const gates = pairs.flatMap(({ a, b }) => [...a, ...b].flatMap((result) => result.gates))
  return new Set(gates.filter(({ passed }) => !passed).map(({ name }) => name))
}
