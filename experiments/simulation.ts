/**
 * Owns a run on the simulator, from a plan to a result of the common schema. What no simulation
 * knows is null, empty or absent: times, latencies, blocks, the digest of files; a gate that cannot
 * pass, `measured`, says so wherever the result is shown.
 *
 * Two modes. *Exact* keys go through the runner as the engine does, and see the same stream.
 * *Statistical* runs have no stream: so many bytes of records are loaded, as expected numbers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deriveSeed, ManualClock, ReadCounters, systemClock } from '../engine/index.ts'
import { type Deterministic, type RunResult, SCHEMA_VERSION } from '../results/schema.ts'
import { uniformKeys } from '../strategies/simulator/key-model.ts'
import { StatisticalSimulator } from '../strategies/simulator/statistical-simulator.ts'
import { Operation } from '../workloads/index.ts'
import { hashOfJson } from './digest.ts'
import { describeEnvironment } from './environment.ts'
import { EventLog } from './event-log.ts'
import type { ExperimentContext } from './experiment.ts'
import { amplificationOf, balanceOf, levelsOf, readAccountOf, writtenByCause } from './figures.ts'
import { gatesOf } from './gates.ts'
import { Interrupted } from './interrupted.ts'
import { LONG_SCAN_ENTRIES_MIN } from './operation-driver.ts'
import type { RunPlan } from './run-plan.ts'
import { LOGICAL_START_MS, Runner } from './runner.ts'
import { Series, samplingInterval } from './series.ts'
import type { TargetEvent, TargetStats } from './target.ts'
import { SimulatedBooks } from './targets/simulated-books.ts'
import { SimulatorTarget } from './targets/simulator-target.ts'

/** How a plan wants to be simulated. */
export type Simulation =
  | { readonly mode: 'exact' }
  /** Loads so many user bytes. */
  | { readonly mode: 'statistical'; readonly userBytes: number }

/** What either mode gives. */
interface Simulated {
  readonly deterministic: Deterministic
  readonly burst: TargetStats
  readonly drained: TargetStats
  /** Operations at which the run phase began. */
  readonly runFrom: number
}

export async function runSimulation(
  plan: RunPlan,
  simulation: Simulation,
  context: ExperimentContext,
): Promise<RunResult> {
  const startedAt = new Date()
  const seed = deriveSeed(plan.config.seed, 'engine', plan.config.repeat)
  const { deterministic, burst, drained, runFrom } =
    simulation.mode === 'exact'
      ? await simulateExact(plan, context)
      : await simulateLoad(plan, simulation.userBytes, seed, context)
  const gates = gatesOf({
    balance: deterministic.ledger.balance,
    unexplainedBytes: null,
    drained: deterministic.amplification.drained,
    memtableRawBytesAfterDrain: drained.memtableRawBytes,
    burstDebtBytes: burst.debtBytes,
    runSeries: deterministic.series.filter((point) => point.atOperation > runFrom),
    blockCacheBytes: null,
  })
  return {
    schemaVersion: SCHEMA_VERSION,
    id: plan.id,
    command: plan.command,
    config: plan.config,
    seeds: { engine: seed },
    environment: {
      ...describeEnvironment(context.outFolder, startedAt, context.code),
      fileSystem: 'none',
    },
    deterministic,
    timed: {
      phases: deterministic.phases.map(({ name }) => ({
        ...{ name, wallSeconds: 0, throughputPerSecond: null },
      })),
      arrival: 'closed',
      latencyByKind: {},
      series: [],
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      gcSeconds: null,
      eventLoopDelayP99Us: null,
    },
    gates: [
      ...gates.filter(({ name }) => name !== 'open-loop-latency'),
      { name: 'measured', passed: false, why: whySimulated(plan, simulation) },
    ],
  }
}

function whySimulated({ engineOptions }: RunPlan, { mode }: Simulation): string {
  const { compression } = engineOptions
  const how =
    mode === 'exact'
      ? 'from the exact keys of every table'
      : 'from expected numbers of keys, a table at a time'
  const sizes = compression === 'none' ? '' : `; sizes as if uncompressed, not ${compression}`
  return `simulated ${how}; no file was written, the manifest is not counted${sizes}`
}

async function simulateExact(plan: RunPlan, context: ExperimentContext): Promise<Simulated> {
  const { signal, onProgress, onEdit } = context
  const { engineOptions, config } = plan
  const runner = new Runner({
    open: (clock, onEvent) =>
      new SimulatorTarget({
        ...{ strategy: plan.createStrategy(), engineOptions, clock, onEvent, onEdit },
      }),
    workload: plan.createWorkload(),
    records: config.records,
    operations: config.operations,
    timer: systemClock,
    ...{ signal, onProgress },
  })
  const { deterministic, burst, drained, runFrom } = await runner.run()
  const { readAmplification } = deterministic
  const accounts = Object.entries(readAmplification).map(([name, account]) => [
    name,
    { ...account, ...UNKNOWN_RATIOS },
  ])
  return {
    deterministic: {
      ...deterministic,
      readAmplification: Object.fromEntries(accounts) as typeof readAmplification,
      tableDigest: null,
    },
    ...{ burst, drained, runFrom },
  }
}

const UNKNOWN_RATIOS = {
  blocksPerOperation: null,
  blocksFromStoragePerOperation: null,
  bytesReadPerByteReturned: null,
}

const LOAD = { insert: 1, update: 0, delete: 0 }
/** YCSB's keys: "user" and a decimal number. */
const YCSB_KEYS = { keyPrefixBytes: 4, keyRadix: 10 }

async function simulateLoad(
  plan: RunPlan,
  userBytes: number,
  seed: number,
  { signal, onProgress, onEdit }: ExperimentContext,
): Promise<Simulated> {
  const { engineOptions, config } = plan
  const { keyBytes, valueBytes } = meanRecord(plan)
  const { records } = config
  const clock = new ManualClock(LOGICAL_START_MS)
  const events = new EventLog()
  const onEvent = (event: TargetEvent) => events.add(event, simulator.writes)
  const books = new SimulatedBooks({ clock, onEvent, onEdit })
  const insertOrder = config.workload.loadOrder === 'ordered' ? 'ordered' : 'hashed'
  const { memtableBytes, blockBytes, blockRestartInterval: restartInterval } = engineOptions
  const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = engineOptions
  const simulator = new StatisticalSimulator({
    ...{ strategy: plan.createStrategy(), memtableBytes, clock, seed, insertOrder },
    retention: { maxAgeMs, maxBytes },
    onEvent: (event) => books.addEvent(event),
    shape: {
      ...{ model: uniformKeys(records), keyBytes, valueBytes, ...YCSB_KEYS },
      blocks: { blockBytes, restartInterval },
    },
  })
  const series = new Series(systemClock)
  const stats = () => books.stats(simulator)
  const liveBytes = () => Math.round(simulator.userBytes)
  const start = stats()
  const interval = samplingInterval(records)
  while (simulator.writes < records) {
    const count = Math.min(interval, records - simulator.writes)
    // The log is counted with the writes it precedes, so buffers are told of one at a time.
    for (let left = count; left > 0; ) {
      const room = Math.min(left, simulator.roomFor(LOAD))
      books.addWrites(room, keyBytes, valueBytes)
      simulator.write(LOAD, room)
      left -= room
    }
    if (simulator.writes < records) series.add(simulator.writes, stats(), liveBytes())
    onProgress('load', simulator.writes, records)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
  const burst = stats()
  simulator.flush()
  const drained = stats()
  series.add(records, drained, liveBytes())
  const none = { ...readAccountOf(0, new ReadCounters(), 0) }
  const phase = (name: 'load' | 'drain', before: TargetStats, after: TargetStats) => ({
    name,
    operationsByKind: name === 'load' ? { insert: records } : {},
    userBytes: after.userBytes - before.userBytes,
    bytesWrittenByCause: writtenBetween(before, after),
    shapeAtStart: before.levels.map((level) => level.runs),
  })
  const deterministic: Deterministic = {
    phases: [phase('load', start, burst), phase('drain', burst, drained)],
    amplification: {
      burst: amplificationOf(burst, liveBytes()),
      drained: amplificationOf(drained, liveBytes()),
    },
    readAmplification: {
      ...{ getHit: none, getMiss: none, updateRead: none, shortScan: none, longScan: none },
    },
    levels: levelsOf(drained),
    ledger: {
      cells: [...drained.cells],
      balance: balanceOf(drained, books.liveBytes(simulator.tree)),
    },
    counts: drained.counts,
    series: series.points,
    events: events.figures(),
    // There is no stream to hash: what stands for it is what would have made one.
    traceHash: hashOfJson({ userBytes, records, keyBytes, valueBytes, insertOrder }),
    tableDigest: null,
    peakPhysicalBytes: drained.peakPhysicalBytes,
    longScanEntriesMin: LONG_SCAN_ENTRIES_MIN,
  }
  return { deterministic, burst, drained, runFrom: records }
}

function writtenBetween(before: TargetStats, after: TargetStats): Record<string, number> {
  const earlier = writtenByCause(before.cells)
  return Object.fromEntries(
    Object.entries(writtenByCause(after.cells)).map(([cause, bytes]) => [
      cause,
      bytes - (earlier[cause] ?? 0),
    ]),
  )
}

/** As many as tell the mean length of YCSB's keys to a thousandth. */
export const SAMPLED_RECORDS = 10_000

/** Mean bytes of key and value, over the first records of the workload's own load. */
export function meanRecord({ createWorkload }: Pick<RunPlan, 'createWorkload'>): {
  readonly keyBytes: number
  readonly valueBytes: number
} {
  const { load } = createWorkload()
  const operation = new Operation()
  let count = 0
  let keyBytes = 0
  let valueBytes = 0
  for (; count < SAMPLED_RECORDS && load.next(operation); count++) {
    keyBytes += operation.keyLength
    valueBytes += operation.valueLength
    load.acknowledge(operation)
  }
  return { keyBytes: keyBytes / count, valueBytes: valueBytes / count }
}
