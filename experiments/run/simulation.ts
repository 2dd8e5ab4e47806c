/**
 * Owns a run on the simulator, from a plan to a result of the common schema. Times, latencies,
 * blocks and the digest of files are unknown: they are null, empty or absent. The gate `measured`
 * always fails, so a simulated result is always shown as such.
 *
 * There are two modes. *Exact*: the runner drives the simulator with the stream of the engine's
 * run. *Statistical*: there is no stream; a given number of bytes is loaded and the workload's
 * writes are made, as expected numbers.
 */
import { deriveSeed, systemClock } from '../../engine/index.ts'
import { GATE_COVERS, type Gate, type RunResult, SCHEMA_VERSION } from '../../results/schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import type { RunPlan, Simulation } from '../base/run-plan.ts'
import { withoutHeapBound } from '../machine/collector.ts'
import { describeEnvironment } from '../machine/environment.ts'
import { peakRssBytes } from '../machine/peak-rss.ts'
import { gateOf, gatesOf } from '../measure/gates.ts'
import { SimulatorTarget } from '../targets/simulator-target.ts'
import { CountedBooks, type Simulated } from './counted-books.ts'
import { Runner } from './runner.ts'
import { simulateStatistically } from './statistical-run.ts'

export async function runSimulation(
  plan: RunPlan,
  simulation: Simulation,
  context: ExperimentContext,
): Promise<RunResult> {
  const startedAt = new Date()
  const seed = deriveSeed(plan.config.seed, 'engine', plan.config.repeat)
  const { deterministic, burst, drained, runSeries, mergesIntoLastLevel } = await withoutHeapBound(
    () =>
      simulation.mode === 'exact'
        ? simulateExact(plan, context)
        : simulateStatistically(plan, simulation, seed, context),
  )
  const gates = gatesOf({
    balance: deterministic.ledger.balance,
    unexplainedBytes: null,
    drained: deterministic.amplification.drained,
    memtableRawBytesAfterDrain: drained.memtableRawBytes,
    burstDebtBytes: burst.debtBytes,
    runSeries,
    runTimedSeries: null,
    mergesIntoLastLevel,
    config: plan.config,
    command: plan.command,
    memory: null,
    answers: null,
    arrivals: null,
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
        name,
        wallSeconds: 0,
        throughputPerSecond: null,
      })),
      arrival: 'closed',
      arrivals: null,
      latencyByKind: {},
      intendedLatencyByKind: null,
      series: [],
      events: [],
      slowest: [],
      overhead: null,
      operatingSystem: null,
      peakRssBytes: peakRssBytes(),
      gcSeconds: null,
      eventLoopDelayP99Us: null,
    },
    gates: [
      ...gates.filter(({ name }) => name !== 'open-loop-latency'),
      measured(plan, simulation),
    ],
  }
}

/** A statistical load may be larger than any disk, so no command is suggested for it. */
function measured(plan: RunPlan, simulation: Simulation): Gate {
  const { command } = plan
  return gateOf({
    name: 'measured',
    covers: GATE_COVERS,
    passed: false,
    why: whySimulated(plan, simulation),
    remedy: simulation.mode === 'exact' ? { command, flags: { '--target=': null } } : null,
  })
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
    open: (clock, onEvent) => {
      const strategy = plan.createStrategy()
      const target = new SimulatorTarget({ strategy, engineOptions, clock, onEvent, onEdit })
      return { target, books: new CountedBooks(target) }
    },
    workload: plan.createWorkload(),
    records: config.records,
    operations: config.operations,
    until: config.until,
    timer: systemClock,
    signal,
    onProgress,
  })
  const { deterministic, ...rest } = runner.books.measurement(await runner.run())
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
    ...rest,
  }
}

const UNKNOWN_RATIOS = {
  blocksPerOperation: null,
  blocksFromStoragePerOperation: null,
  bytesReadPerByteReturned: null,
}
