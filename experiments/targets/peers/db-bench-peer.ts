/**
 * Owns native RocksDB as a peer: the whole stream is exported as a RocksDB trace, and `db_bench
 * --benchmarks=replay` runs it in one thread. It is a batch target: the stream goes in, statistics
 * come out. All its options can be set, so its budget equals ours in every line. A trace holds
 * seeks without the nexts, so a scan reads one entry.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { PeerReading, PeerSection } from '../../../results/peer-schema.ts'
import { rocksdbTrace, type Workload } from '../../../workloads/index.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { UsageError } from '../../base/usage-error.ts'
import { type Budget, HANDED_TO_THE_SYSTEM, setting, settingsOf } from './budget.ts'
import { parseRocksDbLog } from './compaction-log.ts'
import { CountedWorkload } from './counted-workload.ts'
import { type ProcessWindow, readingOf } from './peer-reading.ts'
import { rocksDbLevels, rocksDbTickers } from './rocksdb-report.ts'

const PROGRAM = 'db_bench'
/** So fast that no operation waits for its time. */
const AT_ONCE = 1_000_000

export interface Replay {
  readonly workload: CountedWorkload
  readonly peer: Omit<PeerSection, 'drain' | 'burst'>
  readonly replaySeconds: number
  /** Operations in the trace, as the exporter counted them. */
  readonly exported: { readonly writes: number; readonly gets: number; readonly seeks: number }
}

export interface ReplayParts {
  readonly workload: Workload
  readonly budget: Budget
  /** Exists and is empty. The trace lies beside it during the replay. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly window: () => ProcessWindow
  /** Time between two operations; null: all arrive at once. */
  readonly arrivalIntervalNs: number | null
}

/** Throws `UsageError` if there is no db_bench, `Interrupted` on the signal. */
export async function replayNatively(parts: ReplayParts): Promise<Replay> {
  const { budget, folder, arrivalIntervalNs } = parts
  const version = await run(['--version'], parts.signal)
  const tracePath = `${folder}.trace`
  try {
    const workload = new CountedWorkload(arrivalIntervalNs)
    const exported = writeTrace(tracePath, workload, parts.workload)
    const window = parts.window()
    const output = await run(
      argumentsOf(budget, folder, tracePath, arrivalIntervalNs),
      parts.signal,
    )
    const account = window.read()
    const written = account === null ? null : account.writtenBytes - output.length
    const statistics = statisticsOf(folder, output)
    const drained: PeerReading = readingOf({
      statistics,
      // The reads of the child include those of the trace.
      account: account && { ...account, writtenBytes: written!, readBytes: 0 },
      folder,
      userBytes: workload.userBytes,
      liveLogicalBytes: workload.liveLogicalBytes,
    })
    return {
      workload,
      exported,
      replaySeconds: Number(/^replay .* ([\d.]+) seconds/m.exec(output)?.[1] ?? 0),
      peer: {
        name: PROGRAM,
        version: `RocksDB ${/[\d.]+/.exec(version)?.[0]}, db_bench`,
        settings: settingsOfReplay(budget, arrivalIntervalNs),
        drained: { ...drained, processReadBytes: null },
        counters: COUNTERS,
        latencyIncludes: 'nothing: a replay reports no latencies',
        ownCounts: ownCounts(output),
      },
    }
  } finally {
    rmSync(tracePath, { force: true })
  }
}

function writeTrace(path: string, counted: CountedWorkload, workload: Workload) {
  const counts = { writes: 0, gets: 0, seeks: 0 }
  const descriptor = openSync(path, 'w')
  try {
    for (const chunk of rocksdbTrace(counted.wrap(workload), counted.records, counts)) {
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at)
    }
  } finally {
    closeSync(descriptor)
  }
  return counts
}

function argumentsOf(
  budget: Budget,
  folder: string,
  tracePath: string,
  arrivalIntervalNs: number | null,
): readonly string[] {
  const options: Readonly<Record<string, string | number>> = {
    db: folder,
    benchmarks: 'replay,waitforcompaction,stats,levelstats',
    trace_file: tracePath,
    trace_replay_threads: 1,
    trace_replay_fast_forward: arrivalIntervalNs === null ? AT_ONCE : 1,
    // A replay needs the map of column families, which db_bench makes only if there are several.
    num_column_families: 2,
    num: 1,
    statistics: 1,
    seed: 1,
    write_buffer_size: budget.memtableBytes,
    cache_size: budget.blockCacheBytes,
    block_size: budget.blockBytes,
    block_restart_interval: budget.blockRestartInterval,
    compression_type: budget.compression,
    bloom_bits: budget.bitsPerKey,
    max_bytes_for_level_multiplier: budget.T,
    max_bytes_for_level_base: budget.level1Bytes,
    level0_file_num_compaction_trigger: budget.l0Trigger,
    level0_slowdown_writes_trigger: 2 * Math.max(budget.l0Trigger, 4),
    level0_stop_writes_trigger: 3 * Math.max(budget.l0Trigger, 4),
    target_file_size_base: budget.tableBytes,
    level_compaction_dynamic_level_bytes: 'false',
    sync: 0,
  }
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`)
}

function settingsOfReplay(budget: Budget, arrivalIntervalNs: number | null) {
  return [
    ...settingsOf(budget, {
      memtableBytes: [budget.memtableBytes, 'write_buffer_size counts the arena, ours raw bytes'],
      blockCacheBytes: [budget.blockCacheBytes],
      blockBytes: [budget.blockBytes],
      blockRestartInterval: [budget.blockRestartInterval],
      compression: [budget.compression],
      T: [budget.T],
      l0Trigger: [budget.l0Trigger],
      level1Bytes: [budget.level1Bytes],
      tableBytes: [budget.tableBytes],
      bitsPerKey: [budget.bitsPerKey],
    }),
    setting('a write is', HANDED_TO_THE_SYSTEM, HANDED_TO_THE_SYSTEM),
    setting('table chosen of a full level', null, 'kMinOverlappingRatio', 'ours: parameter pick'),
    setting('background threads', 0, 2, 'ours works inline, in the write that makes it due'),
    setting('entries of a scan', null, 1, 'a trace holds seeks without nexts'),
    ...(arrivalIntervalNs === null
      ? []
      : [setting('arrival interval, ns', null, arrivalIntervalNs, 'so that compactions keep up')]),
  ]
}

const COUNTERS: PeerSection['counters'] = {
  flushBytes: 'Σ file_size of table_file_creation events of flushes, in its LOG',
  compactionBytes: 'Σ total_output_size of compaction_finished events in its LOG',
  compactionReadBytes: 'Σ input_data_size of compaction_started events in its LOG',
  processBytes: 'wchar of the child process, less its output: log, tables, manifest and LOG',
  levels: 'sizes by its stats; written bytes by table_file_creation and compaction_finished',
  ownCounts: 'tickers number.keys.written, number.keys.read, number.db.seek',
}

function statisticsOf(folder: string, output: string) {
  const log = readFileSync(join(folder, 'LOG'), 'utf8')
  return { ...parseRocksDbLog(log), levels: rocksDbLevels(output, log), report: output }
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

/** Standard output and error of db_bench. */
function run(parameters: readonly string[], signal: AbortSignal): Promise<string> {
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
