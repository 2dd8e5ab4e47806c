/**
 * Owns the runs of the suite `stability`: its trees, device and constraints, the closed system that
 * measures the maximum, and the open system at a share of it. Each experiment runs once, and each
 * tree is loaded once.
 */
import type { Version } from '../../engine/index.ts'
import type { SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { levelAt, STRATEGIES } from '../../strategies/index.ts'
import { schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import { steady } from '../load/arrivals.ts'
import { expectedRuns, oneLevelLeveling, oneLevelTiering } from './one-level-merges.ts'
import type { SuiteContext } from './suite.ts'
import { loadedTree, runVirtual, type VirtualCase, type VirtualSetting } from './virtual-runs.ts'

const MIB = 2 ** 20
/** 100 MB/s for writes; reads of an SSD are faster. */
const DEVICE = { readBytesPerMs: 500e3, writeBytesPerMs: 100e3, latencyMs: 0.1, perFileMs: 0 }
/** The open system runs at this share of the maximum. */
const LOAD_SHARE = 0.95
/** The paper leaves out the first 20 minutes of two hours. */
const WARM_UP_SHARE = 1 / 6
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

interface Figures {
  readonly writesPerSecond: number
  readonly writeP99Ms: number
  readonly writeP999Ms: number
  readonly stopSeconds: number
  readonly longestStopSeconds: number
}

/** Runs each experiment once, and keeps loaded trees and results. */
export class StabilityBench {
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
