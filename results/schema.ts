/**
 * Owns the shape of one run's result, version 1: the configuration, the machine, the cost in bytes,
 * blocks and runs (`deterministic`: bit-identical for equal seeds), the times (`timed`), and the
 * validity gates it passed. Every name contains its unit; README.md explains every field.
 *
 * Raw counters are stored beside every ratio, because definitions of amplification differ.
 */

import { z } from 'zod'
import { deterministicSchema } from './deterministic-schema.ts'
import { bytes, count, hexHash, name, ratio } from './fields.ts'

export const SCHEMA_VERSION = 1

/** Fewer samples do not support a 99.9th percentile. */
export const P999_SAMPLES_MIN = 10_000
/** Fewer samples do not support a 99.99th percentile. */
export const P9999_SAMPLES_MIN = 100_000

/** The kinds of arrival schedule, under the names of `--arrival`. */
export const ARRIVALS = ['closed', 'constant', 'poisson', 'sine', 'steps', 'trace'] as const

const arrivalConfig = z.strictObject({
  kind: z.enum(ARRIVALS),
  /** As requested: operations per second, or a share of the sustainable rate such as '90%'. */
  rate: z.string().nullable(),
  clients: z.int().positive(),
  /** Parameters of the schedule's shape, by name. */
  params: z.record(name, z.union([z.number(), z.string()])),
})

const params = z.record(z.string(), z.json())

/** How background work ran beside the operations. */
const scheduling = z.strictObject({
  /** 'threads': worker threads, in real time; 'virtual': a modelled device, in logical time. */
  executor: z.enum(['threads', 'virtual']),
  /** The policy that divides workers and bandwidth. */
  policy: name,
  backgroundJobs: z.int().positive(),
  memtablesMax: z.int().positive(),
  slowdown: name,
  /** The modelled device; missing in real time. */
  device: z
    .strictObject({
      /** Megabytes of 10⁶ bytes a second. */
      readMBps: z.number().positive(),
      writeMBps: z.number().positive(),
      /** Waiting for the answer to one read. */
      latencyUs: z.number().nonnegative(),
      /** To create a file and make it durable. */
      fileUs: z.number().nonnegative(),
      /** Of the clients' only thread, for one operation. */
      operationUs: z.number().nonnegative(),
    })
    .exactOptional(),
})

const config = z.strictObject({
  strategy: z.strictObject({
    name,
    params,
    /** SHA-256 of the user's own module; null for a registered strategy. */
    moduleDigest: hexHash.nullable().default(null),
    /**
     * The four choices that define a compaction strategy; null if the target decides them itself.
     */
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
    /**
     * Compressed ÷ raw, by LZ4 over blocks of values; null if there is no target, or nothing was
     * written.
     */
    valueCompression: z.strictObject({ targetRatio: ratio, achievedRatio: ratio }).optional(),
  }),
  records: count,
  operations: count,
  /** Null means the workload's own records. */
  valueBytes: count.nullable(),
  engine: params,
  seed: count,
  repeat: count,
  target: name,
  /** How operations arrive; null means one client in a closed loop. */
  arrival: arrivalConfig.nullable().default(null),
  /** The loaded tree from which the run started; null if it loaded its own. */
  aged: z.strictObject({ tree: hexHash }).nullable().default(null),
  /** Missing: flushes and compactions run inside the operation that makes them due. */
  scheduling: scheduling.exactOptional(),
  /**
   * The run phase continues beyond `operations` until this state; null if it ends at `operations`.
   */
  until: z
    .strictObject({
      state: z.literal('steady'),
      /** The run phase ends here at the latest. */
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
  /** File system of the database's folder. */
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
    /** Null below 10,000 samples. */
    p999Us: microseconds.nullable(),
    /** Null below 100,000 samples. */
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

/** The requested and the achieved schedule; null for one client in a closed loop. */
const arrivals = z.strictObject({
  kind: z.enum(ARRIVALS),
  clients: z.int().positive(),
  /** Operations ÷ the time between the first and the last intended start; null in closed loops. */
  offeredPerSecond: ratio,
  /** Operations ÷ the time from the first intended start to the last completion. */
  achievedPerSecond: ratio,
  /**
   * Rate that the same run reached before in a closed loop, including its drain; null if it was not
   * measured.
   */
  sustainablePerSecond: ratio,
  /** Start − intended start: the worst of all operations, and that of the last one. */
  lagMaxSeconds: seconds.nullable(),
  lagAtEndSeconds: seconds.nullable(),
  /** The backlog grew until the end: the run has no meaningful latencies, and none are kept. */
  overloaded: z.boolean(),
  /** One line with the figures that decided it. */
  why: z.string(),
})

/** Possible causes of slow operations. */
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
  /** Start of the operation, since the load started. */
  startSeconds: seconds,
  serviceUs: microseconds,
  /** Latency from the intended start; null in a closed loop of one client. */
  intendedUs: microseconds.nullable(),
  /**
   * Everything that overlapped the operation, longest first: each event separately, other delays
   * totalled per cause.
   */
  overlaps: z.array(
    z.strictObject({
      cause: z.enum(DELAY_CAUSES),
      /** Index in `deterministic.events.log`; null if there is no such event. */
      event: count.nullable(),
      us: microseconds,
    }),
  ),
})

const stallTimes = z.strictObject({
  /** Time for which groups of writes were delayed, and for which they were stopped. */
  slowdownSeconds: seconds,
  stopSeconds: seconds,
})

/** Why writers can be held: memtables that wait for a flush, runs of level 0, merge debt. */
export const STALL_CAUSES = ['memtables', 'level0', 'debt'] as const

/** Background work that ran beside the operations. Times count from the start of the load. */
const background = z.strictObject({
  /**
   * Where the clients of the run phases read: each in a thread of its own, or all of them in the
   * harness's thread. Writes always start in the harness's thread.
   */
  clientsIn: z.enum(['threads', 'one-thread']),
  /** Of the whole run, by cause. */
  stalls: z.record(z.enum(STALL_CAUSES), stallTimes),
  stallEvents: z.strictObject({
    total: count,
    /** The first ones, in the order of their ends. */
    log: z.array(
      z.strictObject({
        cause: z.enum(STALL_CAUSES),
        step: z.enum(['slowdown', 'stop']),
        startSeconds: seconds,
        endSeconds: seconds,
        /** Groups of writes that were held, and for how long in sum. */
        groups: count,
        delayedSeconds: seconds,
      }),
    ),
  }),
  /** One for each event of `deterministic.events.log`, item by item. */
  jobs: z.array(
    z.strictObject({
      queuedSeconds: seconds,
      startedSeconds: seconds,
      endedSeconds: seconds,
      installedSeconds: seconds,
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
    /** 'closed': the next operation waits for the previous one, so latencies hide queueing. */
    arrival: z.enum(['closed', 'open']),
    arrivals: arrivals.nullable().default(null),
    /** Service time in the run phase, by operation kind; empty if the run was overloaded. */
    latencyByKind: z.record(name, latency),
    /**
     * The same from the intended start; null for one client in a closed loop, and if overloaded.
     */
    intendedLatencyByKind: z.record(name, latency).nullable().default(null),
    series: z.array(
      z.strictObject({
        atOperation: count,
        wallSeconds: z.number().nonnegative(),
        throughputPerSecond: z.number().nonnegative(),
        /**
         * Within the interval: time that operations spent in flushes and compactions, and the
         * number of these operations. Beside background work: time for which writers were held,
         * and the number of groups of writes that were.
         */
        stallSeconds: seconds.nullable().default(null),
        stalledOperations: count.nullable().default(null),
        gcSeconds: seconds.nullable().default(null),
        /** The longest time that the event loop had to wait. */
        eventLoopDelayMaxUs: microseconds.nullable().default(null),
        /** Of the service times of all kinds; null without timed operations. */
        p50Us: microseconds.nullable().default(null),
        p99Us: microseconds.nullable().default(null),
      }),
    ),
    /** Times of the events of `deterministic.events.log`, item by item. */
    events: z.array(z.strictObject({ startSeconds: seconds, wallSeconds: seconds })).default([]),
    /** Missing with inline scheduling. */
    background: background.exactOptional(),
    /** The slowest operations of the run phase, slowest first. */
    slowest: z.array(slowOperation).default([]),
    /** The harness's own time per operation of the run phase; subtracted nowhere. */
    overhead: z
      .strictObject({
        /** Generating, timing and recording, without making the value. */
        perOperationNs: z.number().nonnegative(),
        /** Making values: a mean over all operations, estimated from a sample. */
        payloadPerOperationNs: z.number().nonnegative(),
      })
      .nullable()
      .default(null),
    /** The system's own counters of the process between the opening and the drained reading. */
    operatingSystem: z
      .strictObject({
        writtenBytes: bytes,
        writeCalls: count,
        readBytes: bytes,
        readCalls: count,
        /** To and from the device, in pages. Reported only; no gate checks it. */
        deviceWrittenBytes: bytes,
        deviceReadBytes: bytes,
        /**
         * Bytes beyond ledger and terminal. Reads include everything that the process loads, so no
         * gate checks them.
         */
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

/** The figures on which a gate's failure casts doubt. */
export const GATE_COVERS = ['amplification', 'time'] as const

export const gateSchema = z.strictObject({
  /** kebab-case, for example 'conservation'. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected kebab-case'),
  passed: z.boolean(),
  /** One line with the figures that decided it. */
  why: z.string(),
  /** Missing in results written before gates had this field; `gate-covers.ts` supplies it. */
  covers: z.array(z.enum(GATE_COVERS)).min(1).optional(),
  /** The arguments of a run that passes the gate; missing if it passed, or if none is known. */
  remedy: z.array(z.string()).min(1).optional(),
})

export const runResultSchema = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Unique within a folder of results. It is also the file's name. */
  id: name,
  /** The arguments that reproduce the run. */
  command: z.array(z.string()).min(1),
  config,
  /** Derived seed for each role. */
  seeds: z.record(z.string(), count),
  environment: environmentSchema,
  deterministic: deterministicSchema,
  timed,
  gates: z.array(gateSchema),
})

export type RunResult = DeepReadonly<z.infer<typeof runResultSchema>>
export type Deterministic = RunResult['deterministic']
export type Amplification = Deterministic['amplification']['drained']
export type ReadAccount = Deterministic['readAmplification']['getHit']
export type SeriesPoint = Deterministic['series'][number]
export type ResultEvent = Deterministic['events']['log'][number]
export type Timed = RunResult['timed']
export type SchedulingConfig = NonNullable<RunResult['config']['scheduling']>
export type DeviceConfig = NonNullable<SchedulingConfig['device']>
export type Background = NonNullable<Timed['background']>
export type ArrivalConfig = NonNullable<RunResult['config']['arrival']>
export type Arrivals = NonNullable<Timed['arrivals']>
export type SlowOperation = Timed['slowest'][number]
export type DelayCause = SlowOperation['overlaps'][number]['cause']
export type Latency = Timed['latencyByKind'][string]
export type Gate = RunResult['gates'][number]
export type GateCover = (typeof GATE_COVERS)[number]

/** A growing queue has no latency: the measured value would depend on how long the run lasted. */
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
