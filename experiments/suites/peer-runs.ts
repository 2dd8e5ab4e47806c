/**
 * Owns the runs of the suite `peers` as lines of its result: ours and theirs with the same figures,
 * so that a reader sees from which of them a difference in write amplification comes.
 */
import type { PeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import type { SuiteRun } from '../../results/suite-schema.ts'
import { quotient, sum } from '../measure/figures.ts'
import type { MeanEntry } from '../targets/peers/budget.ts'
import type { SuiteColumn } from './suite.ts'

/** What a reader compares, from the outcome to its causes. */
export const PEER_COLUMNS: readonly SuiteColumn[] = [
  { heading: 'WA tables', figure: 'waLsm' },
  { heading: 'W-Amp', figure: 'waRocksdb' },
  { heading: 'ours ÷ theirs', figure: 'oursToTheirs' },
  { heading: 'late', figure: 'late' },
  { heading: 'flushes', figure: 'flushes' },
  { heading: 'compactions', figure: 'compactions' },
  { heading: 'moves', figure: 'moves' },
  { heading: 'L0 tables each', figure: 'level0TablesPerCompaction' },
  { heading: 'tables by level', figure: 'tablesByLevel' },
  { heading: 'MB by level', figure: 'megabytesByLevel' },
  { heading: 'MB written', figure: 'megabytesWrittenByLevel' },
]

export function ourRun(name: string, { config, deterministic, timed }: RunResult): SuiteRun {
  const { waTotal, waLsm, waRocksdb, bytesWrittenByCause, userBytes } =
    deterministic.amplification.drained
  const { flushes, merges, moves } = deterministic.counts
  return {
    name,
    params: {
      strategy: config.strategy.name,
      seed: config.seed,
      ...config.strategy.params,
      ...config.engine,
    } as SuiteRun['params'],
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
      ...byLevel(deterministic.levels),
      traceHash: deterministic.traceHash,
    },
    series: [],
    wallSeconds: secondsOf(timed),
  }
}

/** The mean entry of the tree at rest; the share of data blocks is that of all written tables. */
export function meanEntry({ deterministic }: RunResult): MeanEntry {
  const { levels, ledger } = deterministic
  const perEntry = (figure: 'bytes' | 'rawBytes') =>
    sum(levels.map((level) => level[figure])) / sum(levels.map(({ entries }) => entries))
  const written = ledger.cells.filter(
    ({ cause, direction }) => direction === 'write' && ['flush', 'compaction'].includes(cause),
  )
  const data = written.filter(({ section }) => section === 'data')
  const dataShare = sum(data.map(({ bytes }) => bytes)) / sum(written.map(({ bytes }) => bytes))
  const tableBytes = perEntry('bytes')
  return { rawBytes: perEntry('rawBytes'), tableBytes, dataBytes: tableBytes * dataShare }
}

/** Null if the log ends before the run does. */
function level0TablesPerMerge({ total, log }: RunResult['deterministic']['events']): number | null {
  if (log.length < total) return null
  const taken = log.flatMap(({ kind, inputs }) => {
    const tables = inputs.find(({ level }) => level === 0)?.tables
    return kind === 'merge' && tables !== undefined ? [tables] : []
  })
  return quotient(sum(taken), taken.length)
}

/** `params`: how the run was paced. */
export function theirRun(
  name: string,
  { config, deterministic, peer, timed }: PeerResult,
  params: SuiteRun['params'],
): SuiteRun {
  const { waTotal, waLsm, waRocksdb, userBytes, flushes, compactions, moves } = peer.drained
  const { flushBytes, compactionBytes, processBytes, levels } = peer.drained
  const { level0Compactions, level0TablesCompacted, stalls, lateCompactions } = peer.drained
  const settings = peer.settings.map((setting) => [setting.name, settingText(setting)])
  return {
    name,
    params: {
      version: peer.version,
      seed: config.seed,
      ...params,
      ...Object.fromEntries(settings),
    },
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
      late: (lateCompactions ?? 0) + (stalls ?? 0),
      lateCompactions,
      stalls,
      level0TablesPerCompaction: quotient(level0TablesCompacted ?? 0, level0Compactions ?? 0),
      ...byLevel(levels ?? []),
      traceHash: deterministic.traceHash,
      ...(peer.ownCounts === null ? {} : { writesCounted: peer.ownCounts.writes! }),
    },
    series: [],
    wallSeconds: secondsOf(timed),
  }
}

/** Theirs, with ours and the reason beside it if they are not equal. */
function settingText({ varve, peer, equal, note }: PeerResult['peer']['settings'][number]) {
  return equal ? peer : { theirs: peer, ours: varve, note }
}

interface Level {
  readonly level: number
  readonly tables: number
  readonly bytes: number
  readonly bytesWritten: number | null
}

/** Lists of one number a level, from level 0 to the deepest with a table. */
function byLevel(found: readonly Level[]): Readonly<Record<string, string>> {
  const deepest = Math.max(0, ...found.filter(({ tables }) => tables > 0).map(({ level }) => level))
  const listed = (numberOf: (level: Level) => number) =>
    Array.from({ length: deepest + 1 }, (_, at) => {
      const level = found.find((each) => each.level === at)
      return level === undefined ? 0 : numberOf(level)
    }).join(' ')
  return {
    tablesByLevel: listed(({ tables }) => tables),
    megabytesByLevel: listed(({ bytes }) => Math.round(bytes / 1e6)),
    megabytesWrittenByLevel: listed(({ bytesWritten }) => Math.round((bytesWritten ?? 0) / 1e6)),
  }
}

function secondsOf({ phases }: Pick<RunResult['timed'], 'phases'>): number {
  return phases.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0)
}
