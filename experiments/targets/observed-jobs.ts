/**
 * Owns the observation of background jobs: when each was queued, was given its first share, and
 * ended. It stands before the executor and the policy, passes every call on and changes no answer.
 *
 * The database reports a job when it is installed, without the job's id. A merge is found by its
 * tables, which no other job may take, and flushes are installed in the order in which they were
 * queued. A merge that was divided has the times of the part that ended last.
 */
import type {
  Clock,
  ExecutorFactory,
  JobExecutor,
  JobOrder,
  SchedulingPolicy,
} from '../../engine/index.ts'
import type { JobTimes, TargetEvent } from '../base/target.ts'
import type { EditEvent } from '../base/version-log.ts'

export type SeenAtPick = Required<Pick<TargetEvent, 'scores' | 'candidates'>>

/** A job as it was reported. */
export interface ReportedJob extends JobTimes {
  /** What the strategy saw when it picked the job. */
  readonly seen: SeenAtPick
}

interface Job {
  readonly id: number
  readonly cause: JobOrder['cause']
  /** One of its input tables; null for a flush. */
  readonly table: number | null
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

  /** `seenAtPick`: what the strategy saw at its last pick. */
  constructor(clock: Clock, seenAtPick: () => SeenAtPick) {
    this.#clock = clock
    this.#seenAtPick = seenAtPick
  }

  /** The same executor, observed. */
  executor(factory: ExecutorFactory): ExecutorFactory {
    return (parts) => {
      const executor = factory(parts)
      return {
        ...this.of(executor, tableOf),
        ...(executor.makeCall !== undefined && {
          makeCall: (call, ended) => executor.makeCall!(call, ended),
        }),
      }
    }
  }

  /** An executor of other orders, observed. `tableOf`: a table that a merge reads. */
  of<Order extends Pick<JobOrder, 'id' | 'cause'>, Outcome>(
    executor: JobExecutor<Order, Outcome>,
    tableOf: (order: Order) => number | null,
  ): JobExecutor<Order, Outcome> {
    return {
      start: (order, ended) => {
        const job = this.#queue(order, tableOf(order))
        executor.start(order, (result) => {
          job.endedNs = this.#clock.elapsedNs()
          ended(result)
        })
      },
      wait: () => executor.wait(),
      ...(executor.poll !== undefined && { poll: () => executor.poll?.() }),
      close: () => executor.close(),
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

  /** The job that the database reports now, as `kind`. The edit `removed` these tables. */
  report(kind: TargetEvent['kind'], removed: EditEvent['edit']['removed']): ReportedJob {
    const nowNs = this.#clock.elapsedNs()
    const job =
      kind === 'flush' ? this.#firstFlush() : kind === 'merge' ? this.#merge(removed) : null
    if (job === null) {
      // A move or a drop changes only the tree.
      return { queuedNs: nowNs, startedNs: nowNs, endedNs: nowNs, seen: this.#seenAtPick() }
    }
    const { queuedNs, startedNs, endedNs, seen } = job
    return { queuedNs, startedNs: startedNs ?? queuedNs, endedNs: endedNs ?? nowNs, seen }
  }

  #queue({ id, cause }: Pick<JobOrder, 'id' | 'cause'>, table: number | null): Job {
    const job: Job = {
      id,
      cause,
      table,
      queuedNs: this.#clock.elapsedNs(),
      seen: this.#seenAtPick(),
      startedNs: null,
      endedNs: null,
    }
    this.#jobs.set(id, job)
    return job
  }

  #firstFlush(): Job | null {
    const job = this.#jobs.values().find(({ cause }) => cause === 'flush') ?? null
    if (job !== null) this.#jobs.delete(job.id)
    return job
  }

  /** The job that took the tables; of the parts of a divided merge the one that ended last. */
  #merge(removed: EditEvent['edit']['removed']): Job | null {
    const tables = new Set(removed.map(({ table }) => table.id))
    let last: Job | null = null
    for (const job of [...this.#jobs.values()]) {
      if (job.table === null || !tables.has(job.table)) continue
      if (last === null || job.endedNs! >= last.endedNs!) last = job
      this.#jobs.delete(job.id)
    }
    return last
  }
}

function tableOf({ source }: JobOrder): number | null {
  return 'runs' in source ? source.runs[0]!.tables[0]!.id : null
}
