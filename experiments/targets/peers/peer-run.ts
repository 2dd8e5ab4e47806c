/**
 * Owns a run against a peer, from a plan to a result: a fresh folder, the stream, the readings at
 * the last operation and at rest, and the folder's removal. Invariant, as of our own runs: whatever
 * happens, the store is closed and (unless it is to be kept) the folder is gone.
 */
import { rmSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../engine/index.ts'
import {
  type PeerName,
  type PeerReading,
  type PeerResult,
  type PeerResultInput,
  peerResultSchema,
} from '../../../results/peer-schema.ts'
import { type Gate, type RunResult, SCHEMA_VERSION } from '../../../results/schema.ts'
import {
  OPERATION_KIND_NAMES,
  type OperationStream,
  type Workload,
} from '../../../workloads/index.ts'
import { databaseFolder, type ExperimentContext } from '../../base/context.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { describeEnvironment } from '../../machine/environment.ts'
import { peakRssBytes } from '../../machine/peak-rss.ts'
import { quotient } from '../../measure/figures.ts'
import { answersGate } from '../../measure/gates.ts'
import { LatencyRecorder } from '../../measure/latency.ts'
import { samplingInterval } from '../../measure/series.ts'
import type { Budget } from './budget.ts'
import { INTERACTIVE_PEERS } from './catalog.ts'
import { replayNatively } from './db-bench-peer.ts'
import { countsByKind, PeerDriver } from './peer-driver.ts'
import { ProcessWindow, readingOf } from './peer-reading.ts'
import type { PeerDefinition, PeerStore } from './peer-store.ts'

/** One run against a peer as decided. */
export interface PeerPlan {
  readonly name: PeerName
  readonly id: string
  readonly config: RunResult['config']
  readonly budget: Budget
  readonly command: readonly string[]
  createWorkload(): Workload
  /** Writes stop after every memtable until the store is at rest: background work never lags. */
  readonly paced?: boolean
  /** Of a batch target that is paced: operations arrive so far apart. */
  readonly arrivalIntervalNs?: number
}

/** What every way of running a peer gives. */
export type PeerMeasurement = Pick<PeerResultInput, 'deterministic' | 'peer'> & {
  readonly timed: Pick<PeerResultInput['timed'], 'phases' | 'latencyByKind' | 'series'>
  /** Beside those of every peer. */
  readonly gates?: readonly Gate[]
}

const SLICE_OPERATIONS = 500
const DRAIN_TIMEOUT_MS = 300_000
const POLL_MS = 10
/** Of a pause in a paced run: longer than any gap between the writes of one compaction. */
const PAUSE_QUIET_MS = 60
/** Wakeups of libuv's loop, 8 bytes each: no work of a store. */
const QUIET_BYTES = 64

/** Throws `UsageError` where the peer is not installed, `Interrupted` on the signal. */
export async function runPeer(plan: PeerPlan, context: ExperimentContext): Promise<PeerResult> {
  const startedAt = new Date()
  const folder = databaseFolder(context.outFolder, plan)
  rmSync(folder, { recursive: true, force: true })
  makeFolder(folder)
  let finished = false
  try {
    const measure = plan.name === 'db_bench' ? measureReplay : measureInteractive
    const measurement = await measure(plan, folder, context)
    finished = true
    return resultOf(plan, measurement, startedAt, context)
  } finally {
    if (!(context.keep && finished)) rmSync(folder, { recursive: true, force: true })
  }
}

async function measureInteractive(
  plan: PeerPlan,
  folder: string,
  context: ExperimentContext,
): Promise<PeerMeasurement> {
  const definition = INTERACTIVE_PEERS.get(plan.name)!
  const { store, version } = await definition.open(folder, plan.budget)
  try {
    const run = new PeerRun({ definition, store, folder, plan, context })
    return await run.measure(version)
  } finally {
    await store.close()
  }
}

/** The stream goes in whole; the store is at rest when the replay has ended. */
async function measureReplay(
  plan: PeerPlan,
  folder: string,
  context: ExperimentContext,
): Promise<PeerMeasurement> {
  const { workload, peer, replaySeconds, exported } = await replayNatively({
    workload: plan.createWorkload(),
    budget: plan.budget,
    folder,
    signal: context.signal,
    window: () => new ProcessWindow(() => context.terminalWritten().bytes),
    arrivalIntervalNs: plan.arrivalIntervalNs ?? null,
  })
  return {
    deterministic: {
      phases: workload.phases,
      traceHash: workload.traceHash.digest(),
      liveLogicalBytes: workload.liveLogicalBytes,
    },
    peer: {
      ...peer,
      burst: null,
      drain: { how: "db_bench's waitforcompaction; the memtable stays", converged: true },
    },
    timed: {
      // Load and run are one replay.
      phases: [
        {
          name: 'run',
          wallSeconds: replaySeconds,
          throughputPerSecond: quotient(workload.operations, replaySeconds),
        },
      ],
      latencyByKind: {},
      series: [],
    },
    gates: [sameOperations(exported, peer.ownCounts ?? {})],
  }
}

function sameOperations(
  exported: Readonly<Record<string, number>>,
  counted: Readonly<Record<string, number>>,
): Gate {
  const passed = Object.entries(exported).every(([kind, count]) => counted[kind] === count)
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')
  return {
    name: 'same-operations',
    passed,
    why: `${listed(exported)} exported; ${listed(counted)} counted by the store`,
  }
}

interface RunParts {
  readonly definition: PeerDefinition
  readonly store: PeerStore
  readonly folder: string
  readonly plan: PeerPlan
  readonly context: ExperimentContext
}

class PeerRun {
  readonly #parts: RunParts
  readonly #workload: Workload
  readonly #driver: PeerDriver
  readonly #window: ProcessWindow
  readonly #phases: PeerMeasurement['deterministic']['phases'][number][] = []
  readonly #timedPhases: PeerMeasurement['timed']['phases'][number][] = []
  readonly #series: NonNullable<PeerMeasurement['timed']['series']>[number][] = []
  readonly #startNs = systemClock.elapsedNs()
  #pausedAt = 0

  constructor(parts: RunParts) {
    this.#parts = parts
    const { records, operations } = parts.plan.config
    this.#workload = parts.plan.createWorkload()
    const dense = this.#workload.keyNumbers !== 'hashed'
    this.#driver = new PeerDriver(parts.store, systemClock, dense ? records + operations : null)
    this.#window = new ProcessWindow(() => parts.context.terminalWritten().bytes)
  }

  async measure(version: string): Promise<PeerMeasurement> {
    const { definition, plan } = this.#parts
    using latencies = new LatencyRecorder(OPERATION_KIND_NAMES)
    await this.#drive('load', this.#workload.load, null)
    for (const { stream } of this.#workload.phases) await this.#drive('run', stream, latencies)
    const burst = this.#reading()
    const converged = await this.#drain()
    return {
      deterministic: {
        phases: this.#phases,
        traceHash: this.#driver.traceHash.digest(),
        liveLogicalBytes: this.#driver.liveLogicalBytes,
      },
      peer: {
        name: definition.name,
        version,
        settings: [...definition.settings(plan.budget)],
        burst,
        drained: this.#reading(),
        drain: { how: definition.drainedBy, converged },
        counters: definition.counters,
        latencyIncludes: definition.latencyIncludes,
        ownCounts: null,
      },
      timed: {
        phases: this.#timedPhases,
        latencyByKind: latencies.figures(),
        series: this.#series,
      },
      gates: [answersGate(this.#driver.answers.figures())],
    }
  }

  async #drive(
    name: 'load' | 'run',
    stream: OperationStream,
    latencies: LatencyRecorder | null,
  ): Promise<void> {
    const { plan, context } = this.#parts
    const driver = this.#driver
    const total = plan.config.records + plan.config.operations
    const interval = samplingInterval(total)
    const startNs = systemClock.elapsedNs()
    const [operationsBefore, userBytesBefore] = [driver.done, driver.userBytes]
    driver.beginPhase()
    for (let more = true; more; ) {
      const toSample = interval - (driver.done % interval)
      more = await driver.step(stream, Math.min(SLICE_OPERATIONS, toSample), latencies)
      if (more && driver.done % interval === 0) this.#sample()
      if (plan.paced) await this.#pause(plan.budget.memtableBytes / 2)
      context.onProgress(name, driver.done, total)
      await nextTurn()
      if (context.signal.aborted) throw new Interrupted('interrupted')
    }
    const wallSeconds = (systemClock.elapsedNs() - startNs) / 1e9
    const operations = driver.done - operationsBefore
    this.#phases.push({
      name,
      operationsByKind: countsByKind(driver.counts),
      userBytes: driver.userBytes - userBytesBefore,
    })
    const throughputPerSecond = quotient(operations, wallSeconds)
    this.#timedPhases.push({ name, wallSeconds, throughputPerSecond })
  }

  #sample(): void {
    const { done } = this.#driver
    const wallSeconds = (systemClock.elapsedNs() - this.#startNs) / 1e9
    const last = this.#series.at(-1) ?? { atOperation: 0, wallSeconds: 0 }
    const rate = quotient(done - last.atOperation, wallSeconds - last.wallSeconds)
    this.#series.push({ atOperation: done, wallSeconds, throughputPerSecond: rate ?? 0 })
  }

  #reading(): PeerReading {
    const { store, folder } = this.#parts
    const { userBytes, liveLogicalBytes } = this.#driver
    return readingOf({
      statistics: store.statistics(),
      account: this.#window.read(),
      folder,
      userBytes,
      liveLogicalBytes,
    })
  }

  /** At rest every so many user bytes: less than a memtable, so that no two flushes meet. */
  async #pause(everyBytes: number): Promise<void> {
    if (this.#driver.userBytes - this.#pausedAt < everyBytes) return
    this.#pausedAt = this.#driver.userBytes
    await this.#rest(Math.min(this.#parts.store.quietMs, PAUSE_QUIET_MS))
  }

  /** Waits for rest; false when the time was up first. */
  async #drain(): Promise<boolean> {
    const startMs = performance.now()
    const converged = await this.#rest(this.#parts.store.quietMs)
    const wallSeconds = (performance.now() - startMs) / 1e3
    this.#timedPhases.push({ name: 'drain', wallSeconds, throughputPerSecond: null })
    return converged
  }

  async #rest(quietMs: number): Promise<boolean> {
    const { store, context } = this.#parts
    const startMs = performance.now()
    let quietSince = startMs
    let written = this.#window.read()?.writtenBytes ?? 0
    let atRest = quietMs === 0
    while (!atRest && performance.now() - startMs < DRAIN_TIMEOUT_MS) {
      await sleep(POLL_MS)
      if (context.signal.aborted) throw new Interrupted('interrupted')
      const now = this.#window.read()?.writtenBytes ?? 0
      if (store.busy() || now - written > QUIET_BYTES) quietSince = performance.now()
      written = now
      atRest = performance.now() - quietSince >= quietMs
    }
    return atRest
  }
}

function resultOf(
  plan: PeerPlan,
  { deterministic, peer, timed, gates = [] }: PeerMeasurement,
  startedAt: Date,
  context: ExperimentContext,
): PeerResult {
  const result = {
    schemaVersion: SCHEMA_VERSION,
    id: plan.id,
    command: plan.command,
    config: plan.config,
    seeds: {},
    environment: describeEnvironment(context.outFolder, startedAt, context.code),
    deterministic,
    peer,
    timed: {
      ...timed,
      arrival: 'closed',
      peakRssBytes: peakRssBytes(),
      gcSeconds: null,
      eventLoopDelayP99Us: null,
    },
    gates: [...gatesOf(peer), ...gates],
  }
  return peerResultSchema.parse(result)
}

function gatesOf({ drain, settings, counters }: PeerResultInput['peer']): Gate[] {
  const unequal = settings.filter(({ equal }) => !equal).map(({ name }) => name)
  return [
    { name: 'drained', passed: drain.converged, why: drain.how },
    {
      name: 'equal-budgets',
      passed: unequal.length === 0,
      why: unequal.length === 0 ? 'all settings equal' : `not equal: ${unequal.join(', ')}`,
    },
    {
      name: 'conservation',
      passed: false,
      why: `no ledger; written bytes are ${counters.processBytes ?? 'not counted'}`,
    },
    {
      name: 'open-loop-latency',
      passed: false,
      why: 'closed loop: only service times; an operation that stalls delays no other',
    },
  ]
}
