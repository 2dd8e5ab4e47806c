/**
 * Owns the opening of a database: it recovers the folder, makes the parts, and wires them.
 *
 * Invariant: until the recovery has been judged the folder is only read, so an open that refuses
 * has changed nothing. An open that fails later closes all it opened, and the next open finds the
 * same data.
 */

import { type Clock, systemTimers, type Timers } from '../base/clock.ts'
import type { Json } from '../base/json.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { guardStrategy } from '../compaction/guarded-strategy.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import { FileNumbers } from '../manifest/file-numbers.ts'
import { Manifest } from '../manifest/manifest.ts'
import { recoverManifest } from '../manifest/recover.ts'
import type { JobExecutor } from '../scheduling/job-order.ts'
import type { JobRoom } from '../scheduling/run-job.ts'
import { Scheduler } from '../scheduling/scheduler.ts'
import { openGate, WriteGate } from '../scheduling/write-gate.ts'
import { OpenFiles, openedBy } from '../storage/open-files.ts'
import type { FolderLock, Storage } from '../storage/storage.ts'
import { CommitHistory } from '../transaction/commit-history.ts'
import { levelAt } from '../version/version.ts'
import type { VersionEdit } from '../version/version-edit.ts'
import { SegmentBook } from '../vlog/segment-book.ts'
import { publishing } from './channels.ts'
import { type CommitHost, Commits } from './commits.ts'
import { DueTimer } from './due-timer.ts'
import type { DatabaseEvent } from './events.ts'
import { jobRunning } from './executor.ts'
import { Health, harmless } from './health.ts'
import { IntervalSync, SYNC_INTERVAL_MS_DEFAULT } from './interval-sync.ts'
import { jobRoom } from './job-room.ts'
import { Maintenance } from './maintenance.ts'
import { DatabaseCounters } from './metrics.ts'
import type { OpenSettings } from './open-options.ts'
import { type EngineOptions, SLOWDOWN_DEFAULT } from './options.ts'
import { readOptionsRecord, recordOptions } from './options-record.ts'
import { writePressure } from './pressure.ts'
import { ReaderHub } from './readers/reader-hub.ts'
import { Reads } from './reads.ts'
import { checkTables, clearOrphans, freshState, planRecovery, type Recovery } from './recovery.ts'
import { SlowCalls } from './slow-calls.ts'
import { SnapshotList } from './snapshots.ts'
import { Tree } from './tree.ts'
import { type DatabaseScheduler, TreeJobs } from './tree-jobs.ts'
import { Collector, type CollectorHost } from './values/collector.ts'
import { checkSegments, shrinkSpent } from './values/segment-recovery.ts'
import { ValueLog } from './values/value-log.ts'
import { WriteHead } from './write-head.ts'

/** What an open database is made of. */
export interface DatabaseParts {
  readonly storage: Storage
  readonly folder: string
  readonly options: EngineOptions
  readonly strategy: CompactionStrategy
  readonly lock: FolderLock
  readonly manifest: Manifest
  readonly cache: BlockCache
  readonly counters: DatabaseCounters
  readonly health: Health
  readonly snapshots: SnapshotList
  readonly values: ValueLog
  readonly tree: Tree
  /** What jobs of this thread use. */
  readonly room: JobRoom
  readonly executor: JobExecutor
  readonly numbers: FileNumbers
  readonly calls: SlowCalls
  readonly scheduler: DatabaseScheduler
  readonly reads: Reads
  readonly readers: ReaderHub
  readonly head: WriteHead
  /** Null with inline scheduling, where writers never wait. */
  readonly gate: WriteGate | null
  /** Null where only writes and flushes start work. */
  readonly dueTimer: DueTimer | null
  readonly commits: Commits
  readonly history: CommitHistory
  readonly timers: Timers
  readonly seed: number
  readonly maintenance: Maintenance
  readonly clock: Clock
  readonly onEvent: (event: DatabaseEvent) => void
}

/** Undoes one step of an open. */
type Close = () => void

/** Locks, recovers and opens the folder. Errors: as `Database.open`. */
export function assemble(settings: OpenSettings): DatabaseParts {
  const { storage } = settings
  const folder = storage.resolve(settings.folder)
  storage.makeFolder(folder)
  const lock = storage.lock(folder)
  const opened: Close[] = [() => lock.release()]
  try {
    if (settings.options.directReads === true) storage.direct!.check(folder)
    const strategy = guardStrategy(settings.strategy)
    const onEvent = publishing(folder, harmless(settings.onEvent))
    return build({ ...settings, folder, strategy, onEvent }, lock, opened)
  } catch (error) {
    for (const close of opened.reverse()) {
      try {
        close()
      } catch {
        // The caller hears of the error that made the open fail.
      }
    }
    throw error
  }
}

interface OpenFolder {
  readonly manifest: Manifest
  readonly numbers: FileNumbers
  readonly recovery: Recovery
}

/**
 * Reads what is there, then starts a new manifest. Pushes to `opened` what a failed open must
 * close.
 */
function openFolder(settings: OpenSettings, opened: Close[]): OpenFolder {
  const { storage, folder, options } = settings
  const state = recoverManifest(storage, folder) ?? freshState(storage, folder)
  checkTables(storage, folder, state.version)
  checkSegments(storage, folder, state.segments)
  const knownOptions = readOptionsRecord(storage, folder)
  const recovery = planRecovery(storage, folder, state, options.walRecovery)
  clearOrphans(storage, folder, recovery)
  const numbers = new FileNumbers(state.nextFileNumber)
  const allocate = () => numbers.allocate()
  const manifest = Manifest.create(storage, folder, state, {
    allocate,
    rollBytes: options.manifestRollBytes,
    loggedSeq: recovery.replay.missedSeq ?? undefined,
  })
  opened.push(() => manifest.close())
  shrinkSpent(storage, folder, state.segments, allocate)
  recordOptions(settings, knownOptions)
  return { manifest, numbers, recovery }
}

/**
 * Makes the parts and replays the logs. The settings' folder is resolved, their strategy guarded.
 */
function build(settings: OpenSettings, lock: FolderLock, opened: Close[]): DatabaseParts {
  const { storage, folder, strategy, options, clock, seed } = settings
  const timers = settings.timers ?? systemTimers
  const { manifest, numbers, recovery } = openFolder(settings, opened)
  const cache = new BlockCache(options.blockCacheBytes, options.cachePolicy)
  const files = new OpenFiles(openedBy(storage, options.directReads), options.maxOpenFiles)
  const shared = { storage, files, folder, numbers, manifest, cache, clock }
  const counters = new DatabaseCounters()
  const health = new Health(folder)
  // A job may end, and its install be reported, between any two calls.
  const onEvent = (event: DatabaseEvent) => health.busy(() => settings.onEvent(event))
  const snapshots = new SnapshotList(() => tree.pins.sweep())
  const book = new SegmentBook()
  const failed = (cause: unknown) => {
    health.fail(cause, false)
    maintenance.afterJob()
  }
  const calls = new SlowCalls({ executor: () => executor, failed })
  const values = new ValueLog({
    ...shared,
    options: options.valueLog,
    policy: settings.valueLogPolicy,
    book,
    gets: counters.gets,
    scans: counters.scans,
    lastSeq: () => head.lastSeq,
  })
  const installed = (edit: VersionEdit) => readers.installed(edit)
  const tree = new Tree({ ...shared, options, snapshots, book, values, calls, installed })
  const reads = new ReadCounters()
  const room = jobRoom({ ...shared, options, handles: tree.handles, values, reads })
  const { executor, isBackground, compactionsMax, memtablesMax } = jobRunning(settings, {
    timers,
    numbers,
    room,
    pressure: () => ({
      frozenMemtables: head.frozen,
      level0Runs: levelAt(tree.version, 0).runs.length,
      stallLimits: strategy.stallLimits(scheduler.view()),
    }),
  })
  opened.push(() => executor.close())
  const jobs = new TreeJobs({
    ...shared,
    tree,
    strategy,
    executor,
    options,
    snapshots,
    counters,
    values,
    calls,
    lastSeq: () => head.lastSeq,
    onEvent,
  })
  const scheduler: DatabaseScheduler = new Scheduler({
    tree: jobs,
    strategy,
    state: storedState(manifest, strategy),
    clock,
    compactionsMax,
    wait: () => executor.wait(),
    onEnded: () => maintenance.afterJob(),
  })
  const readers = new ReaderHub({
    ...shared,
    options,
    pins: tree.pins,
    visible: () => head.visible,
    view: () => head.view(),
    attempt: (work) => health.attempt(work),
  })
  const head = new WriteHead({
    ...shared,
    options,
    seed,
    tree,
    values,
    calls,
    isBackground,
    onPrepared() {
      if (health.mayMaintain) maintenance.afterJob()
    },
    failed,
    flush: (flush) => scheduler.flush(flush),
    settle: () => scheduler.settle(),
    beforeVisible: () => readers.update(),
  })
  opened.push(() => head.close())
  const gate = isBackground
    ? new WriteGate({
        slowdown: options.slowdown ?? SLOWDOWN_DEFAULT,
        clock,
        timers,
        pressure: () => writePressure({ options, strategy, head, scheduler, jobs }),
        waitForJob: () => executor.wait(),
        onEvent,
      })
    : null
  const commitHost: CommitHost = {
    assertWritable: () => health.assertWritable(),
    committed(batches, deletes) {
      counters.countCommitted(batches, deletes)
      executor.poll?.()
      maintenance.afterCommit()
    },
    failed: (cause, isTold) => health.fail(cause, isTold),
  }
  const history = new CommitHistory()
  const commits = new Commits({
    head,
    history,
    host: commitHost,
    admission: gate ?? openGate,
    interval: intervalSync(settings, timers, head, health),
    defaultSync: options.syncIntervalMs === undefined ? false : 'interval',
  })
  const host = collectorHost(head, tree, values, onEvent, {
    makeRoom: () => maintenance.makeRoom(),
    waitForRoom: () => maintenance.waitForRoom(),
    isFull: () => maintenance.isFull,
  })
  const collector = new Collector({ host, values, numbers, options: options.valueLog })
  const maintenance = new Maintenance({
    health,
    commits,
    admission: gate ?? openGate,
    head,
    calls,
    scheduler,
    values,
    collector,
    memtableBytes: options.memtableBytes,
    memtablesMax,
    hasRetention: options.retentionMaxBytes !== null || options.retentionMaxAgeMs !== null,
    waitForJob: () => executor.wait(),
    changed() {
      health.attempt(() => {
        gate?.changed()
        dueTimer?.update()
        readers.update()
        readers.collect()
      })
      // Nothing will lift a stall any more; the writers get the failure.
      if (health.hasFailed) gate?.close()
    },
  })
  // Inline, the callers' timers decide: without any, only a write or a flush starts work.
  const isTimed = isBackground || settings.timers !== null
  const dueTimer = isTimed
    ? new DueTimer({
        timers,
        nowMs: () => clock.nowMs(),
        nextDueAt: () => strategy.nextDueAt(scheduler.view()),
        isIdle: () => scheduler.isIdle,
        due() {
          if (health.mayMaintain) maintenance.afterJob()
        },
      })
    : null
  opened.push(() => dueTimer?.close())
  reportRecovery(settings, recovery)
  head.replay(recovery)
  dueTimer?.update()
  return {
    storage,
    folder,
    options,
    strategy,
    lock,
    manifest,
    cache,
    counters,
    health,
    snapshots,
    values,
    tree,
    room,
    executor,
    numbers,
    calls,
    scheduler,
    reads: new Reads(tree.handles, counters),
    readers,
    head,
    gate,
    dueTimer,
    commits,
    history,
    timers,
    seed,
    maintenance,
    clock,
    onEvent,
  }
}

function intervalSync(
  { options, clock }: OpenSettings,
  timers: Timers,
  head: WriteHead,
  health: Health,
): IntervalSync {
  return new IntervalSync({
    timers,
    nowMs: () => clock.nowMs(),
    intervalMs: options.syncIntervalMs ?? SYNC_INTERVAL_MS_DEFAULT,
    sync: () => head.sync(),
    syncAsync: () => head.syncAsync(),
    failed: (cause) => health.fail(cause, false),
  })
}

/** The strategy's state in the folder, or its first state if another strategy wrote the folder. */
function storedState({ state }: Manifest, strategy: CompactionStrategy): Json {
  const { strategy: stored } = state
  return stored?.name === strategy.name ? stored.state : strategy.initialState
}

function collectorHost(
  head: WriteHead,
  tree: Tree,
  { collectAccount }: ValueLog,
  onEvent: OpenSettings['onEvent'],
  room: Pick<CollectorHost, 'makeRoom' | 'waitForRoom' | 'isFull'>,
): CollectorHost {
  const { counters } = collectAccount
  const reads = new Reads(tree.handles, { gets: counters, scans: counters }, true)
  return {
    find: (key) => reads.find(head.memtables, tree.version, key, head.lastSeq),
    appendMoved: (batch, atMs) => head.appendMoved(batch, atMs),
    ...room,
    sync: () => head.sync(),
    spend: (segment) => tree.spend(segment, head.lastSeq),
    nowMs: () => head.nowMs(),
    onEvent,
  }
}

/**
 * Reported before the logs are removed: if this open fails later, the next may not find the damage.
 */
function reportRecovery({ clock, onEvent }: OpenSettings, { report }: Recovery): void {
  if (report.logs === 0 && report.damage === null) return
  onEvent({ kind: 'recovery', atMs: clock.nowMs(), ...report })
}
