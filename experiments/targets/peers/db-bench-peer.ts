/**
 * Owns native RocksDB as a peer: the whole stream is exported as a RocksDB trace, and `db_bench
 * --benchmarks=replay` runs it in one thread. It is a batch target: the stream goes in, statistics
 * come out. `db-bench-options.ts` makes its options from one of our strategies. A trace holds seeks
 * without the nexts, so a scan reads one entry.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { PeerReading, PeerSection } from '../../../results/peer-schema.ts'
import { rocksdbTrace, type Workload } from '../../../workloads/index.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { UsageError } from '../../base/usage-error.ts'
import { sum } from '../../measure/figures.ts'
import type { Budget } from './budget.ts'
import { parseRocksDbLog, unfinishedCompactions } from './compaction-log.ts'
import { CountedWorkload } from './counted-workload.ts'
import { type FollowedStrategy, replayOptions } from './db-bench-options.ts'
import { type ProcessWindow, readingOf } from './peer-reading.ts'
import { rocksDbLevels, rocksDbTickers } from './rocksdb-report.ts'

const PROGRAM = 'db_bench'
/** So fast that no operation waits for its time. */
const AT_ONCE = 1_000_000

export interface Replay {
  readonly workload: CountedWorkload
  readonly peer: Omit<PeerSection, 'burst'>
  readonly replaySeconds: number
  /** Whether the replay ended with its last operation, and did not wait for compactions. */
  readonly endsAtOnce: boolean
  /** Operations in the trace, as the exporter counted them. */
  readonly exported: { readonly writes: number; readonly gets: number; readonly seeks: number }
}

export interface ReplayParts {
  readonly workload: Workload
  readonly budget: Budget
  readonly follows: FollowedStrategy
  /** Exists and is empty. The trace lies beside it during the replay. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Null if the process writes for other runs too. */
  readonly window: () => ProcessWindow | null
  /** Time between two operations; null: all arrive at once. */
  readonly arrivalIntervalNs: number | null
}

/** Throws `UsageError` if there is no db_bench, `Interrupted` on the signal. */
export async function replayNatively(parts: ReplayParts): Promise<Replay> {
  const { folder, arrivalIntervalNs } = parts
  const version = await runDbBench(['--version'], parts.signal)
  const tracePath = `${folder}.trace`
  try {
    const workload = new CountedWorkload(arrivalIntervalNs)
    const exported = writeTrace(tracePath, workload, parts)
    const { flags, settings } = replayOptions({
      ...parts,
      entryBytes: workload.userBytes / Math.max(exported.writes, 1),
    })
    const window = parts.window()
    const output = await runDbBench(argumentsOf(parts, tracePath, flags), parts.signal)
    const account = window?.read() ?? null
    const written = account === null ? null : account.writtenBytes - output.length
    const log = readFileSync(join(folder, 'LOG'), 'utf8')
    const moved = parseRocksDbLog(log, triggerOf(parts))
    const drained: PeerReading = readingOf({
      statistics: { ...moved, levels: rocksDbLevels(output, log), report: output },
      // The reads of the child include those of the trace.
      account: account && { ...account, writtenBytes: written!, readBytes: 0 },
      folder,
      userBytes: workload.userBytes,
      liveLogicalBytes: workload.liveLogicalBytes,
    })
    return {
      workload,
      exported,
      replaySeconds: replaySecondsOf(output),
      endsAtOnce: !rests(parts.follows),
      peer: {
        name: PROGRAM,
        version: `RocksDB ${/[\d.]+/.exec(version)?.[0]}, db_bench`,
        settings: [...settings],
        drained: { ...drained, processReadBytes: null },
        drain: {
          how: rests(parts.follows)
            ? HOW_IT_RESTS
            : "db_bench's waitforcompaction; the memtable stays",
          converged: unfinishedCompactions(log) === 0,
        },
        counters: COUNTERS,
        latencyIncludes: 'nothing: a replay reports no latencies',
        ownCounts: ownCounts(output),
      },
    }
  } finally {
    rmSync(tracePath, { force: true })
  }
}

/** Runs from which a compaction is due. */
function triggerOf({ budget, follows }: ReplayParts): number {
  const ofUniversal = follows.params.level0_file_num_compaction_trigger
  return follows.name === 'universal' ? (ofUniversal as number) : budget.l0Trigger
}

/** Seconds after the last operation in which compactions come to an end. */
const REST_SECONDS = 10
/** A replay at full speed is expected to be faster. Its rest counts from its beginning. */
const OPERATIONS_PER_SECOND_MIN = 50_000
const HOW_IT_RESTS =
  `its LOG says that no compaction ran about ${REST_SECONDS} seconds after the last operation; ` +
  'the memtable stays'

function writeTrace(path: string, counted: CountedWorkload, parts: ReplayParts) {
  const { workload, follows, arrivalIntervalNs } = parts
  const counts = { writes: 0, gets: 0, seeks: 0 }
  const expected =
    workload.load.expected + sum(workload.phases.map(({ stream }) => stream.expected))
  const atOnceSeconds = arrivalIntervalNs === null ? expected / OPERATIONS_PER_SECOND_MIN : 0
  const restSeconds = rests(follows) ? REST_SECONDS + atOnceSeconds : 0
  const restMicroseconds = Math.round(restSeconds * 1e6 * speedOf(arrivalIntervalNs))
  const trace = rocksdbTrace(
    counted.wrap(workload),
    counted.records,
    counts,
    'all',
    restMicroseconds,
  )
  const descriptor = openSync(path, 'w')
  try {
    for (const chunk of trace) {
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at)
    }
  } finally {
    closeSync(descriptor)
  }
  return counts
}

function argumentsOf(
  { follows, folder, arrivalIntervalNs }: ReplayParts,
  tracePath: string,
  flags: ReturnType<typeof replayOptions>['flags'],
): readonly string[] {
  const all: Readonly<Record<string, string | number>> = {
    db: folder,
    benchmarks: rests(follows)
      ? 'replay,stats,levelstats'
      : 'replay,waitforcompaction,stats,levelstats',
    trace_file: tracePath,
    trace_replay_threads: 1,
    trace_replay_fast_forward: speedOf(arrivalIntervalNs),
    // A replay needs the map of column families, which db_bench makes only if there are several.
    num_column_families: 2,
    num: 1,
    statistics: 1,
    seed: 1,
    sync: 0,
    ...flags,
  }
  return Object.entries(all).map(([name, value]) => `--${name}=${value}`)
}

function speedOf(arrivalIntervalNs: number | null): number {
  return arrivalIntervalNs === null ? AT_ONCE : 1
}

/**
 * Whether the replay itself waits for the end of compactions. RocksDB's property that a compaction
 * is pending stays 1 under universal compaction as long as there are enough runs, even if no rule
 * merges them, so `waitforcompaction` would never end.
 */
function rests({ name }: FollowedStrategy): boolean {
  return name === 'universal'
}

const COUNTERS: PeerSection['counters'] = {
  flushBytes: 'Σ file_size of table_file_creation events of flushes, in its LOG',
  compactionBytes: 'Σ total_output_size of compaction_finished events in its LOG',
  compactionReadBytes: 'Σ input_data_size of compaction_started events in its LOG',
  processBytes: 'wchar of the child process, less its output: log, tables, manifest and LOG',
  levels: 'sizes by its stats; written bytes by table_file_creation and compaction_finished',
  ownCounts: 'tickers number.keys.written, number.keys.read, number.db.seek',
}

function replaySecondsOf(output: string): number {
  return Number(/^replay .* ([\d.]+) seconds/m.exec(output)?.[1] ?? 0)
}

/** Counts of all column families; the replay writes only one. */
function ownCounts(output: string): Record<string, number> {
  const tickers = rocksDbTickers(output)
  const count = (name: string) => tickers.get(`rocksdb.${name}`) ?? 0
  return {
    writes: count('number.keys.written'),
    gets: count('number.keys.read'),
    seeks: count('number.db.seek'),
  }
}

/** Standard output and error of db_bench. Throws `UsageError` if there is none, `Interrupted`. */
export function runDbBench(parameters: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, parameters, { stdio: ['ignore', 'pipe', 'pipe'], signal })
    let output = ''
    const take = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(new Interrupted('interrupted'))
      else if (cause.code !== 'ENOENT') reject(cause)
      else reject(new UsageError('--target=db_bench: not on the path (Debian: rocksdb-tools)'))
    })
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${PROGRAM} ended with ${code}: ${output.trim().split('\n').at(-1)}`))
    })
  })
}
