/**
 * Owns the suite `peers`: write amplification of our strategies next to that of the stores whose
 * names they bear: RocksDB 7.8 (`db_bench`) and LevelDB. All get the same random puts, with
 * memtables, tables and levels of the same size.
 *
 * The result of a background compaction depends on when it runs. While it lags, tables gather in
 * level 0 and levels grow, so each merge takes more at once and less is rewritten. Our engine
 * merges inline and never lags. Therefore the others are paced: writes arrive slowly (RocksDB), or
 * wait for rest after each half memtable (LevelDB). A run in which a compaction was late or a write
 * stalled is void: it is repeated more slowly, and if that does not help, the suite says so and
 * does not judge. Runs at full speed show how much the others write while they lag.
 */

import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import { describeCode } from '../machine/environment.ts'
import { quotient } from '../measure/figures.ts'
import { runExperiment } from '../run/experiment.ts'
import { runPeer } from '../run/peer-experiment.ts'
import type { MeanEntry } from '../targets/peers/budget.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'
import { meanEntry, ourRun, PEER_COLUMNS, theirRun } from './peer-runs.ts'
import { atMostClaim, equalClaim, type Suite, type SuiteContext, withinClaim } from './suite.ts'

interface Size {
  readonly records: number
  readonly memtableBytes: string
  readonly seeds: number
  /** What stands for the size ratio: T, and the runs of universal compaction. */
  readonly ratios: readonly number[]
  /** Times that a run which lags is repeated. */
  readonly repeats: number
}

const SIZES: Readonly<Record<SuiteScale, Size>> = {
  smoke: { records: 12_000, memtableBytes: '64KiB', seeds: 1, ratios: [4], repeats: 0 },
  full: { records: 600_000, memtableBytes: '512KiB', seeds: 3, ratios: [4, 10], repeats: 2 },
}

/** Blind puts of keys of 16 bytes and values of 100, uniformly over `records` keys. */
const STREAM = ['--workload=fillrandom', '--set=compression=none']

/** 8,300 puts a second: each compaction ends before the next flush makes another one due. */
const ARRIVAL_INTERVAL_NS = 120_000
/** Longer than the gaps between the writes of one of LevelDB's compactions. */
const PAUSE_QUIET_MS = 60
/** Replays at the same time, beside our own runs. They mostly wait for arrivals. */
const REPLAYS_AT_ONCE = 4

const ROCKSDB_TOLERANCE = 0.03
const LEVELDB_TOLERANCE = 0.05
const FLUSH_TOLERANCE = 0.02
/** For what its log needs beside the user bytes. */
const PROCESS_TOLERANCE = 0.05

/** One strategy of ours, and the store that it is compared with. */
interface Contest {
  /** Unique; it begins the names of its runs. */
  readonly name: string
  readonly peer: 'db_bench' | 'leveldb'
  readonly strategy: string
  readonly params: readonly string[]
  readonly seed: number
  readonly tolerance: number
  /** Whether the store also runs at full speed. */
  readonly atFullSpeed: boolean
}

export const peers: Suite = {
  name: 'peers',
  fullSeconds: 960,
  description: 'our strategies beside the stores whose names they bear, on the same random puts',
  columns: PEER_COLUMNS,
  run: async (context) => {
    const contests = contestsOf(SIZES[context.scale], context.seed)
    const runs = await new Measurement(context, contests).run()
    return { runs, claims: claimsOf(contests, runs, SIZES[context.scale]) }
  },
}

function contestsOf({ ratios, seeds }: Size, firstSeed: number): readonly Contest[] {
  return Array.from({ length: seeds }, (_, at) => at).flatMap((at) => [
    ...ratios.flatMap((ratio) => rocksdbContests(ratio, firstSeed + at, at === 0)),
    leveldbContest(firstSeed + at, at === 0),
  ])
}

/** RocksDB 7.8 behind its names for the strategies. */
function rocksdbContests(ratio: number, seed: number, isFirst: boolean): readonly Contest[] {
  const contest = (strategy: string, name: string, params: readonly string[]): Contest => ({
    name: `${name}, seed ${seed}`,
    peer: 'db_bench',
    strategy,
    params,
    seed,
    tolerance: ROCKSDB_TOLERANCE,
    atFullSpeed: isFirst && strategy === 'leveling-partial',
  })
  const leveled = [`T=${ratio}`, 'rules=rocksdb-7.8']
  const runs = `level0_file_num_compaction_trigger=${ratio}`
  return [
    contest('leveling-partial', `leveling-partial T=${ratio}`, leveled),
    contest('dynamic-leveled', `dynamic-leveled T=${ratio}`, leveled),
    contest('universal', `universal ${ratio} runs`, [runs, 'size_amp_version=7.8']),
  ]
}

/** Of a table of 1 MiB of LevelDB, its smallest: entries of 16 + 100 bytes, and bytes for each. */
const TABLE_ENTRIES = 8670
const TABLE_BYTES_PER_ENTRY = 123.67
const RAW_BYTES_PER_ENTRY = 116

/** Constants of db/dbformat.h and db/version_set.cc of LevelDB 1.20. */
function leveldbContest(seed: number, isFirst: boolean): Contest {
  return {
    name: `LevelDB's settings, seed ${seed}`,
    peer: 'leveldb',
    strategy: 'leveling-partial',
    params: [
      'rules=leveldb',
      'pick=rr',
      'T=10',
      'l0Trigger=4',
      `baseBytes=${Math.round((2 ** 20 / TABLE_BYTES_PER_ENTRY) * RAW_BYTES_PER_ENTRY)}`,
      `targetTableBytes=${TABLE_ENTRIES * RAW_BYTES_PER_ENTRY}`,
    ],
    seed,
    tolerance: LEVELDB_TOLERANCE,
    atFullSpeed: isFirst,
  }
}

type Pace = Pick<PeerPlan, 'pauseQuietMs' | 'arrivalIntervalNs' | 'sharesProcess'>

const varveName = ({ name }: Contest) => `varve ${name}`
const pacedName = ({ name, peer }: Contest) => `${peer} ${name}`
const atOnceName = ({ name, peer }: Contest) => `${peer} at full speed, ${name}`

/** Performs the runs of all contests. */
class Measurement {
  readonly #context: SuiteContext
  readonly #contests: readonly Contest[]
  readonly #size: Size
  readonly #runs = new Map<string, SuiteRun>()
  #isTogether = false
  /** Of all runs, because their puts and their tables are alike. */
  #entry: MeanEntry | null = null

  constructor(context: SuiteContext, contests: readonly Contest[]) {
    this.#context = context
    this.#contests = contests
    this.#size = SIZES[context.scale]
  }

  async run(): Promise<readonly SuiteRun[]> {
    const [first, ...others] = this.#contests
    // The first run of ours tells the mean entry, which the other stores need.
    await this.#ours(first!)
    for (const contest of this.#contests) {
      // Alone, because LevelDB's rest is recognised by the bytes that this process writes.
      if (contest.peer === 'leveldb') await this.#paced(contest, { pauseQuietMs: PAUSE_QUIET_MS })
      if (contest.atFullSpeed) await this.#theirs(atOnceName(contest), contest, {})
    }
    this.#isTogether = true
    await Promise.all([
      this.#allOurs(others),
      ...this.#replays(this.#contests.filter(({ peer }) => peer === 'db_bench')),
    ])
    return this.#contests.flatMap((contest) => this.#linesOf(contest))
  }

  async #allOurs(contests: readonly Contest[]): Promise<void> {
    for (const contest of contests) await this.#ours(contest)
  }

  /** Several at a time, which share the contests. */
  #replays(contests: readonly Contest[]): readonly Promise<void>[] {
    const waiting = [...contests]
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await this.#paced(next, { arrivalIntervalNs: ARRIVAL_INTERVAL_NS, sharesProcess: true })
      }
    }
    return Array.from({ length: REPLAYS_AT_ONCE }, work)
  }

  /** The runs of a contest, with the ratio of the write amplifications. */
  #linesOf(contest: Contest): readonly SuiteRun[] {
    const ours = this.#runs.get(varveName(contest))!
    const theirs = this.#runs.get(pacedName(contest))!
    const atOnce = this.#runs.get(atOnceName(contest))
    const ratio = quotient(ours.figures.waLsm as number, theirs.figures.waLsm as number)
    const line = { ...ours, figures: { ...ours.figures, oursToTheirs: ratio } }
    return [line, theirs, ...(atOnce === undefined ? [] : [atOnce])]
  }

  async #ours(contest: Contest): Promise<void> {
    const name = varveName(contest)
    const { own } = await this.#context.plansOf(this.#flagsOf(contest, 'varve'))
    const result = await runExperiment(own[0]!, this.#experiment(name))
    this.#entry ??= meanEntry(result)
    this.#runs.set(name, ourRun(name, result))
  }

  /** Repeats a run that lags, each time at half the speed. */
  async #paced(contest: Contest, pace: Pace): Promise<void> {
    const name = pacedName(contest)
    for (let repeat = 0; repeat <= this.#size.repeats; repeat++) {
      const run = await this.#theirs(name, contest, slower(pace, 2 ** repeat))
      run.params.repeats = repeat
      if (run.figures.late === 0) return
    }
  }

  async #theirs(name: string, contest: Contest, pace: Pace): Promise<SuiteRun> {
    const { peers } = await this.#context.plansOf(this.#flagsOf(contest, contest.peer))
    const [found] = peers
    const plan = { ...found!, ...pace, budget: { ...found!.budget, entry: this.#entry! } }
    const result = await runPeer(plan, this.#experiment(name))
    const { pauseQuietMs = null, arrivalIntervalNs = null } = pace
    const run = theirRun(name, result, { pauseQuietMs, arrivalIntervalNs })
    this.#runs.set(name, run)
    return run
  }

  #flagsOf({ strategy, params, seed, peer }: Contest, target: string): readonly string[] {
    const { records, memtableBytes } = this.#size
    return [
      ...STREAM,
      `--set=memtableBytes=${memtableBytes}`,
      `--records=${records}`,
      `--seed=${seed}`,
      `--target=${target}`,
      ...(target === 'varve' || peer === 'db_bench' ? [`--strategy=${strategy}`] : []),
      ...params.map((param) => `--param=${param}`),
    ]
  }

  #experiment(name: string): ExperimentContext {
    const { outFolder, signal } = this.#context
    return {
      outFolder,
      signal,
      keep: false,
      code: describeCode(),
      onProgress: (phase, done, all) => this.#progress(`${name}: ${phase}`, done, all),
      // Terminal output counts as written bytes: the progress line writes some hundred bytes a
      // second, of megabytes in total.
      terminalWritten: () => ({ bytes: 0, calls: 0 }),
    }
  }

  /** Runs at the same time share one line, which counts them. */
  #progress(what: string, done: number, all: number): void {
    const { onProgress } = this.#context
    const total = this.#contests.length * 2 + this.#contests.filter((one) => one.atFullSpeed).length
    const finished = this.#runs.size
    if (this.#isTogether) onProgress(TOGETHER, finished, total, finished / total)
    else onProgress(what, done, all, Math.min(1, (finished + done / Math.max(all, 1)) / total))
  }
}

const TOGETHER = 'paced runs of db_bench, and ours beside them'

function slower(pace: Pace, factor: number): Pace {
  const { pauseQuietMs, arrivalIntervalNs } = pace
  return {
    ...pace,
    ...(pauseQuietMs === undefined ? {} : { pauseQuietMs: pauseQuietMs * factor }),
    ...(arrivalIntervalNs === undefined ? {} : { arrivalIntervalNs: arrivalIntervalNs * factor }),
  }
}

const ROCKSDB = 'RocksDB 7.8.3 by its LOG; same puts, background work never lagging'
const LEVELDB = 'LevelDB 1.20 by its LOG; same puts, background work never lagging'
const LAG = 'its LOG; a run that lags is void'

function claimsOf(
  contests: readonly Contest[],
  runs: readonly SuiteRun[],
  size: Size,
): readonly Claim[] {
  const figuresOf = (name: string) => runs.find((run) => run.name === name)?.figures
  return contests.flatMap((contest) => {
    const ours = figuresOf(varveName(contest))!
    const paced = figuresOf(pacedName(contest))!
    const atOnce = figuresOf(atOnceName(contest))
    return [
      ...operationClaims(contest, contest.name, ours, paced, size),
      ...(atOnce === undefined
        ? []
        : operationClaims(contest, `at full speed, ${contest.name}`, ours, atOnce, size)),
      ...(size.repeats === 0 ? [] : pacedClaims(contest, ours, paced)),
      ...(size.repeats === 0 || contest.peer !== 'leveldb'
        ? []
        : leveldbClaims(contest, paced, atOnce)),
    ]
  })
}

type Figures = SuiteRun['figures']

/** That both got the same operations. */
function operationClaims(
  { peer }: Contest,
  name: string,
  ours: Figures,
  theirs: Figures,
  size: Size,
): readonly Claim[] {
  const same = equalClaim(
    `${name}: operations of ${peer}`,
    theirs.traceHash!,
    ours.traceHash!,
    'the trace hash of ours',
  )
  if (peer !== 'db_bench') return [same]
  const counted = equalClaim(
    `${name}: writes counted by RocksDB`,
    theirs.writesCounted!,
    size.records,
    'records of the trace',
  )
  return [same, counted]
}

/** That theirs did not lag; only then, that ours writes as much. */
function pacedClaims(contest: Contest, ours: Figures, theirs: Figures): readonly Claim[] {
  const { name, peer, tolerance } = contest
  const source = peer === 'leveldb' ? LEVELDB : ROCKSDB
  const isVoid = theirs.late !== 0
  const lag = equalClaim(
    `${name}: late compactions and stalls of ${peer}${isVoid ? '; not judged' : ''}`,
    theirs.late!,
    0,
    LAG,
  )
  if (isVoid) return [lag]
  const within = (what: string, figure: string, share: number) =>
    withinClaim(`${name}: ${what}`, ours[figure] as number, theirs[figure] as number, share, source)
  return [
    lag,
    within('WA', 'waLsm', tolerance),
    within('flushed bytes', 'flushBytes', FLUSH_TOLERANCE),
  ]
}

function leveldbClaims(
  { name }: Contest,
  paced: Figures,
  atOnce: Figures | undefined,
): readonly Claim[] {
  const counted = withinClaim(
    `${name}: bytes that LevelDB passed to write calls`,
    paced.processBytes as number,
    ['flushBytes', 'compactionBytes', 'userBytes'].reduce(
      (sum, figure) => sum + (paced[figure] as number),
      0,
    ),
    PROCESS_TOLERANCE,
    'flushes and compactions by its LOG, and the user bytes once in its log',
  )
  if (atOnce === undefined) return [counted]
  const lagging = atMostClaim(
    `${name}: WA of LevelDB at full speed`,
    atOnce.waLsm as number,
    paced.waLsm as number,
    'its WA when paced: lag spares writes',
  )
  return [counted, lagging]
}
