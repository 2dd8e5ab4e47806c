/**
 * Owns one experiment from nothing to a result: a fresh folder, the run, the machine's own figures,
 * the gates, and the folder's removal. Invariant: whatever happens, the target is closed and (unless
 * it is to be kept) the folder is gone; a result is returned only for a run that ended.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import {
  type Clock,
  deriveSeed,
  isLsmError,
  Ledger,
  MemoryStorage,
  NodeStorage,
  type Storage,
  systemClock,
} from '../engine/index.ts'
import { type RunResult, SCHEMA_VERSION } from '../results/schema.ts'
import type { Written } from './cli/progress.ts'
import { type Code, describeEnvironment } from './environment.ts'
import { gatesOf } from './gates.ts'
import { readWrites, unexplainedBytes, type WriteAccount } from './operating-system.ts'
import type { RunPlan } from './run-plan.ts'
import { type Measurement, Runner } from './runner.ts'
import { runSimulation } from './simulation.ts'
import type { EditEvent } from './story/version-log.ts'
import type { Target, TargetEvent, TargetStats } from './target.ts'
import { VarveTarget } from './targets/varve-target.ts'

export interface ExperimentContext {
  /** Must exist: results and database folders lie in it. */
  readonly outFolder: string
  readonly keep: boolean
  readonly code: Code
  readonly signal: AbortSignal
  /** What the process has written to its terminal so far. */
  terminalWritten(): Written
  onProgress(phase: string, done: number, total: number): void
  /** Hears of every edit of the tree, in order. */
  readonly onEdit?: (event: EditEvent) => void
}

/** Where a run's database lies while it runs, and stays when it is kept. */
export function databaseFolder(outFolder: string, plan: RunPlan): string {
  return join(outFolder, `${plan.id}.db`)
}

/** Throws `LSM_LOCKED` when another process holds the folder, `Interrupted` on the signal. */
export async function runExperiment(plan: RunPlan, context: ExperimentContext): Promise<RunResult> {
  if (plan.simulation !== null) return runSimulation(plan, plan.simulation, context)
  const startedAt = new Date()
  const folder = databaseFolder(context.outFolder, plan)
  const ledger = new Ledger()
  const storage = plan.storage === 'memory' ? new MemoryStorage(ledger) : new NodeStorage(ledger)
  if (plan.storage === 'node') removeStale(folder)
  const garbage = watchGarbageCollector()
  const seed = deriveSeed(plan.config.seed, 'engine', plan.config.repeat)
  const system = new SystemAccount(plan, context)
  const parts = { storage, ledger, folder, seed, onEdit: context.onEdit }
  let target: Target | null = null
  let owned = true
  let finished = false
  try {
    const runner = new Runner({
      open: (clock, onEvent) => openTarget(plan, { ...parts, clock, onEvent }),
      workload: plan.createWorkload(),
      records: plan.config.records,
      operations: plan.config.operations,
      timer: systemClock,
      signal: context.signal,
      onProgress: context.onProgress,
    })
    target = runner.target
    system.begin(target.stats())
    const measurement = await runner.run()
    const unexplained = system.unexplained(measurement.drained)
    const environment = {
      ...describeEnvironment(context.outFolder, startedAt, context.code),
      ...(plan.storage === 'memory' ? { fileSystem: 'memory' } : {}),
    }
    finished = true
    return resultOf(plan, measurement, environment, unexplained, garbage.seconds(), seed)
  } catch (error) {
    owned = !isLsmError(error, 'LSM_LOCKED')
    throw error
  } finally {
    garbage.stop()
    target?.close()
    const remove = plan.storage === 'node' && owned && !(context.keep && finished)
    if (remove) rmSync(folder, { recursive: true, force: true })
  }
}

interface OpenParts {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly folder: string
  readonly clock: Clock
  readonly seed: number
  onEvent(event: TargetEvent): void
  readonly onEdit: ((event: EditEvent) => void) | undefined
}

function openTarget(plan: RunPlan, parts: OpenParts): Target {
  return new VarveTarget({
    ...parts,
    strategy: plan.createStrategy(),
    strategyParameters: plan.config.strategy.params,
    engineOptions: plan.engineOptions,
  })
}

/** A killed run leaves its files; a running one holds its lock, and must not lose them to us. */
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

interface SystemReading {
  readonly system: WriteAccount | null
  readonly accounted: WriteAccount
}

/** The ledger against /proc/self/io between the opening and the drained reading. */
class SystemAccount {
  readonly #plan: RunPlan
  readonly #context: ExperimentContext
  #before: SystemReading | null = null

  constructor(plan: RunPlan, context: ExperimentContext) {
    this.#plan = plan
    this.#context = context
  }

  begin(stats: TargetStats): void {
    this.#before = this.#reading(stats)
  }

  unexplained(stats: TargetStats): number | null {
    const before = this.#before
    const after = this.#reading(stats)
    if (before?.system == null || after.system === null || this.#plan.storage === 'memory') {
      return null
    }
    return unexplainedBytes(before.system, after.system, {
      bytes: after.accounted.bytes - before.accounted.bytes,
      calls: after.accounted.calls - before.accounted.calls,
    })
  }

  #reading(stats: TargetStats): SystemReading {
    const terminal = this.#context.terminalWritten()
    const written = stats.cells.filter((cell) => cell.direction === 'write')
    return {
      system: readWrites(),
      accounted: {
        bytes: written.reduce((sum, cell) => sum + cell.bytes, 0) + terminal.bytes,
        calls: written.reduce((sum, cell) => sum + cell.calls, 0) + terminal.calls,
      },
    }
  }
}

function watchGarbageCollector(): { seconds(): number; stop(): void } {
  let milliseconds = 0
  const add = (entries: readonly { readonly duration: number }[]) => {
    for (const entry of entries) milliseconds += entry.duration
  }
  const observer = new PerformanceObserver((list) => add(list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  return {
    seconds: () => {
      add(observer.takeRecords())
      return milliseconds / 1e3
    },
    stop: () => observer.disconnect(),
  }
}

function resultOf(
  plan: RunPlan,
  measurement: Measurement,
  environment: RunResult['environment'],
  unexplained: number | null,
  gcSeconds: number,
  engineSeed: number,
): RunResult {
  const { deterministic, phases, latencyByKind, timedSeries, runFrom } = measurement
  return {
    schemaVersion: SCHEMA_VERSION,
    id: plan.id,
    command: plan.command,
    config: plan.config,
    seeds: { engine: engineSeed },
    environment,
    deterministic,
    timed: {
      phases,
      arrival: 'closed',
      latencyByKind,
      series: timedSeries,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      gcSeconds,
      eventLoopDelayP99Us: null,
    },
    gates: gatesOf({
      balance: deterministic.ledger.balance,
      unexplainedBytes: unexplained,
      drained: deterministic.amplification.drained,
      memtableRawBytesAfterDrain: measurement.drained.memtableRawBytes,
      burstDebtBytes: measurement.burst.debtBytes,
      runSeries: deterministic.series.filter((point) => point.atOperation > runFrom),
      blockCacheBytes: plan.engineOptions.blockCacheBytes,
    }),
  }
}
