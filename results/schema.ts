/**
 * Owns the shape of one run's result, version 1: what was run, where, what it cost in bytes, blocks
 * and runs (`deterministic`: bit-identical for equal seeds), what it took in time (`timed`), and
 * which validity gates it passed. Every name carries its unit; README.md explains every field.
 *
 * Raw counters are stored beside every ratio, because definitions of amplification differ.
 */

import { z } from 'zod'
import { deterministicSchema } from './deterministic-schema.ts'
import { bytes, count, name, ratio } from './fields.ts'

export const SCHEMA_VERSION = 1

/** Fewer samples than this do not support a 99.9th percentile. */
export const P999_SAMPLES_MIN = 10_000

const params = z.record(z.string(), z.json())

const config = z.strictObject({
  strategy: z.strictObject({
    name,
    params,
    /** The four choices a compaction strategy is made of; null where a target has no say in them. */
    primitives: z
      .strictObject({
        trigger: z.array(name),
        layout: name,
        granularity: z.array(name),
        dataMovement: z.array(name),
      })
      .nullable(),
  }),
  workload: z.strictObject({ name, params, loadOrder: name }),
  records: count,
  operations: count,
  /** Null: the workload's own record. */
  valueBytes: count.nullable(),
  engine: params,
  seed: count,
  repeat: count,
  target: name,
})

export const environmentSchema = z.strictObject({
  node: name,
  cpuModel: z.string(),
  cores: z.int().positive(),
  memoryBytes: bytes,
  kernel: z.string(),
  os: z.string(),
  /** Of the folder the database lay in. */
  fileSystem: z.string(),
  /** Null outside a git checkout. */
  commit: z.string().nullable(),
  dirty: z.boolean(),
  startedAt: z.iso.datetime(),
  varveVersion: name,
})

const microseconds = z.number().nonnegative()

const latency = z
  .strictObject({
    count,
    meanUs: microseconds,
    p50Us: microseconds,
    p90Us: microseconds,
    p99Us: microseconds,
    /** Null under 10,000 samples. */
    p999Us: microseconds.nullable(),
    maxUs: microseconds,
    /** HdrHistogram V2, compressed, in nanoseconds. */
    histogramBase64: z.string(),
  })
  .refine((figures) => figures.p999Us === null || figures.count >= P999_SAMPLES_MIN, {
    path: ['p999Us'],
    error: `expected null under ${P999_SAMPLES_MIN} samples`,
  })

const timed = z.strictObject({
  phases: z.array(
    z.strictObject({
      name: z.enum(['load', 'run', 'drain']),
      wallSeconds: z.number().nonnegative(),
      throughputPerSecond: ratio,
    }),
  ),
  /** 'closed': the next operation waits for the last, so latencies hide queueing. */
  arrival: z.enum(['closed', 'open']),
  /** Service time of the run phase, by operation kind. */
  latencyByKind: z.record(name, latency),
  series: z.array(
    z.strictObject({
      atOperation: count,
      wallSeconds: z.number().nonnegative(),
      throughputPerSecond: z.number().nonnegative(),
    }),
  ),
  peakRssBytes: bytes,
  gcSeconds: z.number().nonnegative().nullable(),
  eventLoopDelayP99Us: microseconds.nullable(),
})

const gate = z.strictObject({
  /** kebab-case, for example 'conservation'. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected kebab-case'),
  passed: z.boolean(),
  /** One line with the figures that decided it. */
  why: z.string(),
})

export const runResultSchema = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Unique within a folder of results, and its file's name. */
  id: name,
  /** The arguments that reproduce the run. */
  command: z.array(z.string()).min(1),
  config,
  /** Derived seed by role. */
  seeds: z.record(z.string(), count),
  environment: environmentSchema,
  deterministic: deterministicSchema,
  timed,
  gates: z.array(gate),
})

export type RunResult = DeepReadonly<z.infer<typeof runResultSchema>>
export type Deterministic = RunResult['deterministic']
export type Amplification = Deterministic['amplification']['drained']
export type ReadAccount = Deterministic['readAmplification']['getHit']
export type SeriesPoint = Deterministic['series'][number]
export type ResultEvent = Deterministic['events']['log'][number]
export type Timed = RunResult['timed']
export type Latency = Timed['latencyByKind'][string]
export type Gate = RunResult['gates'][number]

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T
