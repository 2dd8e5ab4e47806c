/**
 * Owns the suite `presets`: what the strategies of Sarkar et al. write (PVLDB 14), in their setting
 * and with one cause changed at a time. A run is a setting, and its figures are the write
 * amplifications of the strategies, on the exact simulator. It answers two questions:
 *
 *   level 0   How does the number of flushes that level 0 collects change the ranking?
 *   LO+2      In the paper's O2, LO+1 and LO+2 move 10 to 23 % less than the other partial
 *             policies. When does that hold for LO+2, which looks two levels deeper?
 *
 * The setting is that of the authors' code, https://github.com/BU-DiSC/LSM-Compaction-Analysis
 * (`emu_environment.cc`): T = 10, level 0 due at one run, T memtables in level 1, files as large as
 * the memtable. Ten million entries of 128 bytes are 160 memtables of 8 MB. LO+2 takes the file
 * with the least overlap two levels deeper if that level has files, else the file of LO+1
 * (`version_set.cc`, kMinOverlappingGrandparent). So does `lo2` here. RocksDB 6.11 does not align
 * files with those below. `strategies/README.md` shows the table and says what follows.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { ManualClock } from '../../engine/base/clock.ts'
import { createRandom } from '../../engine/base/random.ts'
import type { CompactionStrategy, TreeView } from '../../engine/index.ts'
import type { Claim, SuiteRun } from '../../results/suite-schema.ts'
import { levelAt, STRATEGIES } from '../../strategies/index.ts'
import { ExactSimulator } from '../../strategies/simulator/exact-simulator.ts'
import { Interrupted } from '../base/interrupted.ts'
import { quotient, sum } from '../measure/figures.ts'
import { countedSuite } from './counted-suite.ts'
import { scrambled } from './load-buffers.ts'
import { atMostClaim, type CountedContext, equalClaim } from './suite.ts'

interface Setting {
  readonly name: string
  readonly T: number
  /** Memtables written. */
  readonly buffers: number
  readonly l0Trigger: number
  /** Share of the writes that overwrite a key, chosen at random. */
  readonly updates: number
  readonly softCuts: 'none' | 'rocksdb'
  readonly ties: 'round-robin' | 'lowest key'
}

const PAPER: Setting = {
  name: "the paper's setting",
  T: 10,
  buffers: 160,
  l0Trigger: 1,
  updates: 0,
  softCuts: 'none',
  ties: 'round-robin',
}

/** The first is the paper's; each of the others changes what its name says. */
const SETTINGS: readonly Setting[] = [
  PAPER,
  { ...PAPER, name: '100 memtables', buffers: 100 },
  { ...PAPER, name: '400 memtables', buffers: 400 },
  { ...PAPER, name: 'half are updates', updates: 0.5 },
  { ...PAPER, name: 'level-0 trigger 4', l0Trigger: 4 },
  { ...PAPER, name: 'T = 4', T: 4 },
  { ...PAPER, name: 'ties to the lowest key', ties: 'lowest key' },
  { ...PAPER, name: 'tables aligned', softCuts: 'rocksdb' },
  {
    ...PAPER,
    name: 'the defaults here',
    T: 4,
    buffers: 255,
    l0Trigger: 4,
    softCuts: 'rocksdb',
  },
]

const partial = { trigger: ['saturation'], layout: 'leveling', granularity: ['table'] }

/**
 * Parameters of `composed`. Without reads `cold` is `rr`, and without deletes `tsd` and `tsa` are
 * `lo+1`. Beside the ten: RocksDB's other age, and a random choice.
 */
const POLICIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  full: { preset: 'full' },
  'lo+1': { preset: 'lo+1' },
  'lo+2': { preset: 'lo+2' },
  rr: { preset: 'rr' },
  old: { preset: 'old' },
  'oldest-min-seq': { ...partial, movement: ['oldest-min-seq'] },
  random: { ...partial, movement: ['random'] },
  '1-lvl': { preset: '1-lvl' },
  tier: { preset: 'tier' },
}

const ENTRY_BYTES = 64
const KEY_BYTES = 16
const ENTRIES_A_BUFFER = { smoke: 64, full: 256 }

export const presets = countedSuite<Setting, SuiteRun>({
  name: 'presets',
  fullSeconds: 240,
  fullRssBytes: 300e6,
  description: 'what the strategies of Sarkar et al. write, one cause changed at a time',
  columns: [
    ...Object.keys(POLICIES).map((name) => ({ heading: name, figure: name })),
    { heading: 'lo+1 into 2', figure: 'lo+1 into level 2' },
    { heading: 'lo+2 into 2', figure: 'lo+2 into level 2' },
    { heading: 'grandparent', figure: 'grandparentShare' },
    { heading: 'levels', figure: 'levels' },
  ],
  tasksOf: () => SETTINGS.map((plan) => ({ name: plan.name, work: plan.buffers, plan })),
  perform: ({ plan }, context) => runOf(plan, context),
  conclude: (runs) => ({ runs, claims: claimsOf(runs) }),
})

async function runOf(setting: Setting, context: CountedContext): Promise<SuiteRun> {
  const { scale, seed, signal, onShare } = context
  const startMs = performance.now()
  const figures: Record<string, number | string> = {}
  const policies = Object.entries(POLICIES)
  for (const [index, [name, given]] of policies.entries()) {
    const { T, l0Trigger, softCuts } = setting
    const strategy = STRATEGIES.get('composed')!.create({ T, l0Trigger, softCuts, ...given })
    // Round-robin is a matter of cursors; only the ties of the other choices can go elsewhere.
    const ties = name === 'rr' ? 'round-robin' : setting.ties
    const load = loadedWith(strategy, { ...setting, ties }, ENTRIES_A_BUFFER[scale], seed)
    figures[name] = load.writeAmplification
    if (name.startsWith('lo')) figures[`${name} into level 2`] = load.intoLevel2
    if (name === 'lo+2') {
      figures.grandparentShare = load.grandparentShare
      figures.levels = load.levels
    }
    onShare((index + 1) / policies.length)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
  const { name, ...params } = setting
  const wallSeconds = (performance.now() - startMs) / 1e3
  return { name, params, figures, series: [], wallSeconds }
}

interface Load {
  /** Raw bytes flushed and merged ÷ those put. */
  readonly writeAmplification: number
  /** The part of it that merges into level 2. */
  readonly intoLevel2: number
  /** Share of the choices of a table in which the second level below had tables. */
  readonly grandparentShare: number
  /** Memtables in each level at the end, from level 1 on. */
  readonly levels: string
}

function loadedWith(
  strategy: CompactionStrategy,
  setting: Setting,
  entriesABuffer: number,
  seed: number,
): Load {
  const memtableBytes = entriesABuffer * ENTRY_BYTES
  const choices = new GrandparentCount()
  const simulator = new ExactSimulator({
    strategy: {
      ...strategy,
      pick: (view) => choices.counted(view, strategy.pick(tied(view, setting))),
    },
    memtableBytes,
    clock: new ManualClock(0),
    blocks: { blockBytes: 4096, restartInterval: 16 },
    retention: { maxAgeMs: null, maxBytes: null },
  })
  put(simulator, setting, setting.buffers * entriesABuffer, seed)
  const { flushedRawBytes, mergedRawBytesByLevel, version } = simulator.tree
  const written = flushedRawBytes + sum(mergedRawBytesByLevel)
  return {
    writeAmplification: quotient(written, simulator.userBytes) ?? 0,
    intoLevel2: quotient(mergedRawBytesByLevel[2] ?? 0, simulator.userBytes) ?? 0,
    grandparentShare: choices.share,
    levels: version.levels
      .slice(1)
      .map(({ totals }) => Math.round(totals.rawBytes / memtableBytes))
      .join(' '),
  }
}

function put(simulator: ExactSimulator, { updates }: Setting, writes: number, seed: number): void {
  const random = createRandom(seed)
  const key = new Uint8Array(KEY_BYTES)
  const keyView = new DataView(key.buffer)
  let keys = 0
  for (let write = 0; write < writes; write++) {
    const isUpdate = updates > 0 && keys > 0 && random.nextDouble() < updates
    keyView.setUint32(0, scrambled((isUpdate ? random.nextBelow(keys) : keys++) ^ seed))
    simulator.put(key, ENTRY_BYTES - KEY_BYTES)
  }
}

/** Without cursors every choice begins at the lowest key, so ties go to it. */
function tied(view: TreeView, { ties }: Setting): TreeView {
  return ties === 'round-robin' ? view : { ...view, state: { cursors: [] } }
}

/** Counts the choices of a table, and those in which the level after the next had tables. */
class GrandparentCount {
  #choices = 0
  #with = 0

  get share(): number {
    return this.#choices === 0 ? 0 : this.#with / this.#choices
  }

  counted<Spec extends ReturnType<CompactionStrategy['pick']>>(view: TreeView, spec: Spec): Spec {
    if (spec?.reason.trigger !== 'level saturation') return spec
    this.#choices++
    const { level } = spec.inputs[0]!
    if (levelAt(view.version, level + 2).runs.length > 0) this.#with++
    return spec
  }
}

const O2 = 'Sarkar et al., O2'
const FOUND = 'strategies/README.md'

function claimsOf(runs: readonly SuiteRun[]): readonly Claim[] {
  return runs.flatMap(({ name, figures, params }) => {
    const of = (policy: string) => Number(figures[policy])
    const atMost = (a: string, b: string, source: string) =>
      atMostClaim(`${name}: ${a} writes no more than ${b}`, of(a), of(b), source)
    const lo2 =
      figures.grandparentShare === 0
        ? [equalClaim(`${name}: lo+2 writes what lo+1 writes`, of('lo+2'), of('lo+1'), FOUND)]
        : [atMost('lo+1', 'lo+2', FOUND), atMost('rr', 'lo+2', FOUND)]
    const others = ['rr', 'old', 'oldest-min-seq', 'random']
    const lo1 = params.l0Trigger === 1 ? others.map((other) => atMost('lo+1', other, O2)) : []
    return [...lo1, ...lo2, atMost('full', 'lo+1', FOUND), atMost('tier', 'full', FOUND)]
  })
}
