/**
 * Owns the suite `background`: what is gained when flushes and compactions run in worker threads
 * beside the operations. It answers two questions for four strategies:
 *
 *   throughput   A load, and YCSB-A after a load: the time of all operations and of the drain, with
 *                threads and inline, of the same stream.
 *   latency      YCSB-A at 70 % of the rate that the database sustains: the 99th percentile of its
 *                gets, beside that of gets alone at the same rate, when no job runs. It is taken
 *                twice: of the get itself, from call to answer, and from the intended start, which
 *                adds the time that a get waits behind a write that is held back.
 *
 * Answers and bytes are judged at both scales. Times are judged at full scale only: a smoke run is
 * too short for them. A speedup is claimed only where jobs took 40 % of the inline run's time:
 * where they take less, two cores cannot make the run 1.5 times as fast.
 */

import type { RunResult } from '../../results/schema.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { quotient, sum } from '../measure/figures.ts'
import { runFlags } from './run-flags.ts'
import { atMostClaim, equalClaim, type Suite, type SuiteContext } from './suite.ts'

interface Size {
  readonly records: number
  readonly operations: number
  readonly memtableBytes: string
  /** Whether times are judged. */
  readonly isTimed: boolean
}

/** At full scale a run lasts so long that the start of its threads does not count. */
const SIZES: Readonly<Record<SuiteScale, Size>> = {
  smoke: { records: 2000, operations: 2000, memtableBytes: '128KiB', isTimed: false },
  full: { records: 500_000, operations: 500_000, memtableBytes: '4MiB', isTimed: true },
}

const STRATEGIES = ['leveling-partial', 'dynamic-leveled', 'tiering', 'universal'] as const
const WORKLOADS = ['ycsb-a', 'ycsb-load'] as const

/** Share of the inline run's time that its jobs take, from which on a speedup is claimed. */
const JOBS_SHARE_MIN = 0.4
const SPEEDUP_MIN = 1.5
const RATE = 0.7
/**
 * With two jobs, one worker serves flushes and merges run one after another, which takes as long as
 * inline where merges are most of the work. Two more let a large merge run in two parts, and a
 * small one beside it.
 */
const BACKGROUND_JOBS = 4
const SUBCOMPACTIONS = 2
const THREADS = [
  '--scheduling=threads',
  `--set=backgroundJobs=${BACKGROUND_JOBS}`,
  `--set=subcompactions=${SUBCOMPACTIONS}`,
]
const SLOWER_MAX = 5
const GOALS = 'the goals of background work'
/** Without the system's account, which counts the lines of progress too. */
const GATES = ['answers', 'conservation', 'drained'] as const

export const background: Suite = {
  name: 'background',
  fullSeconds: 1200,
  description: 'jobs in threads against jobs inline: throughput, and reads beside compactions',
  columns: [
    { heading: 'inline s', figure: 'inlineSeconds' },
    { heading: 'threads s', figure: 'threadsSeconds' },
    { heading: 'speedup', figure: 'speedup' },
    { heading: 'jobs inline', figure: 'jobsShare' },
    { heading: 'writers held s', figure: 'heldSeconds' },
    { heading: 'get p99 idle µs', figure: 'idleGetP99Us' },
    { heading: 'busy µs', figure: 'busyGetP99Us' },
    { heading: 'busy ÷ idle', figure: 'getBusyToIdle' },
    { heading: 'intended p99 idle µs', figure: 'idleReadP99Us' },
    { heading: 'busy µs', figure: 'busyReadP99Us' },
    { heading: 'busy ÷ idle', figure: 'busyToIdle' },
  ],
  run: async (context) => {
    const measurement = new Measurement(context)
    for (const workload of WORKLOADS) {
      for (const strategy of STRATEGIES) await measurement.measure(workload, strategy)
    }
    return { runs: measurement.runs, claims: measurement.claims }
  },
}

type Figures = Record<string, number | string | null>

class Measurement {
  readonly runs: SuiteRun[] = []
  readonly claims: Claim[] = []
  readonly #context: SuiteContext
  readonly #size: Size
  /** Results so far, of `RESULTS`. */
  #done = 0

  constructor(context: SuiteContext) {
    this.#context = context
    this.#size = SIZES[context.scale]
  }

  async measure(workload: (typeof WORKLOADS)[number], strategy: string): Promise<void> {
    const name = `${workload} ${strategy}`
    const flags = [`--workload=${workload}`, `--strategy=${strategy}`]
    const inline = await this.#result(`${name} inline`, flags)
    const threads = await this.#result(`${name} threads`, [...flags, ...THREADS])
    const results = [inline, threads]
    const figures: Figures = {
      ...throughputFigures(inline, threads),
      traceHash: threads.deterministic.traceHash,
    }
    if (workload === 'ycsb-a') {
      const busy = await this.#result(`${name} at ${RATE}`, [
        ...flags,
        ...THREADS,
        `--rate=${RATE * 100}%`,
      ])
      const perSecond = Math.max(
        1,
        Math.round(RATE * (busy.timed.arrivals?.sustainablePerSecond ?? 0)),
      )
      // Inline, so that no job of the load is left for the time of the reads.
      const reads = ['--workload=ycsb-c', `--strategy=${strategy}`, `--rate=${perSecond}`]
      const idle = await this.#result(`${name} idle`, reads)
      results.push(busy, idle)
      Object.assign(figures, latencyFigures(busy, idle))
    }
    const { records, operations, memtableBytes } = this.#size
    this.runs.push({
      name,
      params: {
        workload,
        strategy,
        records,
        operations,
        memtableBytes,
        backgroundJobs: BACKGROUND_JOBS,
        subcompactions: SUBCOMPACTIONS,
      },
      figures,
      series: [],
      wallSeconds: sum(results.map(secondsOf)),
    })
    this.claims.push(...soundness(name, results), ...speed(name, figures, this.#size))
  }

  async #result(name: string, flags: readonly string[]): Promise<RunResult> {
    const { records, operations, memtableBytes } = this.#size
    const all = [
      ...flags,
      `--records=${records}`,
      `--operations=${operations}`,
      `--seed=${this.#context.seed}`,
      `--set=memtableBytes=${memtableBytes}`,
    ]
    const result = await runFlags(this.#context, name, all, { done: this.#done, total: RESULTS })
    this.#done++
    return result
  }
}

/** Four results for each strategy on YCSB-A, two on a load. */
const RESULTS = STRATEGIES.length * 6

function throughputFigures(inline: RunResult, threads: RunResult): Figures {
  const inlineSeconds = secondsOf(inline)
  const threadsSeconds = secondsOf(threads)
  const { stalls } = threads.timed.background!
  const held = Object.values(stalls).map((times) => times.slowdownSeconds + times.stopSeconds)
  const inJobs = inline.timed.series.map(({ stallSeconds }) => stallSeconds ?? 0)
  return {
    inlineSeconds,
    threadsSeconds,
    speedup: quotient(inlineSeconds, threadsSeconds),
    jobsShare: quotient(sum(inJobs), inlineSeconds),
    heldSeconds: sum(held),
    inlineWaTables: inline.deterministic.amplification.drained.waLsm,
    threadsWaTables: threads.deterministic.amplification.drained.waLsm,
  }
}

function latencyFigures(busy: RunResult, idle: RunResult): Figures {
  const ofGet = ({ timed }: RunResult) => timed.latencyByKind.read?.p99Us ?? null
  const intended = ({ timed }: RunResult) => timed.intendedLatencyByKind?.read?.p99Us ?? null
  const ratio = (of: (result: RunResult) => number | null) => {
    const [ofBusy, ofIdle] = [of(busy), of(idle)]
    return ofBusy === null || ofIdle === null ? null : quotient(ofBusy, ofIdle)
  }
  return {
    busyGetP99Us: ofGet(busy),
    idleGetP99Us: ofGet(idle),
    getBusyToIdle: ratio(ofGet),
    busyReadP99Us: intended(busy),
    idleReadP99Us: intended(idle),
    busyToIdle: ratio(intended),
    ratePerSecond: busy.timed.arrivals?.offeredPerSecond ?? null,
  }
}

/** With the drain: a run that only builds up debt is not faster. */
function secondsOf({ timed }: RunResult): number {
  return sum(timed.phases.map(({ wallSeconds }) => wallSeconds))
}

/** Both ways saw the same operations, left the same data, and pass the gates of their books. */
function soundness(name: string, results: readonly RunResult[]): readonly Claim[] {
  const [inline, threads] = results as readonly [RunResult, RunResult]
  const failed = results.flatMap(({ gates }) =>
    gates.filter((gate) => !gate.passed && GATES.some((known) => known === gate.name)),
  )
  const live = ({ deterministic }: RunResult) =>
    deterministic.amplification.drained.liveLogicalBytes
  return [
    equalClaim(
      `${name}: the operations`,
      threads.deterministic.traceHash,
      inline.deterministic.traceHash,
      'the inline run',
    ),
    equalClaim(`${name}: bytes of live data`, live(threads), live(inline), 'the inline run'),
    equalClaim(
      `${name}: failed gates of ${GATES.join(', ')}`,
      failed.length,
      0,
      'the books of every run',
    ),
  ]
}

function speed(name: string, figures: Figures, { isTimed }: Size): readonly Claim[] {
  if (!isTimed) return []
  const { jobsShare, speedup, getBusyToIdle, busyToIdle } = figures
  const isBusy = typeof jobsShare === 'number' && jobsShare >= JOBS_SHARE_MIN
  const slower = (what: string, ratio: Figures[string] | undefined) =>
    typeof ratio === 'number'
      ? [atMostClaim(`${name}: p99 of ${what}, busy ÷ idle`, ratio, SLOWER_MAX, GOALS)]
      : []
  return [
    ...(isBusy && typeof speedup === 'number'
      ? [atMostClaim(`${name}: time with threads ÷ inline`, 1 / speedup, 1 / SPEEDUP_MIN, GOALS)]
      : []),
    ...slower('gets', getBusyToIdle),
    ...slower('gets from their intended start', busyToIdle),
  ]
}
