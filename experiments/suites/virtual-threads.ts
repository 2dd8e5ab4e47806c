/**
 * Owns the suite `virtual-threads`: how far do stalls, throughput and latencies in logical time lie
 * from those in worker threads on this machine?
 *
 *   calibration   Each strategy in threads, in a closed loop, on the operations of another seed.
 *                 This gives the rate that the strategy sustains, and, over all strategies, the
 *                 modelled device (`machine-device.ts`).
 *   prediction    Each strategy at 70, 90 and 105 % of its rate, in an open loop, on the suite's
 *                 seed: in threads, and in logical time on that device. Only the run phase counts.
 *
 * The tolerances were chosen before the first run, from what such a prediction is for:
 * - It ranks designs. So at each load the strategies have the same order by stall time. Pairs whose
 *   stalls in threads are under a second, or are within a quarter of each other, have no order. One
 *   pair of six may be wrong.
 * - It sizes a machine. So the throughput is within a quarter.
 * - It says whether stalls matter. So stall times of a second and more are within a factor of 2.
 * - It says how long writes wait. Beside the device, threads wait for timers, for collections of
 *   garbage and for each other, so the 99th percentile is within a factor of 4. The median and the
 *   percentile 99.9 are reported only: the one is the time of a call, the other that of few stalls.
 * - A logical clock is worth its errors only if runs can be repeated: equal seeds, equal digits.
 *
 * Times are judged at full scale only; answers and digits at both scales.
 */
import type { DeviceConfig, RunResult } from '../../results/schema.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { hashOfJson } from '../base/digest.ts'
import { sum } from '../measure/figures.ts'
import { deviceFlags, machineDevice } from './machine-device.ts'
import { runFlags } from './run-flags.ts'
import { atMostClaim, equalClaim, type Suite, type SuiteContext, withinClaim } from './suite.ts'
import {
  type Compared,
  figuresOf,
  misplacedPairs,
  STALL_FIGURES,
} from './virtual-threads-figures.ts'

interface Size {
  readonly records: number
  readonly operations: number
  readonly memtableBytes: string
  readonly strategies: readonly string[]
  readonly loads: readonly number[]
  /** Whether times are judged. */
  readonly isTimed: boolean
}

const SIZES: Readonly<Record<SuiteScale, Size>> = {
  smoke: {
    records: 1000,
    operations: 1000,
    memtableBytes: '64KiB',
    strategies: ['leveling-partial', 'tiering'],
    loads: [0.9],
    isTimed: false,
  },
  full: {
    records: 100_000,
    operations: 200_000,
    memtableBytes: '1MiB',
    strategies: ['leveling-partial', 'dynamic-leveled', 'tiering', 'universal'],
    loads: [0.7, 0.9, 1.05],
    isTimed: true,
  },
}

/** What is claimed; the header says why. */
const TOLERANCES = {
  misplacedPairsMax: 1,
  throughput: 0.25,
  stallFactor: 2,
  /** Shorter stall times are not compared. */
  stallSecondsMin: 1,
  p99Factor: 4,
}
const SOURCE = 'what a prediction in logical time is for'

export const virtualThreads: Suite = {
  name: 'virtual-threads',
  fullSeconds: 600,
  description: 'stalls and latencies in logical time against those in threads on this machine',
  columns: [
    { heading: 'stalls threads', figure: 'threadsStalls' },
    { heading: 'virtual', figure: 'virtualStalls' },
    { heading: 'stall s threads', figure: 'threadsStallSeconds' },
    { heading: 'virtual', figure: 'virtualStallSeconds' },
    { heading: 'ops/s threads', figure: 'threadsOperationsPerSecond' },
    { heading: 'virtual', figure: 'virtualOperationsPerSecond' },
    { heading: 'put p50 ms threads', figure: 'threadsPutP50Ms' },
    { heading: 'virtual', figure: 'virtualPutP50Ms' },
    { heading: 'p99 ms threads', figure: 'threadsPutP99Ms' },
    { heading: 'virtual', figure: 'virtualPutP99Ms' },
    { heading: 'p99.9 ms threads', figure: 'threadsPutP999Ms' },
    { heading: 'virtual', figure: 'virtualPutP999Ms' },
  ],
  run: async (context) => {
    const comparison = new Comparison(context)
    await comparison.calibrate()
    await comparison.predict()
    await comparison.repeat()
    return { runs: comparison.runs, claims: comparison.claims }
  },
}

class Comparison {
  readonly runs: SuiteRun[] = []
  readonly claims: Claim[] = []
  readonly #context: SuiteContext
  readonly #size: Size
  /** Operations per second that each strategy sustains in threads. */
  readonly #sustainable = new Map<string, number>()
  #device: DeviceConfig | null = null
  /** The flags of the first run in logical time, and the digest of its figures. */
  #first: { readonly flags: readonly string[]; readonly digest: string } | null = null
  #done = 0

  constructor(context: SuiteContext) {
    this.#context = context
    this.#size = SIZES[context.scale]
  }

  async calibrate(): Promise<void> {
    const found: RunResult[] = []
    for (const strategy of this.#size.strategies) {
      const flags = [`--strategy=${strategy}`, '--scheduling=threads']
      const seed = this.#context.seed + 1
      const result = await this.#result(`${strategy}, calibration`, flags, seed)
      this.#sustainable.set(strategy, this.#size.operations / secondsOf(result, 'run', 'drain'))
      found.push(result)
    }
    this.#device = machineDevice(found)
  }

  async predict(): Promise<void> {
    for (const load of this.#size.loads) {
      const compared: Compared[] = []
      for (const strategy of this.#size.strategies) {
        compared.push(await this.#compare(strategy, load))
      }
      if (!this.#size.isTimed) continue
      this.claims.push(
        atMostClaim(
          `at ${percent(load)}: pairs of strategies in another order by stall time`,
          misplacedPairs(compared, TOLERANCES.stallSecondsMin, 1 + TOLERANCES.throughput),
          TOLERANCES.misplacedPairsMax,
          SOURCE,
        ),
      )
    }
  }

  /** The first run in logical time, once more. */
  async repeat(): Promise<void> {
    const { flags, digest } = this.#first!
    const again = await this.#result('the first run in logical time again', flags)
    this.claims.push(
      equalClaim('two runs in logical time: digits', digestOf(again), digest, 'equal seeds'),
    )
  }

  async #compare(strategy: string, load: number): Promise<Compared> {
    const name = `${strategy} at ${percent(load)}`
    const startMs = performance.now()
    const ratePerSecond = Math.max(1, Math.round(load * this.#sustainable.get(strategy)!))
    const flags = [`--strategy=${strategy}`, `--rate=${ratePerSecond}`]
    const virtualFlags = [
      ...flags,
      '--scheduling=virtual',
      '--storage=memory',
      ...deviceFlags(this.#device!),
    ]
    const threads = await this.#result(`${name}, threads`, [...flags, '--scheduling=threads'])
    const virtual = await this.#result(`${name}, logical time`, virtualFlags)
    this.#first ??= { flags: virtualFlags, digest: digestOf(virtual) }
    const compared = { threads: figuresOf(threads), virtual: figuresOf(virtual) }
    const { records, operations, memtableBytes } = this.#size
    this.runs.push({
      name,
      params: {
        strategy,
        load,
        ratePerSecond,
        records,
        operations,
        memtableBytes,
        deviceWriteMBps: this.#device!.writeMBps,
        deviceOperationUs: this.#device!.operationUs,
      },
      figures: {
        ...prefixed('threads', compared.threads),
        ...prefixed('virtual', compared.virtual),
      },
      series: [],
      wallSeconds: (performance.now() - startMs) / 1e3,
    })
    this.claims.push(...soundness(name, threads, virtual))
    if (this.#size.isTimed) this.claims.push(...likeness(name, compared))
    return compared
  }

  async #result(
    name: string,
    flags: readonly string[],
    seed = this.#context.seed,
  ): Promise<RunResult> {
    const { records, operations, memtableBytes, strategies, loads } = this.#size
    const all = [
      '--workload=ycsb-a',
      ...flags,
      `--records=${records}`,
      `--operations=${operations}`,
      `--set=memtableBytes=${memtableBytes}`,
      `--seed=${seed}`,
    ]
    const total = strategies.length * (1 + 2 * loads.length) + 1
    const result = await runFlags(this.#context, name, all, { done: this.#done, total })
    this.#done++
    return result
  }
}

/** Both saw the same operations and left the same data. */
function soundness(name: string, threads: RunResult, virtual: RunResult): readonly Claim[] {
  const live = ({ deterministic }: RunResult) =>
    deterministic.amplification.drained.liveLogicalBytes
  const source = 'the run in threads'
  return [
    equalClaim(
      `${name}: the operations`,
      virtual.deterministic.traceHash,
      threads.deterministic.traceHash,
      source,
    ),
    equalClaim(`${name}: bytes of live data`, live(virtual), live(threads), source),
  ]
}

function likeness(name: string, { threads, virtual }: Compared): readonly Claim[] {
  const { throughput, stallFactor, stallSecondsMin, p99Factor } = TOLERANCES
  const claims: Claim[] = [
    withinClaim(
      `${name}: operations per second`,
      virtual.operationsPerSecond,
      threads.operationsPerSecond,
      throughput,
      SOURCE,
    ),
  ]
  for (const [cause, figure] of Object.entries(STALL_FIGURES)) {
    const [a, b] = [virtual[figure], threads[figure]]
    if (Math.max(a, b) < stallSecondsMin) continue
    const what = `${name}: stall seconds, ${cause}, the longer ÷ the shorter`
    // A shorter time than a millisecond would only say by how much the claim fails.
    const times = Math.max(a, b) / Math.max(Math.min(a, b), 1e-3)
    claims.push(atMostClaim(what, times, stallFactor, SOURCE))
  }
  if (threads.putP99Ms !== null && virtual.putP99Ms !== null) {
    const [a, b] = [threads.putP99Ms, virtual.putP99Ms]
    const what = `${name}: p99 of puts, the longer ÷ the shorter`
    claims.push(atMostClaim(what, Math.max(a, b) / Math.min(a, b), p99Factor, SOURCE))
  }
  return claims
}

function prefixed(prefix: string, figures: Compared['threads']): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => {
      return [prefix + name.charAt(0).toUpperCase() + name.slice(1), value]
    }),
  )
}

/** Of everything that a run in logical time measures on its own clock. */
function digestOf({ deterministic, timed }: RunResult): string {
  const { phases, arrivals, latencyByKind, intendedLatencyByKind, background } = timed
  const { counts, traceHash } = deterministic
  const figures = { phases, arrivals, latencyByKind, intendedLatencyByKind, background }
  return hashOfJson(JSON.parse(JSON.stringify({ counts, traceHash, ...figures })))
}

function secondsOf({ timed }: RunResult, ...names: readonly string[]): number {
  const phases = timed.phases.filter(({ name }) => names.includes(name))
  return sum(phases.map(({ wallSeconds }) => wallSeconds))
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
