/** Owns the contract between a database and whoever makes its executor. Types only. */

import type { Clock, Timers } from '../base/clock.ts'
import type { Storage } from '../storage/storage.ts'
import type { JobExecutor } from './job-order.ts'
import type { SchedulingPolicy, TreePressure } from './policy.ts'
import type { JobRoom } from './run-job.ts'

/** What an executor gets from the database that it works for. */
export interface ExecutorParts {
  /** Runs jobs in the thread of the database. */
  readonly room: JobRoom
  readonly storage: Storage
  readonly folder: string
  readonly clock: Clock
  readonly timers: Timers
  /**
   * Data from which up to `threads` other threads make rooms like `room`; it can be posted. Null if
   * the storage serves only one thread.
   */
  readonly shareRoom: (threads: number) => unknown
  /** How jobs share workers and bandwidth. */
  readonly policy: SchedulingPolicy
  /** What all jobs together may write per second, in bytes; null: no limit. */
  readonly limitBytesPerSecond: number | null
  /** Jobs that may run at the same time, 1 or more: the engine option `backgroundJobs`. */
  readonly workers: number
  /** Called while a job is started or after one has ended, never while `open` makes the parts. */
  readonly pressure: () => TreePressure
  /** At most this many jobs run or are paused at the same time. */
  readonly jobsMax: number
}

/** Makes the executor of one database. The database closes it. */
export type ExecutorFactory = (parts: ExecutorParts) => JobExecutor
