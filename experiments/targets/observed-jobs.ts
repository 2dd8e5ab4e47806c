/**
 * Owns the observation of background jobs: when each was queued, was given its first share, and
 * ended. It stands before the executor and the policy, passes every call on and changes no answer.
 *
 * The database reports a job when it is installed, without the job's id. It installs a merge inside
 * its end, and flushes in the order in which they were queued; so each report finds its job. A
 * merge that was divided has the times of the part that ended last.
 */
import type {
  Clock,
  JobEnded,
  JobExecutor,
  JobOrder,
  SchedulingPolicy,
} from '../../engine/index.ts'
import type { JobTimes, TargetEvent } from '../base/target.ts'

export type SeenAtPick = Required<Pick<TargetEvent, 'scores' | 'candidates'>>

/** A job as it was reported. */
export interface ReportedJob extends JobTimes {
  /** What the strategy saw when it picked the job. */
  readonly seen: SeenAtPick
}

/** What it needs of an order. */
type ObservedOrder = Pick<JobOrder, 'id' | 'cause'>

interface Job {
  readonly id: number
  readonly cause: JobOrder['cause']
  readonly queuedNs: number
  readonly seen: SeenAtPick
  startedNs: number | null
  endedNs: number | null
}

export class ObservedJobs {
  readonly #clock: Clock
  readonly #seenAtPick: () => SeenAtPick
  /** Not reported yet, in the order in which they were queued. */
  readonly #jobs = new Map<number, Job>()
  /** The merge whose end is being told. */
  #ending: Job | null = null

  /** `seenAtPick`: what the strategy saw at its last pick. */
  constructor(clock: Clock, seenAtPick: () => SeenAtPick) {
    this.#clock = clock
    this.#seenAtPick = seenAtPick
  }

  /** The same executor, observed. */
  factory<Parts, Order extends ObservedOrder, Outcome>(
    make: (parts: Parts) => JobExecutor<Order, Outcome>,
  ): (parts: Parts) => JobExecutor<Order, Outcome> {
    return (parts) => {
      const executor = make(parts)
      return {
        start: (order, ended) => {
          const job = this.#queue(order)
          executor.start(order, (result) => this.#end(job, result, ended))
        },
        wait: () => executor.wait(),
        ...(executor.poll !== undefined && { poll: () => executor.poll?.() }),
        close: () => executor.close(),
      }
    }
  }

  /** The same policy, observed: a job starts when a plan gives it its first share. */
  policy(policy: SchedulingPolicy): SchedulingPolicy {
    return {
      ...policy,
      plan: (view) => {
        const plan = policy.plan(view)
        const nowNs = this.#clock.elapsedNs()
        for (const [index, { id }] of view.jobs.entries()) {
          const job = this.#jobs.get(id)
          if (job !== undefined && (plan.shares[index] ?? 0) > 0) job.startedNs ??= nowNs
        }
        return plan
      },
    }
  }

  /** The job that the database reports now, as `kind`. */
  report(kind: TargetEvent['kind']): ReportedJob {
    const nowNs = this.#clock.elapsedNs()
    const job = this.#reported(kind)
    if (job === null) {
      // A move or a drop changes only the tree.
      return { queuedNs: nowNs, startedNs: nowNs, endedNs: nowNs, seen: this.#seenAtPick() }
    }
    this.#jobs.delete(job.id)
    const { queuedNs, startedNs, endedNs, seen } = job
    return { queuedNs, startedNs: startedNs ?? queuedNs, endedNs: endedNs ?? nowNs, seen }
  }

  #queue({ id, cause }: ObservedOrder): Job {
    const job: Job = {
      id,
      cause,
      queuedNs: this.#clock.elapsedNs(),
      seen: this.#seenAtPick(),
      startedNs: null,
      endedNs: null,
    }
    this.#jobs.set(id, job)
    return job
  }

  #end<Outcome>(job: Job, result: Outcome | Error, ended: JobEnded<Outcome>): void {
    job.endedNs = this.#clock.elapsedNs()
    const outer = this.#ending
    if (job.cause === 'compaction') this.#ending = job
    try {
      ended(result)
    } finally {
      // The part of a divided merge that is not the last to end is not reported.
      if (job.cause === 'compaction') this.#jobs.delete(job.id)
      this.#ending = outer
    }
  }

  #reported(kind: TargetEvent['kind']): Job | null {
    if (kind === 'flush') {
      for (const job of this.#jobs.values()) if (job.cause === 'flush') return job
    }
    if (kind !== 'merge') return null
    const job = this.#ending
    this.#ending = null
    return job
  }
}
