/**
 * Owns a fabricated result for tests of readers and charts. Its figures come from a formula and are
 * consistent with each other; none was measured.
 */

import {
  type Amplification,
  type ReadAccount,
  type RunResult,
  runResultSchema,
  type SeriesPoint,
} from '../schema.ts'

export interface SampleOptions {
  readonly strategy?: string
  readonly params?: RunResult['config']['strategy']['params']
  readonly workload?: string
  readonly seed?: number
  /** Merged ÷ ingested bytes when drained: the strategy's cost. */
  readonly mergeFactor?: number
  /** Sorted runs that a get meets. */
  readonly runsPerGet?: number
  readonly longScans?: boolean
  readonly reads?: boolean
  readonly failedGates?: readonly RunResult['gates'][number][]
  /**
   * At a steady share of the sustainable rate, or at twice that rate. If missing, a closed loop.
   */
  readonly openLoop?: 'steady' | 'overloaded'
}

const RECORDS = 100_000
const RECORD_BYTES = 1_000
const INTERVALS = 60
const STRATEGY_FIGURES: Readonly<Record<string, readonly [mergeFactor: number, runs: number]>> = {
  leveling: [5.4, 3.2],
  'leveling-partial': [4.1, 4.6],
  'lazy-leveling': [3.1, 6.9],
  tiering: [2.2, 9.7],
  fluid: [3.6, 6.1],
  universal: [2.6, 8.2],
}

/** A fabricated result. Fields with defaults in the schema may be left out. */
export function sampleResult(options: SampleOptions = {}): RunResult {
  return runResultSchema.parse(sample(options))
}

function sample(options: SampleOptions): unknown {
  const strategy = options.strategy ?? 'tiering'
  const workload = options.workload ?? 'ycsb-a'
  const seed = options.seed ?? 42
  const [knownFactor, knownRuns] = STRATEGY_FIGURES[strategy] ?? [3, 5]
  const jitter = 1 + ((seed * 7919) % 13) / 200
  const mergeFactor = (options.mergeFactor ?? knownFactor) * jitter
  const runsPerGet = options.runsPerGet ?? knownRuns
  const loadBytes = RECORDS * RECORD_BYTES
  const runBytes = options.reads === false ? loadBytes : loadBytes / 2
  const userBytes = loadBytes + runBytes
  const drained = amplification(userBytes, mergeFactor, loadBytes)
  const burst = amplification(userBytes, mergeFactor * 0.86, loadBytes)
  const written = (share: number) => scaled(burst.bytesWrittenByCause, share)
  const reads = options.reads !== false
  const [shortScans, longScans] = [reads ? 3_000 : 0, options.longScans === true ? 700 : 0]
  const updates = (reads ? RECORDS / 2 : RECORDS) - shortScans - longScans
  const kinds = { read: RECORDS / 2, update: updates, scan: shortScans + longScans }
  const operationsByKind = Object.fromEntries(
    Object.entries(reads ? kinds : { ...kinds, read: 0 }).filter(([, count]) => count > 0),
  )
  const writtenByCause = drained.bytesWrittenByCause
  return {
    schemaVersion: 1,
    id: `${strategy}-${workload}-${seed}`,
    command: `npm run exp -- --strategy=${strategy} --workload=${workload} --seed=${seed}`.split(
      ' ',
    ),
    config: {
      strategy: {
        name: strategy,
        params: options.params ?? { T: 4 },
        primitives: {
          trigger: ['runs'],
          layout: 'tiering',
          granularity: ['level'],
          dataMovement: ['all'],
        },
      },
      workload: { name: workload, params: { theta: 0.99 }, loadOrder: 'hashed' },
      records: RECORDS,
      operations: RECORDS,
      valueBytes: null,
      engine: { memtableBytes: 1_048_576, compression: 'none' },
      seed,
      repeat: 0,
      target: 'varve',
      arrival: options.openLoop === undefined ? null : SCHEDULE[options.openLoop],
    },
    seeds: { load: seed + 1, run: seed + 2 },
    environment: {
      node: 'v24.21.0',
      cpuModel: 'Sample CPU',
      cores: 2,
      memoryBytes: 8_589_934_592,
      kernel: '6.1.0',
      os: 'linux',
      fileSystem: 'ext4',
      commit: '0123456789abcdef0123456789abcdef01234567',
      dirty: false,
      startedAt: '2026-01-01T00:00:00.000Z',
      varveVersion: '0.1.0',
    },
    deterministic: {
      phases: [
        {
          name: 'load',
          operationsByKind: { insert: RECORDS },
          userBytes: loadBytes,
          bytesWrittenByCause: written(loadBytes / userBytes),
          shapeAtStart: [],
        },
        {
          name: 'run',
          operationsByKind,
          userBytes: runBytes,
          bytesWrittenByCause: written(runBytes / userBytes),
          shapeAtStart: [1, 2, 3],
        },
        {
          name: 'drain',
          operationsByKind: {},
          userBytes: 0,
          bytesWrittenByCause: {
            compaction:
              drained.bytesWrittenByCause.compaction! - burst.bytesWrittenByCause.compaction!,
          },
          shapeAtStart: [3, 2, 3],
        },
      ],
      amplification: { burst, drained },
      readAmplification: {
        getHit: readAccount(reads ? 48_000 : 0, runsPerGet, 1.2),
        getMiss: readAccount(reads ? 2_000 : 0, runsPerGet * 1.3, 0.11),
        updateRead: readAccount(reads ? updates : 0, runsPerGet, 1.2),
        shortScan: readAccount(shortScans, runsPerGet * 1.4, 11.4),
        longScan: readAccount(longScans, runsPerGet * 1.4, 130),
      },
      levels: [
        {
          level: 0,
          runs: 0,
          tables: 0,
          bytes: 0,
          entries: 0,
          tombstones: 0,
          rawBytes: 0,
          bytesWritten: writtenByCause.flush!,
          bytesRead: writtenByCause.flush!,
          flushedRawBytes: drained.flushedRawBytes,
          mergedRawBytes: 0,
        },
        {
          level: 1,
          runs: 2,
          tables: 2,
          bytes: 0,
          entries: 0,
          tombstones: 0,
          rawBytes: 0,
          bytesWritten: 0,
          bytesRead: 0,
          flushedRawBytes: 0,
          mergedRawBytes: 0,
        },
        {
          level: 2,
          runs: 3,
          tables: 60,
          bytes: drained.physicalBytes,
          entries: RECORDS,
          tombstones: 0,
          rawBytes: loadBytes,
          bytesWritten: writtenByCause.compaction!,
          bytesRead: drained.mergedRawBytes,
          flushedRawBytes: 0,
          mergedRawBytes: drained.mergedRawBytes,
        },
      ],
      ledger: {
        cells: [
          writeCell('wal', -1, writtenByCause.wal!),
          writeCell('manifest', -1, writtenByCause.manifest!),
          writeCell('flush', 0, writtenByCause.flush!),
          writeCell('compaction', 2, writtenByCause.compaction!),
        ],
        balance: {
          presentAtOpenBytes: 0,
          appendedBytes: drained.physicalBytes + 400,
          linkedBytes: 0,
          truncatedBytes: 100,
          removedBytes: 300,
          liveBytes: drained.physicalBytes,
          conserved: true,
        },
      },
      counts: { flushes: 150, merges: 37, moves: 2, drops: 0 },
      series: series(userBytes, burst, drained, runsPerGet),
      events: {
        total: 189,
        log: [
          {
            kind: 'merge',
            atOperation: 4_000,
            inputs: [{ level: 0, runs: 4, tables: 4, bytes: 4_100_000 }],
            outputs: [{ level: 1, runs: 1, tables: 2, bytes: 4_050_000 }],
            bytesRead: 4_100_000,
            bytesWritten: 4_050_000,
            reason: { trigger: 'runs', formula: 'runs ≥ T', values: { level: 0, runs: 4, T: 4 } },
            scores: [
              { level: 0, score: 1 },
              { level: 1, score: 0.5 },
            ],
            candidates: { runs: 4, tables: 4 },
            shadowedDropped: 120,
            tombstonesDropped: 0,
            peakPhysicalBytes: 8_300_000,
          },
        ],
      },
      traceHash: `${workload.length.toString(16).padStart(4, '0')}${seed.toString(16).padStart(12, '0')}`,
      tableDigest: 'feedfacefeedface',
      peakPhysicalBytes: Math.round(drained.physicalBytes * 1.5),
      peakSpaceAmplification: (drained.physicalBytes * 1.5) / loadBytes,
      oracle: { kind: 'exact', oneIn: 1, recordsTracked: RECORDS, memoryBytes: 4 * RECORDS },
      longScanEntriesMin: 1_000,
    },
    timed: timed(options.openLoop, reads ? ['read', 50_000] : ['update', updates]),
    gates: [
      {
        name: 'conservation',
        passed: true,
        why: 'appended 900 B = live 500 B + removed 300 B + …',
      },
      ...(options.failedGates ?? []),
    ],
  }
}

const INTENDED = { p99Us: 900, p999Us: 9_000, maxUs: 41_000 }

const SCHEDULE = {
  steady: { kind: 'poisson', rate: '90%', clients: 4, params: {} },
  overloaded: { kind: 'poisson', rate: '200%', clients: 4, params: {} },
} as const

function timed(
  openLoop: SampleOptions['openLoop'],
  [kind, count]: readonly [kind: string, count: number],
): unknown {
  const service = {
    count,
    meanUs: 9.1,
    p50Us: 7.4,
    p90Us: 14.2,
    p99Us: 41,
    p999Us: 210,
    maxUs: 5_300,
    histogramBase64: '',
  }
  const overloaded = openLoop === 'overloaded'
  return {
    phases: [
      { name: 'load', wallSeconds: 2, throughputPerSecond: 50_000 },
      { name: 'run', wallSeconds: 2.5, throughputPerSecond: 40_000 },
      { name: 'drain', wallSeconds: 0.4, throughputPerSecond: null },
    ],
    arrival: openLoop === undefined ? 'closed' : 'open',
    arrivals:
      openLoop === undefined
        ? null
        : {
            kind: 'poisson',
            clients: 4,
            sustainablePerSecond: 40_000,
            offeredPerSecond: overloaded ? 80_000 : 36_000,
            achievedPerSecond: overloaded ? 40_000 : 36_000,
            lagMaxSeconds: overloaded ? 1.25 : 0.04,
            lagAtEndSeconds: overloaded ? 1.25 : 0,
            overloaded,
            why: overloaded ? 'standing backlog 620 ms, then 940 ms' : 'standing backlog 0 ms',
          },
    latencyByKind: overloaded ? {} : { [kind]: service },
    intendedLatencyByKind: openLoop === 'steady' ? { [kind]: { ...service, ...INTENDED } } : null,
    series: [{ atOperation: 10_000, wallSeconds: 0.2, throughputPerSecond: 50_000 }],
    events: [{ startSeconds: 0.08, wallSeconds: 0.0052 }],
    slowest: [
      {
        kind: 'update',
        atOperation: 4_000,
        startSeconds: 0.0799,
        serviceUs: 5_300,
        intendedUs: openLoop === undefined ? null : 41_000,
        overlaps: [
          { cause: 'merge', event: 0, us: 5_200 },
          { cause: 'gc', event: null, us: 800 },
        ],
      },
    ],
    overhead: { perOperationNs: 640, payloadPerOperationNs: 2_100 },
    peakRssBytes: 210_000_000,
    gcSeconds: null,
    eventLoopDelayP99Us: null,
  }
}

function amplification(
  userBytes: number,
  mergeFactor: number,
  liveLogicalBytes: number,
): Amplification {
  const wal = Math.round(userBytes * 1.03)
  const flush = Math.round(userBytes * 1.02)
  const compaction = Math.round(userBytes * mergeFactor)
  const mergedRawBytes = Math.round(userBytes * mergeFactor * 0.98)
  const physicalBytes = Math.round(liveLogicalBytes * (1.05 + 1.6 / mergeFactor))
  return {
    userBytes,
    bytesWrittenByCause: { wal, flush, compaction, manifest: 40_000 },
    flushedRawBytes: userBytes,
    mergedRawBytes,
    waTotal: (wal + flush + compaction + 40_000) / userBytes,
    waLsm: (flush + compaction) / userBytes,
    waEntries: (userBytes + mergedRawBytes) / userBytes,
    waRocksdb: (flush + compaction) / flush,
    waPebble: (wal + flush + compaction) / wal,
    spaceAmplification: physicalBytes / liveLogicalBytes,
    liveLogicalBytes,
    physicalBytes,
    debtBytes: 0,
    convention: 'level-0-run',
  }
}

function readAccount(operations: number, runs: number, blocks: number): ReadAccount {
  const total = (value: number) => Math.round(operations * value)
  const [runsProbed, bytesReturned] = [total(runs), total(1_000)]
  const [blocksFromCache, blocksFromStorage] = [total(blocks * 0.7), total(blocks * 0.3)]
  const bytesFromStorage = blocksFromStorage * 4_096
  const per = (value: number, of = operations) => (of === 0 ? null : value / of)
  return {
    operations,
    runsProbed,
    filterChecks: runsProbed,
    filterNegatives: total(runs * 0.8),
    filterFalsePositives: total(runs * 0.01),
    blocksFromCache,
    blocksFromStorage,
    bytesFromStorage,
    bytesReturned,
    runsPerOperation: per(runsProbed),
    blocksPerOperation: per(blocksFromCache + blocksFromStorage),
    blocksFromStoragePerOperation: per(blocksFromStorage),
    bytesReadPerByteReturned: per(bytesFromStorage, bytesReturned),
  }
}

function writeCell(cause: string, level: number, bytes: number) {
  return { cause, level, section: 'data', direction: 'write', bytes, calls: 150 }
}

type SampledPoint = Pick<
  SeriesPoint,
  'atOperation' | 'waTotal' | 'shape' | 'runs' | 'userBytes' | 'bytesWritten'
> &
  Partial<SeriesPoint>

/** Write amplification grows as the tree gets deeper. The last point is the drained tree. */
function series(
  userBytes: number,
  burst: Amplification,
  drained: Amplification,
  runsPerGet: number,
): readonly SampledPoint[] {
  const sumOf = (bytes: Amplification['bytesWrittenByCause']) =>
    Object.values(bytes).reduce((sum, each) => sum + each, 0)
  const most = sumOf(burst.bytesWrittenByCause)
  let bytesWritten = 0
  const points = Array.from({ length: INTERVALS }, (_, index): SampledPoint => {
    const share = (index + 1) / INTERVALS
    const user = Math.round(userBytes * share)
    const aim = burst.waTotal! * (0.35 + 0.65 * share ** 0.3) + (index % 4) * 0.06
    const deepest = Math.max(0, Math.floor(Math.min(runsPerGet, 12) * share - 1))
    const shape = [1 + (index % 4), index < 4 ? 0 : 1 + (Math.floor(index / 4) % 4), deepest]
    bytesWritten = Math.min(most, Math.max(bytesWritten, Math.round(user * aim)))
    return {
      atOperation: Math.round(2 * RECORDS * share),
      userBytes: user,
      bytesWritten,
      waTotal: bytesWritten / user,
      physicalBytes: Math.round(burst.physicalBytes * share),
      liveLogicalBytes: Math.round(Math.min(burst.liveLogicalBytes, user)),
      debtBytes: 0,
      runs: shape.reduce((sum, runs) => sum + runs, 0),
      shape,
    }
  })
  const last = points.at(-1)!
  const { waTotal, physicalBytes } = drained
  const total = sumOf(drained.bytesWrittenByCause)
  const end = { bytesWritten: total, waTotal, physicalBytes, shape: [0, 2, 3], runs: 5 }
  return [...points, { ...last, ...end }]
}

function scaled(
  bytesByCause: Amplification['bytesWrittenByCause'],
  share: number,
): Amplification['bytesWrittenByCause'] {
  return Object.fromEntries(
    Object.entries(bytesByCause).map(([cause, bytes]) => [cause, Math.floor(bytes * share)]),
  )
}
