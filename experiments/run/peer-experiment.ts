/**
 * Owns a run against a peer, from a plan to a result: a new folder, the run, and the folder's
 * removal. A store that is called operation by operation goes through the same loop as our engine;
 * `db_bench` takes the whole stream at once. Invariant, as for our own runs: the store is always
 * closed, and the folder is removed unless it is to be kept.
 */
import { rmSync } from 'node:fs'
import { systemClock } from '../../engine/index.ts'
import type { PeerResult } from '../../results/peer-schema.ts'
import type { Gate } from '../../results/schema.ts'
import { databaseFolder, type ExperimentContext } from '../base/context.ts'
import { makeFolder } from '../base/make-folder.ts'
import { GarbageWatch } from '../machine/process-watch.ts'
import { AnswerOracle } from '../measure/answer-oracle.ts'
import { quotient } from '../measure/figures.ts'
import { answersGate } from '../measure/gates.ts'
import { INTERACTIVE_PEERS } from '../targets/peers/catalog.ts'
import { replayNatively } from '../targets/peers/db-bench-peer.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'
import { ProcessWindow, readingOf } from '../targets/peers/peer-reading.ts'
import type { PeerDefinition } from '../targets/peers/peer-store.ts'
import { PeerTarget } from '../targets/peers/peer-target.ts'
import type { Driver } from './driver.ts'
import { PeerBooks } from './peer-books.ts'
import { type PeerMeasurement, peerResultOf } from './peer-result.ts'
import { type RunLoad, Runner } from './runner.ts'
import { underLoad } from './under-load.ts'

/**
 * `definition` comes from the catalog; undefined for a peer that takes its stream at once. Throws
 * `UsageError` if the peer is not installed, `Interrupted` on the signal.
 */
export async function runPeer(
  plan: PeerPlan,
  context: ExperimentContext,
  definition = INTERACTIVE_PEERS.get(plan.name),
): Promise<PeerResult> {
  if (definition === undefined) {
    return inFreshFolder(plan, context, (folder) => measureReplay(plan, folder, context))
  }
  const measure = (asked: PeerPlan, within: ExperimentContext, load: RunLoad | null) =>
    inFreshFolder(asked, within, (folder) =>
      measureInteractive(definition, asked, folder, within, load),
    )
  return underLoad(plan, context, measure, definition.quietMs / 1000)
}

async function inFreshFolder(
  plan: PeerPlan,
  context: ExperimentContext,
  measure: (folder: string) => Promise<PeerMeasurement>,
): Promise<PeerResult> {
  const startedAt = new Date()
  const folder = databaseFolder(context.outFolder, plan)
  rmSync(folder, { recursive: true, force: true })
  makeFolder(folder)
  let finished = false
  try {
    const measurement = await measure(folder)
    finished = true
    return peerResultOf(plan, measurement, startedAt, context)
  } finally {
    if (!(context.keep && finished)) rmSync(folder, { recursive: true, force: true })
  }
}

async function measureInteractive(
  definition: PeerDefinition,
  plan: PeerPlan,
  folder: string,
  { signal, onProgress, terminalWritten }: ExperimentContext,
  load: RunLoad | null,
): Promise<PeerMeasurement> {
  const { budget, config } = plan
  const { store, version } = await definition.open(folder, budget)
  const window = new ProcessWindow(() => terminalWritten().bytes)
  const target = new PeerTarget({ store, quietMs: definition.quietMs, window, signal })
  const watch = new GarbageWatch()
  try {
    const workload = plan.createWorkload()
    const isDense = workload.keyNumbers !== 'hashed'
    const expectedRecords = isDense ? config.records + config.operations : 0
    const liveBytesOf = ({ liveSizes }: Driver) => (isDense ? liveSizes.liveBytes : null)
    const read = (driver: Driver) =>
      readingOf({
        statistics: store.statistics(),
        account: window.read(),
        folder,
        userBytes: target.userBytes,
        liveLogicalBytes: liveBytesOf(driver),
      })
    const runner = new Runner({
      open: () => ({ target, books: new PeerBooks(target, read) }),
      workload,
      records: config.records,
      operations: config.operations,
      timer: systemClock,
      answers: new AnswerOracle({ expectedRecords }),
      signal,
      onProgress,
      onSlice:
        plan.pauseQuietMs === undefined
          ? undefined
          : () => target.pause(budget.memtableBytes / 2, plan.pauseQuietMs!),
      load,
      watch,
    })
    const { driver, timed, answers } = await runner.run()
    return {
      deterministic: {
        phases: runner.books.phases,
        traceHash: driver.traceHash.digest(),
        liveLogicalBytes: liveBytesOf(driver),
        reads: driver.reads.counts(),
      },
      peer: {
        name: definition.name,
        version,
        settings: [...definition.settings(budget)],
        ...runner.books.readings(),
        drain: { how: definition.drainedBy, converged: target.converged },
        counters: definition.counters,
        latencyIncludes: definition.latencyIncludes,
        ownCounts: null,
      },
      timed,
      gates: [answersGate(answers!)],
    }
  } finally {
    watch.stop()
    await target.close()
  }
}

/** Gives the whole stream to the store, which is at rest when the replay has ended. */
async function measureReplay(
  plan: PeerPlan,
  folder: string,
  context: ExperimentContext,
): Promise<PeerMeasurement> {
  context.onProgress('replay', 0, 1)
  const { workload, peer, replaySeconds, endsAtOnce, exported } = await replayNatively({
    workload: plan.createWorkload(),
    budget: plan.budget,
    follows: plan.follows!,
    folder,
    signal: context.signal,
    window: () =>
      plan.sharesProcess ? null : new ProcessWindow(() => context.terminalWritten().bytes),
    arrivalIntervalNs: plan.arrivalIntervalNs ?? null,
  })
  context.onProgress('replay', 1, 1)
  return {
    deterministic: {
      phases: workload.phases,
      traceHash: workload.traceHash.digest(),
      liveLogicalBytes: workload.liveLogicalBytes,
    },
    peer: { ...peer, burst: null },
    timed: {
      // Load and run are one replay.
      phases: [
        {
          name: 'run',
          wallSeconds: replaySeconds,
          throughputPerSecond: endsAtOnce ? quotient(workload.operations, replaySeconds) : null,
        },
      ],
      arrival: 'closed',
      latencyByKind: {},
      series: [],
      gcSeconds: null,
      eventLoopDelayP99Us: null,
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
