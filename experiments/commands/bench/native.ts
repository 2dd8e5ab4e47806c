/**
 * Owns native RocksDB in the races: `db_bench` runs its own benchmarks, each group in a process of
 * its own. Keys and values have our bytes. The batches of `fillrandom` and `overwrite` have the
 * same keys in the same order (`key-numbers.ts`); keys of other benchmarks have the same
 * distribution. It checks no values, so what is compared is how many keys it found.
 */
import { type EngineOptionsInput, parseEngineOptions } from '../../../engine/index.ts'
import type { RaceBenchmark, WorkLeft } from '../../../results/race-schema.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { budgetOf, PEER_STRATEGY } from '../../targets/peers/budget.ts'
import { replayOptions } from '../../targets/peers/db-bench-options.ts'
import { runDbBench } from '../../targets/peers/db-bench-peer.ts'
import { ENTRY_BYTES, KEY_BYTES, VALUE_BYTES } from './entries.ts'
import { type GroupFigure, type GroupTask, type TaskName, WrongAnswer } from './group.ts'

type Flags = Readonly<Record<string, string | number>>

/** A process: benchmarks in their order, and what they mean to us. */
interface Pass {
  readonly benchmarks: string
  readonly flags?: Flags
  /** By the name in its output; of a name that comes twice, the last. */
  readonly figures: Readonly<Record<string, RaceBenchmark | readonly RaceBenchmark[]>>
}

const EXISTING = { use_existing_db: 1 }
const BATCHES = { batch_size: 100 }

function passesOf({ name, size, seed }: GroupTask): readonly Pass[] {
  const { entries } = size
  const third = { reads: Math.max(Math.ceil(entries / 3), 100) }
  const passes: Readonly<Partial<Record<TaskName, readonly Pass[]>>> = {
    fillseq: [{ benchmarks: 'fillseq', flags: BATCHES, figures: { fillseq: 'fillseq' } }],
    fillrandom: [
      { benchmarks: 'fillrandom', flags: BATCHES, figures: { fillrandom: 'fillrandom' } },
      {
        benchmarks: 'overwrite',
        flags: { ...BATCHES, ...EXISTING, seed: seed + 1 },
        figures: { overwrite: 'overwrite' },
      },
    ],
    put: [
      {
        benchmarks: 'fillrandom',
        flags: { writes: Math.max(Math.ceil(entries / 5), 100) },
        figures: { fillrandom: 'put-now' },
      },
    ],
    sync: [
      {
        benchmarks: 'fillrandom',
        flags: { sync: 1, writes: Math.max(Math.ceil(entries / 200), 20) },
        figures: { fillrandom: 'sync-1' },
      },
      {
        benchmarks: 'fillrandom',
        flags: { sync: 1, threads: 64, writes: Math.max(Math.ceil(entries / 60 / 64), 1) },
        figures: { fillrandom: 'sync-64' },
      },
    ],
    // Its compactions come to an end while it reads.
    load: [{ benchmarks: 'filluniquerandom,readrandom', flags: third, figures: {} }],
    reads: [
      {
        benchmarks: 'readseq,readrandom,readrandom,readmissing,multireadrandom',
        flags: { ...EXISTING, ...BATCHES, ...third },
        figures: { readrandom: 'get-hit', readmissing: 'get-miss', multireadrandom: 'get-many' },
      },
      {
        benchmarks: 'readseq,readseq,readreverse',
        flags: EXISTING,
        figures: {
          readseq: ['scan', 'walk'],
          readreverse: ['scan-reverse', 'walk-reverse'],
        },
      },
      {
        benchmarks: 'readseq,seekrandom',
        flags: { ...EXISTING, seek_nexts: 10, reads: Math.max(Math.ceil(entries / 10), 20) },
        figures: { seekrandom: 'seek-10' },
      },
    ],
    cached: [
      {
        benchmarks: 'readseq,readrandom,readrandom,readmissing',
        flags: { ...EXISTING, ...third, cache_size: size.largeCacheBytes },
        figures: { readrandom: 'get-hit-cached', readmissing: 'get-miss-cached' },
      },
    ],
    delete: [
      {
        benchmarks: 'deleterandom',
        flags: { ...EXISTING, ...BATCHES },
        figures: { deleterandom: 'delete' },
      },
    ],
    merge: [{ benchmarks: 'compact', flags: EXISTING, figures: { compact: 'full-merge' } }],
  }
  return passes[name] ?? []
}

/** Does the task. Throws `UsageError` if there is no db_bench, `Interrupted` on the signal. */
export async function runNatively(
  task: GroupTask,
  signal: AbortSignal,
): Promise<readonly GroupFigure[]> {
  const figures: GroupFigure[] = []
  for (const { benchmarks, flags = {}, figures: names } of passesOf(task)) {
    const all: Flags = {
      db: task.folder,
      benchmarks,
      num: task.size.entries,
      key_size: KEY_BYTES,
      value_size: VALUE_BYTES,
      compression_ratio: 0.5,
      seed: task.seed,
      ...nativeOptions(task).flags,
      ...flags,
    }
    const output = await runDbBench(
      Object.entries(all).map(([name, value]) => `--${name}=${value}`),
      signal,
    )
    for (const [name, ours] of Object.entries(names)) {
      const report = reportOf(output, name)
      checkFound(name, report)
      for (const benchmark of [ours].flat()) {
        if (!task.benchmarks.includes(benchmark)) continue
        const perSecond = benchmark === 'full-merge' ? megabytes(task) : report.operations
        figures.push({
          benchmark,
          value: perSecond / report.seconds,
          workLeft: isOfWrites(task.name) ? UNKNOWN_WORK : null,
        })
      }
    }
  }
  return figures
}

/** The memory, blocks and tree of our engine, as flags of `db_bench` and as lines of settings. */
export function nativeOptions({ size, compression }: Pick<GroupTask, 'size' | 'compression'>) {
  const { memtableBytes, blockCacheBytes } = size
  const engine: EngineOptionsInput = { memtableBytes, blockCacheBytes, compression }
  return replayOptions({
    budget: budgetOf(parseEngineOptions(engine), {}),
    follows: { name: PEER_STRATEGY, params: paramsOf() },
    entryBytes: ENTRY_BYTES,
    arrivalIntervalNs: null,
  })
}

function paramsOf() {
  type Params = Parameters<typeof replayOptions>[0]['follows']['params']
  return STRATEGIES.get(PEER_STRATEGY)!.parse({}) as Params
}

/** It closes without waiting for compactions. */
const UNKNOWN_WORK: WorkLeft = {
  debtBytes: null,
  isDrained: false,
  drainedBytes: null,
  drainSeconds: 0,
}

function isOfWrites(name: TaskName): boolean {
  return name !== 'reads' && name !== 'cached' && name !== 'merge'
}

function megabytes({ size }: GroupTask): number {
  return (size.entries * ENTRY_BYTES) / 1e6
}

interface NativeReport {
  readonly operations: number
  readonly seconds: number
  /** Keys that were found, and keys asked for; null if the benchmark does not say. */
  readonly found: readonly [found: number, asked: number] | null
}

/** 'readrandom : 9.3 micros/op 106906 ops/sec 0.468 seconds 50000 operations; (5 of 5 found)' */
export function reportOf(output: string, name: string): NativeReport {
  const line = new RegExp(
    `^${name} +: +([\\d.]+) micros/op (\\d+) ops/sec ([\\d.]+) seconds (\\d+) operations;(.*)$`,
    'gm',
  )
  const match = [...output.matchAll(line)].at(-1)
  if (match === undefined) throw new Error(`db_bench: no result of ${name}`)
  const [, micros, rate, seconds, count, rest] = match
  const found = /\((\d+) of (\d+) found\)/.exec(rest!)
  const operations = Number(count)
  return {
    operations,
    // It rounds seconds to milliseconds, and the rate to whole operations.
    seconds: Number(rate) >= 1000 ? operations / Number(rate) : Number(seconds || micros),
    found: found === null ? null : [Number(found[1]), Number(found[2])],
  }
}

function checkFound(name: string, { found }: NativeReport): void {
  if (found === null) return
  const expected = name === 'readmissing' ? 0 : found[1]
  if (found[0] === expected) return
  throw new WrongAnswer(`db_bench: ${name}: found ${found[0]} of ${found[1]} keys`)
}
