/**
 * Owns a run on the simulator, from a plan to a result of the common schema. Blocks and the digest
 * of files are unknown: they are null, empty or absent. So are times and latencies, except in
 * logical time. The gate `measured` always fails, so a simulated result is always shown as such.
 *
 * There are two modes. *Exact*: the runner drives the simulator with the stream of the engine's
 * run. *Statistical*: there is no stream; a given number of bytes is loaded and the workload's
 * writes are made, as expected numbers.
 */
import { deriveSeed, systemClock } from '../../engine/index.ts'
import {
  type Deterministic,
  GATE_COVERS,
  type Gate,
  type RunResult,
  SCHEMA_VERSION,
} from '../../results/schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import type { RunPlan, Simulation } from '../base/run-plan.ts'
import { withoutHeapBound } from '../machine/collector.ts'
import { describeEnvironment } from '../machine/environment.ts'
import { peakRssBytes } from '../machine/peak-rss.ts'
import { gateOf, gatesOf } from '../measure/gates.ts'
import { SimulatorTarget } from '../targets/simulator-target.ts'
import { backgroundRunOf } from './background-run.ts'
import { CountedBooks, type Measurement, type Simulated } from './counted-books.ts'
import { type RunLoad, Runner } from './runner.ts'
import { simulateStatistically } from './statistical-run.ts'
import { arrivalsSeed } from './under-load.ts'

/** `load`: in logical time; null: one client in a closed loop. */
export async function runSimulation(
  simulation: Simulation,
  plan: RunPlan,
  context: ExperimentContext,
  load: RunLoad | null,
): Promise<RunResult> {
  const startedAt = new Date()
  const seed = deriveSeed(plan.config.seed, 'engine', plan.config.repeat)
  const { deterministic, timed, burst, drained, runSeries, ...rest } = await withoutHeapBound(
    async (): Promise<Simulated & Partial<Measurement>> =>
      simulation.mode === 'exact'
        ? simulateExact(plan, context, load)
        : simulateStatistically(plan, simulation, seed, context),
  )
  const isTimed = timed !== undefined
  const gates = gatesOf({
    balance: deterministic.ledger.balance,
    unexplainedBytes: null,
    drained: deterministic.amplification.drained,
    memtableRawBytesAfterDrain: drained.memtableRawBytes,
    burstDebtBytes: burst.debtBytes,
    runSeries,
    runTimedSeries: rest.runTimedSeries ?? null,
    mergesIntoLastLevel: rest.mergesIntoLastLevel,
    config: plan.config,
    command: plan.command,
    memory: null,
    answers: null,
    arrivals: timed?.arrivals ?? null,
    // Its times, if any, are logical.
    runsAtOnce: 1,
  })
  return {
    schemaVersion: SCHEMA_VERSION,
    id: plan.id,
    command: plan.command,
    config: plan.config,
    seeds: {
      engine: seed,
      ...(plan.config.arrival && { arrivals: arrivalsSeed(plan.config) }),
    },
    environment: {
      ...describeEnvironment(context.outFolder, startedAt, context.code),
      fileSystem: 'none',
    },
    deterministic,
    timed: {
      ...(timed ?? untimed(deterministic)),
      operatingSystem: null,
      peakRssBytes: peakRssBytes(),
    },
    gates: [
      ...gates.filter(({ name }) => isTimed || name !== 'open-loop-latency'),
      measured(plan, simulation),
    ],
  }
}

/** A simulated run without logical time takes none. */
function untimed({ phases }: Deterministic): Measurement['timed'] {
  return {
    phases: phases.map(({ name }) => ({ name, wallSeconds: 0, throughputPerSecond: null })),
    arrival: 'closed',
    arrivals: null,
    latencyByKind: {},
    intendedLatencyByKind: null,
    series: [],
    events: [],
    slowest: [],
    overhead: null,
    gcSeconds: null,
    eventLoopDelayP99Us: null,
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

function whySimulated({ engineOptions, config }: RunPlan, { mode }: Simulation): string {
  const { compression } = engineOptions
  const how =
    mode === 'exact'
      ? 'from the exact keys of every table'
      : 'from expected numbers of keys, a table at a time'
  const sizes = compression === 'none' ? '' : `; sizes as if uncompressed, not ${compression}`
  const times = config.scheduling === undefined ? '' : '; times as if no block were cached'
  return `simulated ${how}; no file was written, the manifest is not counted${sizes}${times}`
}

async function simulateExact(
  plan: RunPlan,
  context: ExperimentContext,
  load: RunLoad | null,
): Promise<Simulated & Partial<Measurement>> {
  const { signal, onProgress, onEdit } = context
  const { engineOptions, config } = plan
  const background = backgroundRunOf(config)
  const logical = background?.logical ?? null
  const runner = new Runner({
    open: (clock, onEvent, _onJobStart, onStall) => {
      const target = new SimulatorTarget({
        strategy: plan.createStrategy(),
        engineOptions,
        clock,
        onEvent,
        onEdit,
        logical: logical && { ...logical, onStall },
      })
      return { target, books: new CountedBooks(target) }
    },
    workload: plan.createWorkload(),
    records: config.records,
    operations: config.operations,
    until: config.until,
    timer: background?.clock ?? systemClock,
    signal,
    onProgress,
    load,
    background,
    ...(logical !== null && {
      takeWork: (target: SimulatorTarget) => {
        const work = target.takeWork()
        return () => logical.device.serve(work)
      },
    }),
  })
  const { deterministic, timed, runTimedSeries, ...rest } = await finished(runner)
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
    ...(background !== null && { timed, runTimedSeries }),
  }
}

async function finished(runner: Runner<SimulatorTarget, CountedBooks>): Promise<Measurement> {
  try {
    return runner.books.measurement(await runner.run())
  } finally {
    runner.target.close()
  }
}

const UNKNOWN_RATIOS = {
  blocksPerOperation: null,
  blocksFromStoragePerOperation: null,
  bytesReadPerByteReturned: null,
}
