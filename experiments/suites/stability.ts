/**
 * Owns the suite `stability`: how long do writes wait for merges, and which scheduler makes them
 * wait least? After Luo & Carey, "On Performance Stability in LSM-based Storage Systems", PVLDB
 * 13(4), 2019.
 *
 * The method has two phases. A closed system, whose writer never waits for an arrival, measures the
 * maximum throughput; then writes arrive evenly at 95 % of it, and their latency counts from their
 * arrival. The maximum is measured with the fair scheduler: a greedy one puts large merges off, and
 * the throughput meanwhile cannot be kept up.
 *
 * The paper: AsterixDB, 100 million records of 1 KB, memory components of 128 MB, background
 * writes at 100 MB/s, the log on a separate disk, leveling with T = 10 and tiering with T = 3,
 * phases of two hours, and writes stop at twice the components of the tree at rest.
 *
 * Here: the same sizes in the statistical simulator in virtual time, with keys updated uniformly.
 * At full scale a write is 16 KiB, so that 100 GB are 6.5 million records, and a phase lasts ten
 * hours: two hours hold so few merges of the deepest level that even fair's maximum is too high.
 * The smoke scale also has smaller memtables, and fewer of them. One seed, since no clock is
 * involved.
 *
 * Left out: AsterixDB's measured times, which a model of a device cannot give; skewed keys,
 * size-tiered merges, bursts and secondary indexes.
 */
import type { Version } from '../../engine/index.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { levelAt, STRATEGIES } from '../../strategies/index.ts'
import { schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import { steady } from '../load/arrivals.ts'
import { expectedRuns, oneLevelLeveling, oneLevelTiering } from './one-level-merges.ts'
import { atMostClaim, type Suite, type SuiteContext, withinClaim } from './suite.ts'
import { loadedTree, runVirtual, type VirtualCase, type VirtualSetting } from './virtual-runs.ts'

const MIB = 2 ** 20
/** 100 MB/s for writes; reads of an SSD are faster. */
const DEVICE = { readBytesPerMs: 500e3, writeBytesPerMs: 100e3, latencyMs: 0.1, perFileMs: 0 }
/** The open system runs at this share of the maximum. */
const LOAD_SHARE = 0.95
/** The paper leaves out the first 20 minutes of two hours. */
const WARM_UP_SHARE = 1 / 6
/** What "much longer" means. */
const MUCH = 10

type Layout = 'leveling' | 'tiering' | 'partitioned'

interface Scale {
  readonly memtableBytes: number
  readonly writesPerMemtable: number
  /** Memtables that the records fill. */
  readonly memtables: Readonly<Record<Layout, number>>
  readonly tree: Readonly<Record<'leveling' | 'tiering', { T: number; deepest: number }>>
  readonly seconds: number
  /** How long a closed system is measured to show what a wrong maximum does. */
  readonly testSeconds: number
  /** Number of runs, for progress. */
  readonly runs: number
}

const SCALES: Readonly<Record<SuiteScale, Scale>> = {
  full: {
    memtableBytes: 128 * MIB,
    writesPerMemtable: 8192,
    memtables: { leveling: 800, tiering: 800, partitioned: 800 },
    tree: { leveling: { T: 10, deepest: 3 }, tiering: { T: 3, deepest: 5 } },
    seconds: 36_000,
    // The paper's two hours.
    testSeconds: 7200,
    runs: 22,
  },
  smoke: {
    memtableBytes: 16 * MIB,
    writesPerMemtable: 128,
    memtables: { leveling: 170, tiering: 195, partitioned: 200 },
    tree: { leveling: { T: 6, deepest: 3 }, tiering: { T: 3, deepest: 5 } },
    seconds: 1200,
    testSeconds: 1200,
    runs: 20,
  },
}

/** What is different from run to run. */
interface Experiment {
  readonly layout: Layout
  readonly scheduler: string
  /** Null: the closed system. */
  readonly ratePerSecond: number | null
  readonly constraint: Constraint
  readonly slowdown: VirtualCase['slowdown'] | null
  readonly seconds: number
}

/** Which runs are counted, and at how many of them writes stop. */
interface Constraint {
  readonly name: string
  readonly countRuns: (version: Version) => number
  readonly stopRuns: number
  /** Where a pacer begins; at the stop if missing. */
  readonly slowdownRuns?: number
}

export const stability: Suite = {
  name: 'stability',
  fullSeconds: 200,
  description: 'write stalls by scheduler at 95 % of the maximum, in virtual time (Luo & Carey)',
  columns: [
    { heading: 'writes/s', figure: 'writesPerSecond' },
    { heading: 'p50 ms', figure: 'writeP50Ms' },
    { heading: 'p99 ms', figure: 'writeP99Ms' },
    { heading: 'p99.9 ms', figure: 'writeP999Ms' },
    { heading: 'stops', figure: 'stops' },
    { heading: 'stopped s', figure: 'stopSeconds' },
    { heading: 'longest s', figure: 'longestStopSeconds' },
    { heading: 'WA', figure: 'writeAmplification' },
  ],
  run: async (context) => {
    const bench = new Bench(context)
    const claims = [
      ...(await wholeMerges(bench, 'leveling')),
      ...(await wholeMerges(bench, 'tiering')),
      ...(await tighterConstraints(bench)),
      ...(await wrongMaximum(bench)),
      ...(await slowdowns(bench)),
      ...(await partitionedMerges(bench)),
    ]
    return { runs: bench.runs, claims }
  },
}

/** Greedy ≤ fair ≪ single, where whole levels merge and the constraint is the paper's. */
async function wholeMerges(bench: Bench, layout: 'leveling' | 'tiering') {
  const [fair, greedy, single] = await bench.open(layout, ['fair', 'greedy', 'single'])
  const source = `Luo & Carey, the schedulers under ${layout}`
  const claims: Claim[] = []
  for (const [percentile, figure] of PERCENTILES) {
    const name = `${layout}: ${percentile} write latency`
    claims.push(
      atMostClaim(`${name}, greedy ≤ fair`, greedy![figure], fair![figure], source),
      atMostClaim(`${name}, fair ≪ single`, fair![figure] * MUCH, single![figure], source),
    )
  }
  claims.push(
    ...[fair!, greedy!].map(({ stopSeconds }, index) => {
      const name = `${layout}: stop seconds of ${['fair', 'greedy'][index]}, 1 % of the time`
      return atMostClaim(name, stopSeconds, bench.countedSeconds / 100, source)
    }),
    withinClaim(
      `${layout}: throughput of greedy as of fair`,
      greedy!.writesPerSecond,
      fair!.writesPerSecond,
      0.01,
      source,
    ),
  )
  return claims
}

/** With fewer components greedy needs fewer stops; a limit for each level needs more. */
async function tighterConstraints(bench: Bench) {
  const tight = bench.global('leveling', 1.5)
  const local = {
    name: '2 runs a level',
    // Deeper levels never have more: a third run waits in the level above.
    countRuns: (version: Version) => levelAt(version, 0).runs.length,
    stopRuns: 2,
  }
  const [fair, greedy] = await bench.open('leveling', ['fair', 'greedy'], { constraint: tight })
  const [fairLocal] = await bench.open('leveling', ['fair'], { constraint: local })
  const [fairGlobal] = await bench.open('leveling', ['fair'])
  return [
    atMostClaim(
      'leveling, 1.5 × the runs: p99 write latency, greedy ≤ fair',
      greedy!.writeP99Ms,
      fair!.writeP99Ms,
      'Luo & Carey: greedy has the fewest components at each moment',
    ),
    atMostClaim(
      'leveling, 1.5 × the runs: stop seconds of greedy ≤ half of fair',
      greedy!.stopSeconds,
      fair!.stopSeconds / 2,
      'Luo & Carey: greedy has the fewest components at each moment',
    ),
    atMostClaim(
      'leveling, fair: stop seconds, global ≤ local constraint',
      fairGlobal!.stopSeconds,
      fairLocal!.stopSeconds,
      'Luo & Carey: a global constraint has more room for fluctuations',
    ),
  ]
}

/** The maximum that greedy reaches in a closed system cannot be kept up. */
async function wrongMaximum(bench: Bench) {
  const layout = 'tiering'
  const seconds = bench.testSeconds
  const fair = await bench.closed(layout, 'fair', seconds)
  const greedy = await bench.closed(layout, 'greedy', seconds)
  const [right] = await bench.open(layout, ['fair'], { maximum: fair.writesPerSecond })
  const [wrong] = await bench.open(layout, ['fair'], { maximum: greedy.writesPerSecond })
  const source = 'Luo & Carey: measure the maximum with the fair scheduler'
  return [
    atMostClaim(
      `${layout}, closed: longest stop, fair ≪ greedy`,
      fair.longestStopSeconds * 5,
      greedy.longestStopSeconds,
      source,
    ),
    atMostClaim(
      `${layout}, closed: throughput, fair ≤ greedy`,
      fair.writesPerSecond,
      greedy.writesPerSecond,
      source,
    ),
    atMostClaim(
      `${layout}: p99 write latency, at 95 % of fair's ≤ half of that at greedy's maximum`,
      right!.writeP99Ms,
      wrong!.writeP99Ms / 2,
      source,
    ),
  ]
}

/** Writes that go as fast as they can until they stop wait less than writes that are paced. */
async function slowdowns(bench: Bench) {
  const tight = bench.global('leveling', 1.5)
  const [stopOnly] = await bench.open('leveling', ['greedy'], { constraint: tight })
  const claims: Claim[] = []
  for (const slowdown of ['rate', 'debt', 'beats', 'spring'] as const) {
    const constraint = {
      ...tight,
      name: `${tight.name}, slowdown ${slowdown}`,
      slowdownRuns: tight.stopRuns - 1,
    }
    const [paced] = await bench.open('leveling', ['greedy'], { constraint, slowdown })
    claims.push(
      atMostClaim(
        `leveling, greedy: p99 write latency, stops alone ≤ slowdown ${slowdown}`,
        stopOnly!.writeP99Ms,
        paced!.writeP99Ms,
        'Luo & Carey: process writes as quickly as possible',
      ),
    )
  }
  return claims
}

/** Where merges are small, one at a time is enough. */
async function partitionedMerges(bench: Bench) {
  const [single, fair] = await bench.open('partitioned', ['single', 'fair'])
  const [whole] = await bench.open('leveling', ['single'])
  const source = 'Luo & Carey: one merge at a time suffices for partitioned trees'
  return [
    atMostClaim(
      'partitioned leveling: p99 write latency, single ≤ fair',
      single!.writeP99Ms,
      fair!.writeP99Ms,
      source,
    ),
    atMostClaim(
      'single: p99 write latency, partitioned ≪ whole levels',
      single!.writeP99Ms * MUCH,
      whole!.writeP99Ms,
      source,
    ),
  ]
}

const PERCENTILES = [
  ['p99', 'writeP99Ms'],
  ['p99.9', 'writeP999Ms'],
] as const

interface Figures {
  readonly writesPerSecond: number
  readonly writeP99Ms: number
  readonly writeP999Ms: number
  readonly stopSeconds: number
  readonly longestStopSeconds: number
}

/** Runs each experiment once, and keeps loaded trees and results. */
class Bench {
  readonly runs: SuiteRun[] = []
  readonly #context: SuiteContext
  readonly #scale: Scale
  readonly #trees = new Map<Layout, ReturnType<typeof loadedTree>>()

  constructor(context: SuiteContext) {
    this.#context = context
    this.#scale = SCALES[context.scale]
  }

  /** Writes stop at `times` the runs of the tree at rest, in all levels together. */
  global(layout: Layout, times: number): Constraint {
    if (layout === 'partitioned') {
      return {
        name: '12 runs in level 0 (LevelDB)',
        countRuns: (version) => levelAt(version, 0).runs.length,
        stopRuns: 12,
      }
    }
    return {
      name: `${times} × the runs`,
      countRuns: (version) => version.levels.reduce((sum, { runs }) => sum + runs.length, 0),
      stopRuns: Math.floor(times * expectedRuns(layout, this.#scale.tree[layout])),
    }
  }

  /** The closed system. */
  async closed(layout: Layout, scheduler: string, seconds = this.#scale.seconds): Promise<Figures> {
    const constraint = this.global(layout, 2)
    return await this.#run({
      layout,
      scheduler,
      constraint,
      ratePerSecond: null,
      slowdown: null,
      seconds,
    })
  }

  /** The open system for each scheduler, by default at 95 % of the maximum under fair. */
  async open(
    layout: Layout,
    schedulers: readonly string[],
    options: Partial<Pick<Experiment, 'constraint' | 'slowdown'>> & { maximum?: number } = {},
  ): Promise<readonly Figures[]> {
    const { constraint = this.global(layout, 2), slowdown = null } = options
    const maximum = options.maximum ?? (await this.closed(layout, 'fair')).writesPerSecond
    const { seconds } = this.#scale
    const ratePerSecond = LOAD_SHARE * maximum
    const found: Figures[] = []
    for (const scheduler of schedulers) {
      found.push(
        await this.#run({ layout, scheduler, constraint, ratePerSecond, slowdown, seconds }),
      )
    }
    return found
  }

  /** Seconds of a phase after its warm-up. */
  get countedSeconds(): number {
    return this.#scale.seconds * (1 - WARM_UP_SHARE)
  }

  get testSeconds(): number {
    return this.#scale.testSeconds
  }

  async #run(experiment: Experiment): Promise<Figures> {
    const name = nameOf(experiment)
    let run = this.runs.find((known) => known.name === name)
    if (run === undefined) {
      run = await this.#measure(name, experiment)
      this.runs.push(run)
    }
    return run.figures as unknown as Figures
  }

  async #measure(name: string, experiment: Experiment): Promise<SuiteRun> {
    const { signal, onProgress } = this.#context
    const { layout, constraint, scheduler, ratePerSecond, slowdown } = experiment
    const startMs = performance.now()
    const setting = this.#settingOf(layout)
    const start = this.#trees.get(layout) ?? loadedTree(setting)
    this.#trees.set(layout, start)
    const { runs } = this.#scale
    const done = this.runs.length
    const { figures, series } = await runVirtual(
      setting,
      start,
      this.#caseOf(experiment),
      signal,
      (share) => onProgress(name, done, runs, (done + share) / runs),
    )
    return {
      name,
      params: {
        layout,
        scheduler,
        constraint: constraint.name,
        stopRuns: constraint.stopRuns,
        slowdown,
        ratePerSecond,
        ...setting.device,
        memtableBytes: setting.memtableBytes,
        records: setting.records,
        recordBytes: setting.recordBytes,
      },
      figures,
      series: [...series],
      wallSeconds: (performance.now() - startMs) / 1e3,
    }
  }

  #settingOf(layout: Layout): VirtualSetting {
    const { memtableBytes, writesPerMemtable, memtables, tree } = this.#scale
    const leveldb = { T: 10, l0Trigger: 4, rules: 'leveldb', pick: 'rr' }
    const strategies = {
      leveling: () => oneLevelLeveling.create(tree.leveling),
      tiering: () => oneLevelTiering.create(tree.tiering),
      partitioned: () => STRATEGIES.get('leveling-partial')!.create(leveldb),
    }
    return {
      strategy: strategies[layout],
      records: memtables[layout] * writesPerMemtable,
      recordBytes: memtableBytes / writesPerMemtable,
      memtableBytes,
      device: DEVICE,
      seed: this.#context.seed,
    }
  }

  #caseOf({ scheduler, ratePerSecond, constraint, slowdown, seconds }: Experiment): VirtualCase {
    const { stopRuns, slowdownRuns = stopRuns, countRuns } = constraint
    return {
      policy: schedulingPolicyOf(scheduler),
      // The paper's two memory components: one takes writes, one is flushed.
      memtablesMax: 1,
      workers: 8,
      limitBytesPerSecond: null,
      // No scheduler here looks at the clients.
      measureEveryMs: 1e6,
      // With one limit for both steps a pacer never has anything to do.
      slowdown: slowdown ?? 'rate',
      countRuns,
      runLimits: { slowdownRuns, stopRuns },
      writes: ratePerSecond === null ? null : { ratePerSecond, shape: steady, spacing: 'regular' },
      reads: null,
      readBytes: 0,
      writeNs: 10_000,
      logChunkBytes: 0,
      seconds,
      warmUpSeconds: seconds * WARM_UP_SHARE,
      samples: 120,
      parts: [''],
      partOf: () => 0,
    }
  }
}

function nameOf(experiment: Experiment): string {
  const { layout, scheduler, ratePerSecond, constraint, seconds } = experiment
  const system =
    ratePerSecond === null ? `closed for ${seconds} s` : `${ratePerSecond.toFixed(1)}/s`
  return `${layout}, ${scheduler}, ${system}, ${constraint.name}`
}
