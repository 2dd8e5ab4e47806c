/**
 * Owns the suite `peers`: write amplification of `leveling-partial` with LevelDB's settings, next
 * to LevelDB's own and native RocksDB's. All get the same trace of blind updates.
 *
 * The result of a background compaction depends on when it runs. While it lags, tables gather in
 * level 0 and levels grow, so each merge takes more at once and less is rewritten. Our engine
 * merges inline and never lags. Therefore the others run twice: at full speed, and paced, where
 * writes wait for rest after each half memtable (LevelDB) or arrive slowly (RocksDB). Only the
 * paced runs compare like with like; the number of level-0 tables in a compaction shows how far the
 * others lag. The stream has no reads and thus causes none of LevelDB's seek compactions. Flushes
 * of LevelDB straight into deeper levels are included in its figures.
 */

import type { PeerName, PeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import { describeCode } from '../machine/environment.ts'
import { quotient } from '../measure/figures.ts'
import { runExperiment } from '../run/experiment.ts'
import { runPeer } from '../run/peer-experiment.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'
import { atMostClaim, equalClaim, type Suite, type SuiteContext, withinClaim } from './suite.ts'

interface Size {
  readonly records: number
  readonly operations: number
  /** Repeats of each peer, because its figures depend on timing. */
  readonly repeats: number
}

const SIZES: Readonly<Record<SuiteScale, Size>> = {
  smoke: { records: 2000, operations: 2000, repeats: 1 },
  full: { records: 100_000, operations: 200_000, repeats: 5 },
}

/** From db/dbformat.h, db/version_set.cc and include/leveldb/options.h of LevelDB 1.20. */
const LEVELDB_SETTINGS = [
  '--set=memtableBytes=4MiB',
  '--set=compression=none',
  '--param=T=10',
  '--param=l0Trigger=4',
  '--param=baseBytes=1048576',
  '--param=targetTableBytes=2097152',
  '--param=bitsPerKey=10',
]
/** Updates of whole values across the key space. */
const STREAM = [
  '--workload=ycsb-a',
  '--value-bytes=1000',
  '--param=readproportion=0',
  '--param=updateproportion=1',
  '--param=requestdistribution=uniform',
]
/** 12,500 operations a second: compactions keep up with these 12 MB of writes a second. */
const ARRIVAL_INTERVAL_NS = 80_000

const COLUMNS = [
  { heading: 'WA tables', figure: 'waLsm' },
  { heading: 'W-Amp', figure: 'waRocksdb' },
  { heading: 'WA all bytes', figure: 'waTotal' },
  { heading: 'flushes', figure: 'flushes' },
  { heading: 'compactions', figure: 'compactions' },
  { heading: 'L0 tables each', figure: 'level0TablesPerCompaction' },
  { heading: 'seconds', figure: 'wallSeconds' },
]

export const peers: Suite = {
  name: 'peers',
  fullSeconds: 965,
  description: "leveling-partial with LevelDB's settings beside LevelDB and RocksDB, one trace",
  columns: COLUMNS,
  run: async (context) => {
    const runs: SuiteRun[] = []
    const size = SIZES[context.scale]
    const work = worksOf(size, context.plansOf)
    for (const [index, { label, perform }] of work.entries()) {
      const report: ExperimentContext['onProgress'] = (phase, done, total) =>
        context.onProgress(
          `${label}: ${phase}`,
          done,
          total,
          (index + done / Math.max(total, 1)) / work.length,
        )
      runs.push(await perform(experimentContext(context, report)))
    }
    return { runs, claims: claimsOf(runs, context.scale) }
  },
}

type Pace = Pick<PeerPlan, 'paced' | 'arrivalIntervalNs'>

interface Work {
  readonly label: string
  perform(context: ExperimentContext): Promise<SuiteRun>
}

function worksOf(size: Size, plansOf: SuiteContext['plansOf']): readonly Work[] {
  const { records, operations, repeats } = size
  const flagsOfSize = [`--records=${records}`, `--operations=${operations}`]
  const common = [...STREAM, ...LEVELDB_SETTINGS, ...flagsOfSize]
  const ours = (label: string, pick: string): Work => ({
    label,
    perform: async (context) => {
      const flags = [...common, '--strategy=leveling-partial', `--param=pick=${pick}`]
      const { own } = await plansOf(flags)
      return ourRun(label, await runExperiment(own[0]!, context))
    },
  })
  const theirs = (label: string, target: PeerName, pace: Pace): readonly Work[] =>
    Array.from({ length: repeats }, (_, repeat) => {
      const name = `${label} ${repeat + 1}`
      return {
        label: name,
        perform: async (context) => {
          const { peers } = await plansOf([...common, `--target=${target}`])
          return theirRun(name, await runPeer({ ...peers[0]!, ...pace }, context), pace)
        },
      }
    })
  return [
    ours('varve, round-robin', 'rr'),
    ours('varve, least overlap', 'lo1'),
    ...theirs('leveldb paced', 'leveldb', { paced: true }),
    ...theirs('leveldb', 'leveldb', {}),
    ...theirs('db_bench paced', 'db_bench', { arrivalIntervalNs: ARRIVAL_INTERVAL_NS }),
    ...theirs('db_bench', 'db_bench', {}),
  ]
}

function experimentContext(
  { outFolder, signal }: SuiteContext,
  onProgress: ExperimentContext['onProgress'],
): ExperimentContext {
  return {
    outFolder,
    signal,
    keep: false,
    code: describeCode(),
    onProgress,
    // Terminal output counts as written bytes: the progress line writes some hundred bytes a
    // second, of megabytes in total.
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
  }
}

function ourRun(name: string, { config, deterministic, timed }: RunResult): SuiteRun {
  const { waTotal, waLsm, waRocksdb, bytesWrittenByCause, userBytes } =
    deterministic.amplification.drained
  const { flushes, merges, moves } = deterministic.counts
  return {
    name,
    params: { ...config.strategy.params, ...config.engine } as SuiteRun['params'],
    figures: {
      waLsm,
      waRocksdb,
      waTotal,
      userBytes,
      flushes,
      moves,
      compactions: merges,
      flushBytes: bytesWrittenByCause.flush ?? 0,
      compactionBytes: bytesWrittenByCause.compaction ?? 0,
      level0TablesPerCompaction: level0TablesPerMerge(deterministic.events),
      traceHash: deterministic.traceHash,
      wallSeconds: secondsOf(timed),
    },
    series: [],
    wallSeconds: secondsOf(timed),
  }
}

/** Null if the log ends before the run does. */
function level0TablesPerMerge({ total, log }: RunResult['deterministic']['events']): number | null {
  if (log.length < total) return null
  const taken = log.flatMap(({ kind, inputs }) => {
    const tables = inputs.find(({ level }) => level === 0)?.tables
    return kind === 'merge' && tables !== undefined ? [tables] : []
  })
  return quotient(
    taken.reduce((sum, tables) => sum + tables, 0),
    taken.length,
  )
}

function theirRun(name: string, { deterministic, peer, timed }: PeerResult, pace: Pace): SuiteRun {
  const { waTotal, waLsm, waRocksdb, userBytes, flushes, compactions, moves } = peer.drained
  const { flushBytes, compactionBytes, processBytes, levels } = peer.drained
  const { level0Compactions, level0TablesCompacted } = peer.drained
  const settings = peer.settings.map(({ name: setting, peer: value }) => [setting, value])
  return {
    name,
    params: { version: peer.version, ...pace, ...Object.fromEntries(settings) },
    figures: {
      waLsm,
      waRocksdb,
      waTotal,
      userBytes,
      flushes,
      compactions,
      moves,
      flushBytes,
      compactionBytes,
      processBytes,
      // LevelDB rounds it to MB. It is less than flushBytes if flushes went to deeper levels.
      level0BytesWritten: levels?.[0]?.bytesWritten ?? null,
      level0TablesPerCompaction: quotient(level0TablesCompacted ?? 0, level0Compactions ?? 0),
      traceHash: deterministic.traceHash,
      ...(peer.ownCounts === null ? {} : { writesCounted: peer.ownCounts.writes! }),
      wallSeconds: secondsOf(timed),
    },
    series: [],
    wallSeconds: secondsOf(timed),
  }
}

function secondsOf({ phases }: Pick<RunResult['timed'], 'phases'>): number {
  return phases.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0)
}

const WITHIN = 0.15
const LEVELDB = 'LevelDB 1.20, its LOG; same trace, background work never lagging'

function claimsOf(runs: readonly SuiteRun[], scale: SuiteScale): readonly Claim[] {
  const [first] = runs
  const own = first!.figures
  const same = runs
    .slice(1)
    .map(({ name, figures }) =>
      equalClaim(
        `${name}: operations`,
        figures.traceHash!,
        own.traceHash!,
        'the trace hash of ours',
      ),
    )
  const { records, operations } = SIZES[scale]
  const replayed = groupOf(runs, 'db_bench', 'db_bench paced').map(({ name, figures }) =>
    equalClaim(
      `${name}: writes counted by RocksDB`,
      figures.writesCounted!,
      records + operations,
      'records + operations of the trace',
    ),
  )
  if (scale === 'smoke') return [...same, ...replayed]
  const paced = medianOf(groupOf(runs, 'leveldb paced'), 'waLsm')
  const fast = medianOf(groupOf(runs, 'leveldb'), 'waLsm')
  return [
    ...same,
    ...replayed,
    withinClaim('WA of ours by round-robin', own.waLsm as number, paced, WITHIN, LEVELDB),
    withinClaim(
      'flushed bytes of ours',
      own.flushBytes as number,
      medianOf(groupOf(runs, 'leveldb paced'), 'flushBytes'),
      0.05,
      LEVELDB,
    ),
    atMostClaim(
      "LevelDB's median WA at full speed",
      fast,
      paced,
      'its median when paced: lag spares writes',
    ),
    ...groupOf(runs, 'leveldb', 'leveldb paced').map(({ name, figures }) =>
      withinClaim(
        `${name}: bytes passed to write calls`,
        figures.processBytes as number,
        ['flushBytes', 'compactionBytes', 'userBytes'].reduce(
          (sum, key) => sum + (figures[key] as number),
          0,
        ),
        0.05,
        'flushes and compactions by its LOG, and the user bytes once in its log',
      ),
    ),
  ]
}

function groupOf(runs: readonly SuiteRun[], ...names: readonly string[]): readonly SuiteRun[] {
  return runs.filter(({ name }) => names.includes(name.replace(/ \d+$/, '')))
}

function medianOf(runs: readonly SuiteRun[], figure: string): number {
  const values = runs.map(({ figures }) => figures[figure] as number).sort((a, b) => a - b)
  const middle = values.length / 2
  return Number.isInteger(middle)
    ? (values[middle - 1]! + values[middle]!) / 2
    : values[Math.floor(middle)]!
}
