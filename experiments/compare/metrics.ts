/**
 * Owns the metrics of a comparison: the figures that can get a verdict. Each says which direction
 * is better, whether it depends on the machine, and which failed gates add a label to it or forbid
 * a verdict. Amplifications are the drained ones.
 */
import type { AnyResult } from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import type { ReadAccount, RunResult } from '../../results/schema.ts'
import { OPERATION_KIND_NAMES } from '../../workloads/operation.ts'
import { unknownName } from '../base/usage-error.ts'
import { runThroughput } from '../measure/throughput.ts'

export interface Metric {
  readonly name: string
  /** Its name as a value of `--metric`. */
  readonly flag: string
  readonly better: 'lower' | 'higher'
  /** It depends on the machine and its load, so only runs on one machine are compared. */
  readonly timed: boolean
  /** A sum over the whole run, so only runs with equally many operations are compared. */
  readonly ofWholeRun?: boolean
  /** By the name of a gate: the label of the figure if the gate failed in a run of either side. */
  readonly labels: Readonly<Record<string, string>>
  /** Gates whose failure forbids a verdict; the difference is still shown, with the label. */
  readonly forbids: readonly string[]
  /** Null: this result has no such figure. */
  valueOf(result: AnyResult): number | null
}

const TRANSIENT = { 'steady-state': 'transient' }
const PACE = { ...TRANSIENT, 'steady-throughput': 'at a drifting pace' }
const READS = { ...TRANSIENT, 'dataset-beyond-cache': 'within the cache' }

type Ratio = 'waTotal' | 'waLsm' | 'waRocksdb' | 'spaceAmplification'

function shared(name: string, flag: string, key: Ratio): Metric {
  return {
    name,
    flag,
    better: 'lower',
    timed: false,
    labels: TRANSIENT,
    forbids: [],
    valueOf: (result) =>
      isPeerResult(result)
        ? result.peer.drained[key]
        : result.deterministic.amplification.drained[key],
  }
}

type Account = keyof RunResult['deterministic']['readAmplification']

function reads(name: string, account: Account, key: keyof ReadAccount): Metric {
  return {
    name,
    flag: name.replaceAll(' ', '-'),
    better: 'lower',
    timed: false,
    labels: READS,
    forbids: [],
    valueOf: (result) =>
      isPeerResult(result) ? null : result.deterministic.readAmplification[account][key],
  }
}

const COUNTED: readonly Metric[] = [
  shared('WA total', 'wa', 'waTotal'),
  shared('WA lsm', 'wa-lsm', 'waLsm'),
  shared('WA rocksdb', 'wa-rocksdb', 'waRocksdb'),
  shared('space amplification', 'space', 'spaceAmplification'),
  {
    name: 'peak bytes',
    flag: 'peak-bytes',
    better: 'lower',
    timed: false,
    labels: TRANSIENT,
    forbids: [],
    ofWholeRun: true,
    valueOf: (result) => (isPeerResult(result) ? null : result.deterministic.peakPhysicalBytes),
  },
  reads('runs per hit', 'getHit', 'runsPerOperation'),
  reads('runs per miss', 'getMiss', 'runsPerOperation'),
  reads('runs per short scan', 'shortScan', 'runsPerOperation'),
  reads('runs per long scan', 'longScan', 'runsPerOperation'),
  reads('blocks per hit', 'getHit', 'blocksPerOperation'),
  reads('blocks per miss', 'getMiss', 'blocksPerOperation'),
  reads('blocks per short scan', 'shortScan', 'blocksPerOperation'),
  reads('blocks per long scan', 'longScan', 'blocksPerOperation'),
  reads('stored blocks per hit', 'getHit', 'blocksFromStoragePerOperation'),
  reads('bytes read per byte of a hit', 'getHit', 'bytesReadPerByteReturned'),
]

const THROUGHPUT: Metric = {
  name: 'throughput, op/s',
  flag: 'throughput',
  better: 'higher',
  timed: true,
  labels: PACE,
  forbids: [],
  valueOf: ({ timed }) => runThroughput(timed) ?? timed.phases[0]?.throughputPerSecond ?? null,
}

const PERCENTILES = ['p50Us', 'p99Us', 'p999Us'] as const

/** Latencies of a kind of operation, from the intended start if there is one. */
function latencies(kind: string): readonly Metric[] {
  return PERCENTILES.map((key) => ({
    name: `${kind} ${key.slice(0, -2)}, µs`,
    flag: `${kind}-${key.slice(0, -2)}`,
    better: 'lower',
    timed: true,
    labels: { 'open-loop-latency': 'not from an open loop at a steady share' },
    forbids: ['open-loop-latency'],
    valueOf: ({ timed }) =>
      (timed.intendedLatencyByKind ?? timed.latencyByKind)[kind]?.[key] ?? null,
  }))
}

/** All metrics, in the order of their rows. */
export const METRICS: readonly Metric[] = [
  ...COUNTED,
  THROUGHPUT,
  ...OPERATION_KIND_NAMES.flatMap(latencies),
]

/** Returns `names` if each is the flag of a metric. Throws `UsageError` with the nearest if not. */
export function askedMetrics(names: readonly string[]): readonly string[] {
  const known = METRICS.map(({ flag }) => flag)
  for (const name of names) {
    if (!known.includes(name)) throw unknownName('value of --metric', name, known)
  }
  return names
}

/** The metrics for which every result has a figure. */
export function metricsOf(results: readonly AnyResult[]): readonly Metric[] {
  return METRICS.filter((metric) => results.every((result) => metric.valueOf(result) !== null))
}
