/**
 * Owns the shape of one run's result, version 1: what was run, where, what it cost in bytes, blocks
 * and runs (`deterministic`: bit-identical for equal seeds), what it took in time (`timed`), and
 * which validity gates it passed. Every name carries its unit; README.md explains every field.
 *
 * Raw counters are stored beside every ratio, because definitions of amplification differ.
 */

import { z } from 'zod'
import { deterministicSchema } from './deterministic-schema.ts'
import { bytes, count, hexHash, name, ratio } from './fields.ts'

export const SCHEMA_VERSION = 1

/** Fewer samples than this do not support a 99.9th percentile. */
export const P999_SAMPLES_MIN = 10_000
/** The same for a 99.99th. */
export const P9999_SAMPLES_MIN = 100_000

/** The kinds of schedule, as `--arrival` names them. */
export const ARRIVALS = ['closed', 'constant', 'poisson', 'sine', 'steps', 'trace'] as const

const arrivalConfig = z.strictObject({
  kind: z.enum(ARRIVALS),
  /** As asked for: operations a second, or a share of the sustainable rate such as '90%'. */
  rate: z.string().nullable(),
  clients: z.int().positive(),
  /** Of the schedule's shape, by name. */
  params: z.record(name, z.union([z.number(), z.string()])),
})

const params = z.record(z.string(), z.json())

const config = z.strictObject({
  strategy: z.strictObject({
    name,
    params,
    /** SHA-256 of the user's own module; null for a registered strategy. */
    moduleDigest: hexHash.nullable().default(null),
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
  workload: z.strictObject({
    name,
    params,
    loadOrder: name,
    /** LZ4 over blocks of values, compressed ÷ raw; null: no target, or nothing written. */
    valueCompression: z.strictObject({ targetRatio: ratio, achievedRatio: ratio }).optional(),
  }),
  records: count,
  operations: count,
  /** Null: the workload's own record. */
  valueBytes: count.nullable(),
  engine: params,
  seed: count,
  repeat: count,
  target: name,
  /** How operations arrive; null: one client in a closed loop. */
  arrival: arrivalConfig.nullable().default(null),
  /** The loaded tree the run started from; null: it loaded its own. */
  aged: z.strictObject({ tree: hexHash }).nullable().default(null),
  /** The run phase goes on beyond `operations` until this state; null: it ends there. */
  until: z
    .strictObject({
      state: z.literal('steady'),
      /** It ends there at the latest. */
      operationsMax: count,
    })
    .nullable()
    .default(null),
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
const seconds = z.number().nonnegative()

const latency = z
  .strictObject({
    count,
    meanUs: microseconds,
    p50Us: microseconds,
    p90Us: microseconds,
    p99Us: microseconds,
    /** Null under 10,000 samples. */
    p999Us: microseconds.nullable(),
    /** Null under 100,000 samples. */
    p9999Us: microseconds.nullable().default(null),
    maxUs: microseconds,
    /** HdrHistogram V2, compressed, in nanoseconds. */
    histogramBase64: z.string(),
  })
  .refine((figures) => figures.p999Us === null || figures.count >= P999_SAMPLES_MIN, {
    path: ['p999Us'],
    error: `expected null under ${P999_SAMPLES_MIN} samples`,
  })
  .refine((figures) => figures.p9999Us === null || figures.count >= P9999_SAMPLES_MIN, {
    path: ['p9999Us'],
    error: `expected null under ${P9999_SAMPLES_MIN} samples`,
  })

/** What the schedule asked for and what came of it; null for one client in a closed loop. */
const arrivals = z.strictObject({
  kind: z.enum(ARRIVALS),
  clients: z.int().positive(),
  /** Operations ÷ the time between the first and the last intended start; null in closed loops. */
  offeredPerSecond: ratio,
  /** Operations ÷ the time from the first intended start to the last completion. */
  achievedPerSecond: ratio,
  /** What the same run reached in a closed loop, its drain included, before; null: not asked. */
  sustainablePerSecond: ratio,
  /** Start − intended start of the operations: at the worst, and of the last one. */
  lagMaxSeconds: seconds.nullable(),
  lagAtEndSeconds: seconds.nullable(),
  /** The backlog grew to the end: the run has no latencies to quote, and none are kept. */
  overloaded: z.boolean(),
  /** One line with the figures that decided it. */
  why: z.string(),
})

/** What slow operations are laid to. */
const DELAY_CAUSES = [
  'flush',
  'merge',
  'move',
  'drop',
  'gc',
  'throttle',
  'harness',
  'queue',
] as const

const slowOperation = z.strictObject({
  kind: name,
  atOperation: count,
  /** Its start since the load began. */
  startSeconds: seconds,
  serviceUs: microseconds,
  /** From the intended start; null in a closed loop of one client. */
  intendedUs: microseconds.nullable(),
  /** What overlapped it, longest first, events apart and the rest summed by cause. */
  overlaps: z.array(
    z.strictObject({
      cause: z.enum(DELAY_CAUSES),
      /** Index in `deterministic.events.log`; null where there is none. */
      event: count.nullable(),
      us: microseconds,
    }),
  ),
})

const timed = z
  .strictObject({
    phases: z.array(
      z.strictObject({
        name: z.enum(['load', 'run', 'drain']),
        wallSeconds: z.number().nonnegative(),
        throughputPerSecond: ratio,
      }),
    ),
    /** 'closed': the next operation waits for the last, so latencies hide queueing. */
    arrival: z.enum(['closed', 'open']),
    arrivals: arrivals.nullable().default(null),
    /** Service time of the run phase, by operation kind; empty when the run was overloaded. */
    latencyByKind: z.record(name, latency),
    /** The same from the intended start; null for one client in a closed loop, and when overloaded. */
    intendedLatencyByKind: z.record(name, latency).nullable().default(null),
    series: z.array(
      z.strictObject({
        atOperation: count,
        wallSeconds: z.number().nonnegative(),
        throughputPerSecond: z.number().nonnegative(),
        /** Within the interval: what operations spent in flushes and compactions, and how many did. */
        stallSeconds: seconds.nullable().default(null),
        stalledOperations: count.nullable().default(null),
        gcSeconds: seconds.nullable().default(null),
        /** The longest the event loop was kept from its turn. */
        eventLoopDelayMaxUs: microseconds.nullable().default(null),
        /** Of service times of all kinds; null without operations that are timed. */
        p50Us: microseconds.nullable().default(null),
        p99Us: microseconds.nullable().default(null),
      }),
    ),
    /** When the events of `deterministic.events.log` happened, item by item. */
    events: z.array(z.strictObject({ startSeconds: seconds, wallSeconds: seconds })).default([]),
    /** The slowest operations of the run phase, slowest first. */
    slowest: z.array(slowOperation).default([]),
    /** What the harness itself took an operation of the run phase; subtracted nowhere. */
    overhead: z
      .strictObject({
        /** Generating, timing, recording, without the value. */
        perOperationNs: z.number().nonnegative(),
        /** Making values, a mean over all operations; estimated from a sample. */
        payloadPerOperationNs: z.number().nonnegative(),
      })
      .nullable()
      .default(null),
    /** The system's own account of the process between opening and drained reading. */
    operatingSystem: z
      .strictObject({
        writtenBytes: bytes,
        writeCalls: count,
        readBytes: bytes,
        readCalls: count,
        /** To and from the device, by pages: reported, never conserved. */
        deviceWrittenBytes: bytes,
        deviceReadBytes: bytes,
        /** Beyond ledger and terminal; reads hold whatever the process loads, so no gate asks. */
        unexplainedWrittenBytes: z.int().nullable(),
        unexplainedReadBytes: z.int().nullable(),
      })
      .nullable()
      .default(null),
    peakRssBytes: bytes,
    gcSeconds: z.number().nonnegative().nullable(),
    eventLoopDelayP99Us: microseconds.nullable(),
  })
  .refine(keepsNoLatencyOfOverload, {
    path: ['latencyByKind'],
    error: 'expected none of an overloaded run',
  })

/** What a gate's failure casts doubt on. */
export const GATE_COVERS = ['amplification', 'time'] as const

const gate = z.strictObject({
  /** kebab-case, for example 'conservation'. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected kebab-case'),
  passed: z.boolean(),
  /** One line with the figures that decided it. */
  why: z.string(),
  /** Left out in results written before gates said so: `gate-covers.ts` knows. */
  covers: z.array(z.enum(GATE_COVERS)).min(1).optional(),
  /** The arguments of a run that passes it; left out where it passed, or where none is known. */
  remedy: z.array(z.string()).min(1).optional(),
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
export type ArrivalConfig = NonNullable<RunResult['config']['arrival']>
export type Arrivals = NonNullable<Timed['arrivals']>
export type SlowOperation = Timed['slowest'][number]
export type DelayCause = SlowOperation['overlaps'][number]['cause']
export type Latency = Timed['latencyByKind'][string]
export type Gate = RunResult['gates'][number]
export type GateCover = (typeof GATE_COVERS)[number]

/** A queue that grows has no latency: whatever was measured depends on how long one watched. */
function keepsNoLatencyOfOverload(figures: {
  readonly arrivals: { readonly overloaded: boolean } | null
  readonly latencyByKind: object
  readonly intendedLatencyByKind: object | null
}): boolean {
  if (figures.arrivals?.overloaded !== true) return true
  return Object.keys(figures.latencyByKind).length === 0 && figures.intendedLatencyByKind === null
}

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T
