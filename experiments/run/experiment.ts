/**
 * Owns one experiment from a new folder to a result: the run, the system's account, the gates, and
 * the removal of the folder. Invariant: the target is always closed. The folder is removed unless
 * it is to be kept; after an interrupt it is always removed. Only a run that ended returns a
 * result.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Clock,
  countFolder,
  deriveSeed,
  EncryptedStorage,
  EncryptionKey,
  isLsmError,
  Ledger,
  MemoryStorage,
  NodeStorage,
  type StallEvent,
  type Storage,
  systemClock,
} from '../../engine/index.ts'
import { type RunResult, SCHEMA_VERSION } from '../../results/schema.ts'
import { databaseFolder, type ExperimentContext } from '../base/context.ts'
import { Interrupted } from '../base/interrupted.ts'
import type { RunPlan } from '../base/run-plan.ts'
import type { CountedTarget, JobTimes, TargetEvent } from '../base/target.ts'
import { describeEnvironment } from '../machine/environment.ts'
import { SystemAccount } from '../machine/operating-system.ts'
import { peakRssBytes } from '../machine/peak-rss.ts'
import { GarbageWatch } from '../machine/process-watch.ts'
import { AnswerOracle } from '../measure/answer-oracle.ts'
import { quotient, sum } from '../measure/figures.ts'
import { gatesOf } from '../measure/gates.ts'
import { ReadThreads } from '../targets/read-threads.ts'
import { VarveTarget } from '../targets/varve-target.ts'
import { type BackgroundRun, backgroundRunOf } from './background-run.ts'
import { CountedBooks, type Measurement } from './counted-books.ts'
import { type RunLoad, Runner } from './runner.ts'
import { runSimulation } from './simulation.ts'
import { arrivalsSeed, underLoad } from './under-load.ts'

/** Throws `LSM_LOCKED` when another process holds the folder, `Interrupted` on the signal. */
export async function runExperiment(plan: RunPlan, context: ExperimentContext): Promise<RunResult> {
  const { simulation } = plan
  if (simulation === null) return underLoad(plan, context, measure)
  return underLoad(plan, context, (...run) => runSimulation(simulation, ...run))
}

async function measure(
  plan: RunPlan,
  context: ExperimentContext,
  load: RunLoad | null,
): Promise<RunResult> {
  const startedAt = new Date()
  const folder = databaseFolder(context.outFolder, plan)
  const ledger = new Ledger()
  const onDisk = plan.storage === 'node'
  const files = onDisk ? new NodeStorage(ledger) : new MemoryStorage(ledger)
  const isEncrypted = plan.engineOptions.encryption !== undefined
  const storage = isEncrypted ? new EncryptedStorage(files, EncryptionKey.random()) : files
  if (onDisk) removeStale(folder)
  if (plan.aged !== undefined) {
    plan.aged.clone(folder)
    countFolder(files, ledger, folder)
  }
  const background = backgroundRunOf(plan.config)
  const device = background?.logical?.device ?? null
  const runsAtOnce = device === null ? (context.runsAtOnce ?? 1) : 1
  // Logical time knows no collections.
  const watch = device === null ? new GarbageWatch() : null
  const seed = deriveSeed(plan.config.seed, 'engine', plan.config.repeat)
  const parts = { storage, files, ledger, folder, seed, onEdit: context.onEdit }
  let target: CountedTarget | null = null
  let varve: VarveTarget | null = null
  const readThreads =
    background?.clientsIn === 'threads' ? new ReadThreads(() => varve!.readerChannel()) : null
  let owned = true
  let kept = context.keep
  try {
    const runner = new Runner({
      open: (clock, onEvent, onJobStart, onStall) => {
        const listeners = { onEvent, onJobStart, onStall }
        const opened = openTarget(plan, { ...parts, ...listeners, clock, background })
        varve = opened.varve
        context.onFacts?.(() => opened.varve.facts())
        return { target: opened.target, books: new CountedBooks(opened.target) }
      },
      workload: plan.createWorkload(),
      records: plan.config.records,
      operations: plan.config.operations,
      until: plan.config.until,
      timer: background?.clock ?? systemClock,
      answers: answersOf(plan),
      signal: context.signal,
      onProgress: context.onProgress,
      load,
      background,
      ...(device !== null && {
        takeWork: () => {
          const work = varve!.takeWork()
          return () => device.serve(work)
        },
      }),
      ...(readThreads !== null && { readThreadsOf: () => readThreads }),
      ...(watch !== null && { watch }),
    })
    target = runner.target
    const system = new SystemAccount(target.stats(), onDisk, context.terminalWritten)
    const measurement = runner.books.measurement(await runner.run())
    // Read again, because the digest has read the tables since the last reading.
    const operatingSystem = system.close(target.stats())
    const environment = {
      ...describeEnvironment(context.outFolder, startedAt, context.code),
      ...(onDisk ? {} : { fileSystem: 'memory' }),
    }
    return resultOf(plan, measurement, { environment, operatingSystem, runsAtOnce, seed })
  } catch (error) {
    owned = !isLsmError(error, 'LSM_LOCKED')
    if (error instanceof Interrupted) kept = false
    throw error
  } finally {
    context.onFacts?.(null)
    watch?.stop()
    await readThreads?.close()
    await target?.close()
    if (onDisk && owned && !kept) rmSync(folder, { recursive: true, force: true })
  }
}

/** With a retention the strategy may drop old data, so missing records are not a fault. */
function answersOf({ config, engineOptions }: RunPlan): AnswerOracle {
  const { retentionMaxAgeMs, retentionMaxBytes } = engineOptions
  return new AnswerOracle({
    expectedRecords: config.records + config.operations,
    mayForget: retentionMaxAgeMs !== null || retentionMaxBytes !== null,
  })
}

interface OpenParts {
  readonly storage: Storage
  readonly files: Storage
  readonly ledger: Ledger
  readonly folder: string
  readonly clock: Clock
  readonly seed: number
  onEvent(event: TargetEvent, job?: JobTimes): void
  onJobStart(): void
  onStall(event: StallEvent): void
  readonly background: BackgroundRun | null
  readonly onEdit: ExperimentContext['onEdit']
}

/** `target` is what operations run on, `varve` the engine behind it. */
function openTarget(
  plan: RunPlan,
  parts: OpenParts,
): { readonly target: CountedTarget; readonly varve: VarveTarget } {
  const varve = new VarveTarget({
    ...parts,
    strategy: plan.createStrategy(),
    strategyParameters: plan.config.strategy.params,
    engineOptions: plan.engineOptions,
  })
  return { target: plan.aged?.afterLoad(varve) ?? varve, varve }
}

/**
 * Removes the files of a killed run. A run that is still going holds the lock, so its files are
 * safe.
 */
function removeStale(folder: string): void {
  if (!existsSync(folder)) return
  const storage = new NodeStorage(new Ledger())
  const lock = storage.lock(folder)
  try {
    for (const name of storage.list(folder)) storage.remove(join(folder, name))
  } finally {
    lock.release()
  }
}

interface Surroundings {
  readonly environment: RunResult['environment']
  readonly operatingSystem: RunResult['timed']['operatingSystem']
  readonly runsAtOnce: number
  /** The engine's. */
  readonly seed: number
}

function resultOf(
  plan: RunPlan,
  measurement: Measurement,
  { environment, operatingSystem, runsAtOnce, seed }: Surroundings,
): RunResult {
  const { deterministic, timed, burst, drained, runSeries, runTimedSeries } = measurement
  const { blockCacheBytes, memtableBytes, compression, directReads = false } = plan.engineOptions
  const gates = gatesOf({
    balance: deterministic.ledger.balance,
    unexplainedBytes: operatingSystem?.unexplainedWrittenBytes ?? null,
    drained: deterministic.amplification.drained,
    memtableRawBytesAfterDrain: drained.memtableRawBytes,
    burstDebtBytes: burst.debtBytes,
    runSeries,
    runTimedSeries,
    mergesIntoLastLevel: measurement.mergesIntoLastLevel,
    config: plan.config,
    command: plan.command,
    memory: {
      blockCacheBytes,
      memtableBytes,
      compression,
      directReads,
      machineBytes: environment.memoryBytes,
      storedShare: storedShare(deterministic.levels),
    },
    answers: deterministic.answers,
    arrivals: timed.arrivals,
    runsAtOnce,
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
    environment,
    deterministic,
    timed: { ...timed, operatingSystem, peakRssBytes: peakRssBytes() },
    gates,
  }
}

function storedShare(levels: RunResult['deterministic']['levels']): number | null {
  return quotient(
    sum(levels.map(({ bytes }) => bytes)),
    sum(levels.map(({ rawBytes }) => rawBytes)),
  )
}
