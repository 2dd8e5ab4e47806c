/**
 * Owns RocksDB's db_bench benchmarks as specs, with its names, option names and defaults
 * (tools/db_bench_tool.cc; LevelDB's benchmarks/db_bench.cc has the older half of them). Keys and
 * sizes have the same distributions; the random numbers are ours. `num` is --records. `reads`,
 * `writes` and `deletes` below zero mean a share of --operations; for fills they mean `num`.
 *
 * Operations that db_bench runs on several threads are interleaved in one stream, by
 * `readsperwrite`.
 */

import { z } from 'zod'
import { nearestHint } from '../nearest.ts'
import type { SizeDistribution } from '../spec/distribution-schema.ts'
import type { WorkloadSpecInput } from '../spec/spec-schema.ts'
import { definePreset, type SpecPreset } from './preset.ts'

const SOURCE = 'RocksDB tools/db_bench_tool.cc'
const FAMILY = 'db_bench'
const OURS = 'ours: db_bench has no such option'

const count = z.int().min(-1).max(1e12)
const bytes = z
  .int()
  .min(0)
  .max(2 ** 30)
const percent = z.int().min(0).max(100)

const params = z.strictObject({
  key_size: z.int().min(1).max(255).default(16).describe('bytes of a key'),
  value_size: bytes.default(100).describe('bytes of a value'),
  value_size_distribution_type: z.enum(['fixed', 'uniform', 'normal']).default('fixed'),
  value_size_min: bytes.default(100).describe('where sizes vary'),
  value_size_max: bytes.default(102_400).describe('where sizes vary'),
  compression_ratio: z.number().min(0).max(1).default(0.5).describe('compressed ÷ raw'),
  reads: count.default(-1).describe('operations of a benchmark that reads'),
  writes: count.default(-1).describe('operations of a benchmark that writes'),
  deletes: count.default(-1).describe('operations of a benchmark that deletes'),
  seek_nexts: z.int().min(0).max(1e6).default(0).describe('entries read after a seek'),
  readwritepercent: percent.default(90).describe('readrandomwriterandom: reads'),
  deletepercent: percent.default(2).describe('randomwithverify: deletes'),
  load_order: z
    .enum(['ascending', 'shuffled', 'random'])
    .default('shuffled')
    .describe('what a benchmark without a fill finds: fillseq’s, filluniquerandom’s, fillrandom’s'),
  readsperwrite: z
    .number()
    .min(0)
    .max(1e6)
    .default(1)
    .describe('…whilewriting: reads for each write of the thread beside them'),
  readseq_scan: z.int().min(1).max(1e6).default(100).describe('readseq: entries an operation'),
})

type Params = z.output<typeof params>
type Phase = NonNullable<WorkloadSpecInput['phases']>[number]
type Keys = NonNullable<Phase['keys']>
type Steps = Phase['steps']

const UNIFORM: Keys = { distribution: 'uniform' }
const SEQUENTIAL: Keys = { distribution: 'sequential' }

interface Benchmark {
  readonly description: string
  /** Whether db_bench starts it from an empty database. */
  readonly fills?: boolean
  readonly counted: 'reads' | 'writes' | 'deletes'
  phase(given: Params): { readonly keys?: Keys; readonly steps: Steps; readonly perRecord?: number }
}

const put = (keys: Keys) => () => ({ keys, steps: [{ operation: 'update' as const }] })
const seek = ({ seek_nexts }: Params) => ({
  operation: 'scan' as const,
  scanLength: Math.max(1, seek_nexts),
})
const beside = (step: Steps[number], { readsperwrite }: Params): Steps => [
  { ...step, weight: readsperwrite },
  { operation: 'update', weight: 1 },
]

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  fillseq: {
    description: 'write every key in order',
    fills: true,
    counted: 'writes',
    phase: put(SEQUENTIAL),
  },
  fillrandom: {
    description: 'write keys at random, with replacement: a third is never written',
    fills: true,
    counted: 'writes',
    phase: put(UNIFORM),
  },
  filluniquerandom: {
    description: 'write every key once, in random order',
    fills: true,
    counted: 'writes',
    phase: put({ distribution: 'shuffled' }),
  },
  fill100K: {
    description: 'write num/1000 values of 100,000 bytes at random',
    fills: true,
    counted: 'writes',
    phase: () => ({ steps: [{ operation: 'update', valueBytes: 100_000 }], perRecord: 0.001 }),
  },
  overwrite: {
    description: 'write keys at random over a full database',
    counted: 'writes',
    phase: put(UNIFORM),
  },
  updaterandom: {
    description: 'read a random key, then write it',
    counted: 'writes',
    phase: () => ({ steps: [{ operation: 'read-modify-write' }] }),
  },
  readrandom: {
    description: 'read keys at random',
    counted: 'reads',
    phase: () => ({ steps: [{ operation: 'read' }] }),
  },
  readmissing: {
    description: 'read missing keys, one byte longer than the existing ones',
    counted: 'reads',
    phase: () => ({ steps: [{ operation: 'read', missing: true }] }),
  },
  readseq: {
    description: 'read all entries in order, as scans that continue where the last one ended',
    counted: 'reads',
    phase: ({ readseq_scan }) => ({
      keys: { distribution: 'sequential', step: readseq_scan },
      steps: [{ operation: 'scan', scanLength: readseq_scan }],
    }),
  },
  seekrandom: {
    description: 'seek to random keys and read seek_nexts entries',
    counted: 'reads',
    phase: (given) => ({ steps: [seek(given)] }),
  },
  readwhilewriting: {
    description: 'readrandom with writes between, one stream',
    counted: 'reads',
    phase: (given) => ({ steps: beside({ operation: 'read' }, given) }),
  },
  seekrandomwhilewriting: {
    description: 'seekrandom with writes between, one stream',
    counted: 'reads',
    phase: (given) => ({ steps: beside(seek(given), given) }),
  },
  readrandomwriterandom: {
    description: 'reads and writes at random, by readwritepercent',
    counted: 'reads',
    phase: ({ readwritepercent }) => ({
      steps: [
        { operation: 'read', weight: readwritepercent },
        { operation: 'update', weight: 100 - readwritepercent },
      ],
    }),
  },
  randomwithverify: {
    description: 'reads, writes and deletes at random (one key each, where db_bench takes three)',
    counted: 'reads',
    phase: ({ readwritepercent, deletepercent }) => ({
      steps: [
        { operation: 'read', weight: readwritepercent },
        { operation: 'delete', weight: deletepercent },
        { operation: 'update', weight: Math.max(0, 100 - readwritepercent - deletepercent) },
      ],
    }),
  },
  deleteseq: {
    description: 'delete every key in order',
    counted: 'deletes',
    phase: () => ({ keys: SEQUENTIAL, steps: [{ operation: 'delete' }] }),
  },
  deleterandom: {
    description: 'delete keys at random',
    counted: 'deletes',
    phase: () => ({ steps: [{ operation: 'delete' }] }),
  },
}

/**
 * Runs `benchmarks` in turn on one database. A fill after the first overwrites the existing
 * records.
 */
function specOf(benchmarks: readonly string[], given: Params): WorkloadSpecInput {
  const phases = benchmarks.map((name): Phase => {
    const { fills, counted, phase } = BENCHMARKS[name]!
    const { perRecord = 1, ...rest } = phase(given)
    const operations = given[counted]
    if (operations >= 0) return { name, ...rest, operations }
    return fills ? { name, ...rest, perRecord } : { name, ...rest }
  })
  const isFull = BENCHMARKS[benchmarks[0]!]?.fills !== true
  return {
    keys: dbBenchKeys(given.key_size),
    values: { bytes: valueBytes(given), compressionRatio: given.compression_ratio },
    load: isFull ? { order: given.load_order } : null,
    phases,
  }
}

/**
 * `GenerateKeyFromInt`: the number in 8 bytes, big-endian, then digits 0. (If keys are narrower,
 * db_bench keeps the high bytes, which are all equal; we keep the low bytes.)
 */
export function dbBenchKeys(keySize: number): WorkloadSpecInput['keys'] {
  return { parts: [{ encoding: 'binary', width: Math.min(8, keySize) }], bytes: keySize }
}

function valueBytes(given: Params): SizeDistribution {
  const [min, max] = [given.value_size_min, given.value_size_max]
  switch (given.value_size_distribution_type) {
    case 'fixed':
      return given.value_size
    case 'uniform':
      return { distribution: 'uniform', min, max }
    case 'normal': {
      const spread = { mean: (min + max) / 2, deviation: Math.max(1, max - min) / 6 }
      return { distribution: 'normal', ...spread, min, max }
    }
  }
}

const sources = { load_order: OURS, readsperwrite: OURS, readseq_scan: OURS }

const benchmarkNames = Object.keys(BENCHMARKS)

/** A text with commas, as db_bench accepts; in JSON, also a list. */
const benchmarkList = z
  .union([z.string(), z.array(z.string()).transform((names) => names.join(','))])
  .superRefine((text, context) => {
    const unknown = text.split(',').find((name) => !benchmarkNames.includes(name))
    if (unknown === undefined) return
    const message = `unknown benchmark "${unknown}"${nearestHint(unknown, benchmarkNames)}`
    context.addIssue({ code: 'custom', message })
  })

export const DB_BENCH_PRESETS: readonly SpecPreset[] = [
  ...benchmarkNames.map((name) =>
    definePreset({
      name,
      family: FAMILY,
      description: BENCHMARKS[name]!.description,
      params,
      source: SOURCE,
      sources,
      spec: (given) => specOf([name], given),
    }),
  ),
  definePreset({
    name: 'db-bench',
    family: FAMILY,
    description: 'several of its benchmarks in turn, a phase each: --param=benchmarks=…',
    params: z.strictObject({
      benchmarks: benchmarkList
        .prefault('fillrandom,overwrite,readrandom')
        .describe('in turn, on one database; --operations is divided among those that do not fill'),
      ...params.shape,
    }),
    source: SOURCE,
    sources: { ...sources, benchmarks: 'ours: db_bench runs nearly all of them' },
    spec: ({ benchmarks, ...given }) => specOf(benchmarks.split(','), given),
  }),
]
