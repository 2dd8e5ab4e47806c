/**
 * Owns the shape of the result of `varve bench peers`, version 1: what every store did in every
 * round, the medians, and the ratios of Varve to each other store with their intervals.
 */

import { z } from 'zod'
import { bytes, count, name } from './fields.ts'
import { environmentSchema, gateSchema } from './schema.ts'

export const RACE_SCHEMA_VERSION = 1

/** In the order in which tables and figures show them; Varve's executors first. */
export const RACED_ENGINES = [
  'varve-inline',
  'varve-threads',
  'leveldb',
  'rocksdb',
  'lmdb',
  'sqlite',
  'db_bench',
] as const
export type RacedEngine = (typeof RACED_ENGINES)[number]

export const VARVE_ENGINES = ['varve-inline', 'varve-threads'] as const
export type VarveEngine = (typeof VARVE_ENGINES)[number]

export const RACE_COMPRESSIONS = ['none', 'lz4'] as const
export type RaceCompression = (typeof RACE_COMPRESSIONS)[number]

/** The unit of a benchmark's figure. More is better, except for times and sizes. */
export const RACE_UNITS = ['operations/s', 'entries/s', 'MB/s', 'ms', 'bytes'] as const
export type RaceUnit = (typeof RACE_UNITS)[number]

/** Each benchmark: its unit, and what it does, in one line. */
export const RACE_BENCHMARKS = {
  fillseq: ['entries/s', 'batches of 100 puts, keys in order'],
  fillrandom: ['entries/s', 'batches of 100 puts, keys drawn at random'],
  overwrite: ['entries/s', 'as fillrandom, over what is there'],
  'put-awaited': ['operations/s', 'single puts at random; each promise is awaited'],
  'put-now': ['operations/s', 'single puts at random by a synchronous call'],
  'sync-1': ['operations/s', 'single puts, each on the device before it is acknowledged'],
  'sync-64': ['operations/s', 'as sync-1, by 64 writers at once'],
  'get-hit': ['operations/s', 'gets of keys that exist; the page cache holds the rest'],
  'get-miss': ['operations/s', 'gets of absent keys between those that exist'],
  'get-many': ['operations/s', 'as get-hit, 100 keys at once'],
  'get-hit-cached': ['operations/s', 'as get-hit; the block cache holds everything'],
  'get-miss-cached': ['operations/s', 'as get-miss; the block cache holds everything'],
  scan: ['entries/s', 'all entries in order, as pairs'],
  'scan-reverse': ['entries/s', 'all entries from the last to the first, as pairs'],
  walk: ['entries/s', 'all entries in order, in place where a store can, else as pairs'],
  'walk-reverse': ['entries/s', 'as walk, from the last to the first'],
  'seek-10': ['operations/s', 'a seek to a key that exists, and 10 entries from there'],
  delete: ['entries/s', 'batches of 100 deletions, keys drawn at random'],
  'ycsb-a': ['operations/s', '50 % reads, 50 % updates, Zipfian'],
  'ycsb-b': ['operations/s', '95 % reads, 5 % updates, Zipfian'],
  'ycsb-c': ['operations/s', 'reads, Zipfian'],
  'ycsb-f': ['operations/s', '50 % reads, 50 % read-modify-writes, Zipfian'],
  'ycsb-d': ['operations/s', '95 % reads of the latest, 5 % inserts'],
  'ycsb-e': ['operations/s', '95 % scans of 1 to 100 entries, 5 % inserts'],
  'full-merge': ['MB/s', 'everything into one sorted run, in keys and values'],
  open: ['ms', 'opening a large folder that was closed'],
  recovery: ['ms', 'opening it after a kill, with half a memtable in the log'],
  'memory-write': ['bytes', 'peak memory of the process of fillrandom and overwrite'],
  'memory-read': ['bytes', 'peak memory of the process of the gets and scans'],
} as const satisfies Readonly<Record<string, readonly [RaceUnit, string]>>

export type RaceBenchmark = keyof typeof RACE_BENCHMARKS
export const RACE_BENCHMARK_NAMES = Object.keys(RACE_BENCHMARKS) as RaceBenchmark[]

/** Whether a smaller figure of the benchmark is the better one. */
export function isLessBetter(benchmark: RaceBenchmark): boolean {
  const [unit] = RACE_BENCHMARKS[benchmark]
  return unit === 'ms' || unit === 'bytes'
}

const engine = z.enum(RACED_ENGINES)
const benchmark = z.enum(RACE_BENCHMARK_NAMES)
const compression = z.enum(RACE_COMPRESSIONS)

/** What a benchmark left to do in the background. */
const workLeft = z.strictObject({
  /** The store's estimate at the last operation of bytes still to be merged; null: it has none. */
  debtBytes: bytes.nullable(),
  /** Whether the work was waited for, outside of the measured time. */
  isDrained: z.boolean(),
  /** Bytes that the process wrote meanwhile; null: unknown. */
  drainedBytes: bytes.nullable(),
  drainSeconds: z.number().nonnegative(),
})

const figure = z.strictObject({
  engine,
  compression,
  benchmark,
  /** One figure for each round. */
  rounds: z.array(z.number().positive()).min(1),
  median: z.number().positive(),
  /** Of the last round; null where the benchmark writes nothing. */
  workLeft: workLeft.nullable(),
})

const ratio = z.strictObject({
  benchmark,
  compression,
  varve: z.enum(VARVE_ENGINES),
  peer: engine,
  /** Median over the rounds of how many times better Varve is: 2 is twice as fast, or half. */
  median: z.number().positive(),
  low: z.number().positive(),
  high: z.number().positive(),
  /** How sure it is that the interval holds the true median; 0 for a single round. */
  confidence: z.number().min(0).max(1),
})

const setting = z.strictObject({
  name,
  varve: z.json(),
  peer: z.json(),
  equal: z.boolean(),
  note: z.string(),
})

export const raceResultSchema = z.strictObject({
  schemaVersion: z.literal(RACE_SCHEMA_VERSION),
  race: z.literal('peers'),
  /** The arguments that reproduce it. */
  command: z.array(z.string()).min(1),
  seed: count,
  environment: environmentSchema,
  config: z.strictObject({
    entries: count,
    rounds: count,
    keyBytes: count,
    valueBytes: count,
    compressions: z.array(compression).min(1),
    memtableBytes: bytes,
    blockCacheBytes: bytes,
    /** Of the benchmarks that end in `-cached`. */
    largeCacheBytes: bytes,
    /** Keys and values of the folder that is opened and recovered. */
    recoveryBytes: bytes,
  }),
  engines: z
    .array(
      z.strictObject({
        engine,
        version: name,
        settings: z.array(setting),
        /** Benchmarks it took no part in, with the reason. */
        leftOut: z.array(z.strictObject({ benchmark, why: name })),
      }),
    )
    .min(1),
  /** Benchmarks that nobody ran. */
  leftOut: z.array(z.strictObject({ what: name, why: name })),
  figures: z.array(figure).min(1),
  ratios: z.array(ratio),
  gates: z.array(gateSchema),
  wallSeconds: z.number().nonnegative(),
})

export type RaceResult = z.infer<typeof raceResultSchema>
export type RaceFigure = RaceResult['figures'][number]
export type RaceRatio = RaceResult['ratios'][number]
export type WorkLeft = NonNullable<RaceFigure['workLeft']>
