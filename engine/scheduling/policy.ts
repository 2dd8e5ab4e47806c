/**
 * THE SEAM OF BACKGROUND WORK: the interface of a scheduling policy to the scheduler. Pure types.
 *
 * A policy sees the jobs that are queued, running or paused (data only: no I/O, clock or
 * randomness) and answers which of them run now and how they divide the bandwidth. Equal views give
 * equal plans. The strategy alone decides what is merged; a policy only orders the work. The
 * scheduler is responsible for safety: it checks every plan (`checked-plan.ts`) and installs
 * results itself.
 */

import type { StallLimits } from '../compaction/strategy.ts'

/** A policy of background work: which jobs run, and how they divide the bandwidth. */
export interface SchedulingPolicy {
  readonly name: string
  /**
   * How many merges may be picked and not yet installed, 1 or more. A policy that pauses a merge
   * for a more urgent one asks for more than can run; one that never does asks for as many as run,
   * so that each merge is picked from the newest tree.
   */
  mergesMax(workers: number): number
  /**
   * Called when a job is queued, when a job ends, and while jobs run whenever the bandwidth used by
   * clients is measured again. Pure.
   */
  plan(view: SchedulingView): SchedulingPlan
}

/** What a policy sees: the background work at one moment, as data. */
export interface SchedulingView extends TreePressure {
  /** Jobs that have not ended, by ascending id. */
  readonly jobs: readonly ScheduledJob[]
  /** At most this many jobs may have a share at the same time; 1 or more. */
  readonly workers: number
  /** What clients and jobs may use of the device together, in bytes per second. Null: unknown. */
  readonly budgetBytesPerSecond: number | null
  /** What clients used of it when it was measured last, in bytes per second. */
  readonly clientBytesPerSecond: number
  /** What the database allows all jobs together, in bytes per second. Null: no limit. */
  readonly limitBytesPerSecond: number | null
}

/** How close writers are to a stall. */
export interface TreePressure {
  /** Full memtables whose flush has not ended … */
  readonly frozenMemtables: number
  /** … and the number from which on writers wait. */
  readonly memtablesMax: number
  readonly level0Runs: number
  /** At how many level-0 runs writers slow down and stop. */
  readonly stallLimits: StallLimits
}

/** One job as a policy sees it. */
export interface ScheduledJob {
  /** Ascends in the order in which memtables were frozen and merges were picked. */
  readonly id: number
  readonly cause: 'flush' | 'compaction'
  /** The newest level that the job reads; −1 for a flush. */
  readonly fromLevel: number
  /** The oldest level that the job writes to. */
  readonly toLevel: number
  /** Bytes of the input: those of the memtable, or of the tables to merge. */
  readonly bytesTotal: number
  /** Bytes of the input that are still to be processed. */
  readonly bytesLeft: number
  /** Logical time in milliseconds. */
  readonly queuedAtMs: number
  /** Null until the job had its first share. A paused job has started. */
  readonly startedAtMs: number | null
}

/** What `plan` answers. It holds until the next plan. */
export interface SchedulingPlan {
  /**
   * The share of each job in the jobs' bandwidth, from 0 to 1, in the order of the view's jobs; at
   * most 1 in sum. A job with share 0 waits in the queue, or, if it has started, pauses at its next
   * table border; it then occupies no worker. If there are jobs, at least one must have a share.
   */
  readonly shares: readonly number[]
  /**
   * What all jobs may use together, in bytes per second, within the database's limit. Null: no
   * other limit.
   */
  readonly bytesPerSecond: number | null
}
