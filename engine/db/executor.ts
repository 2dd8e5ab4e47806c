/**
 * Owns the choice of who runs a database's jobs, and of how many run at once. Invariant: inline one
 * job runs at a time, and it has ended when it was started.
 */

import { checkObject } from '../base/arguments.ts'
import type { Timers } from '../base/clock.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import { mergesMaxOf } from '../scheduling/checked-plan.ts'
import { DividingExecutor } from '../scheduling/dividing-executor.ts'
import type { ExecutorFactory } from '../scheduling/executor-factory.ts'
import { flushesFirst } from '../scheduling/flushes-first.ts'
import { InlineExecutor } from '../scheduling/inline-executor.ts'
import type { JobExecutor, JobOrder } from '../scheduling/job-order.ts'
import type { TreePressure } from '../scheduling/policy.ts'
import { type JobRoom, runJob } from '../scheduling/run-job.ts'
import type { OpenSettings } from './open-options.ts'
import { BACKGROUND_JOBS_DEFAULT, MEMTABLES_MAX_DEFAULT } from './options.ts'
import { shareRoom } from './threads/shared-room.ts'
import { threads } from './threads/threads.ts'

/** Who runs the jobs of a database, and how much may run or wait at once. */
export interface JobRunning {
  readonly executor: JobExecutor
  readonly isBackground: boolean
  /** Compactions that are picked and not installed yet. */
  readonly compactionsMax: number
  /** Frozen memtables that wait for their flush. */
  readonly memtablesMax: number
}

export interface JobRunningParts {
  readonly timers: Timers
  readonly numbers: FileNumbers
  /** Runs jobs in this thread. */
  readonly room: JobRoom
  readonly pressure: () => Pick<TreePressure, 'frozenMemtables' | 'level0Runs' | 'stallLimits'>
}

/** Makes the executor that the settings ask for. `LSM_INVALID_ARGUMENT` if theirs is not one. */
export function jobRunning(settings: OpenSettings, parts: JobRunningParts): JobRunning {
  const { storage, folder, options, clock, scheduling } = settings
  const { timers, numbers, room, pressure } = parts
  const policy = settings.schedulingPolicy ?? flushesFirst
  const isBackground = scheduling !== 'inline'
  const workers = options.backgroundJobs ?? BACKGROUND_JOBS_DEFAULT
  const compactionsMax = isBackground ? mergesMaxOf(policy, workers) : 1
  const memtablesMax = options.memtablesMax ?? MEMTABLES_MAX_DEFAULT
  const partsMax = isBackground ? (options.subcompactions ?? 1) : 1
  const whole = factoryOf(scheduling)({
    room,
    storage,
    folder,
    clock,
    timers,
    shareRoom: (count) => shareRoom(storage, folder, numbers, options, count),
    policy,
    limitBytesPerSecond: options.compactionBytesPerSecond ?? null,
    workers,
    // `flush` freezes one memtable more than may wait.
    jobsMax: compactionsMax * partsMax + memtablesMax + 1,
    pressure: () => ({ ...pressure(), memtablesMax }),
  })
  // The factory may be anybody's, so what it makes is checked.
  checkObject(whole, 'what the option scheduling makes', ['start', 'wait', 'close'])
  const executor = partsMax === 1 ? whole : new DividingExecutor(whole, partsMax, room.removeTable)
  return { executor, isBackground, compactionsMax, memtablesMax }
}

function factoryOf(scheduling: OpenSettings['scheduling']): ExecutorFactory {
  if (scheduling === 'inline') {
    return ({ room }) => new InlineExecutor((order: JobOrder) => runJob(order, room))
  }
  return scheduling === 'threads' ? threads() : scheduling
}
