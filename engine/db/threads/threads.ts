/** Owns the making of a database's `ThreadExecutor`. */

import { assert } from '../../base/assert.ts'
import type { ExecutorFactory } from '../../scheduling/executor-factory.ts'
import { jobFacts } from '../../scheduling/job-facts.ts'
import { PolicyExecutor } from '../../scheduling/policy-executor.ts'
import { ThreadExecutor } from '../../scheduling/threads/thread-executor.ts'

const JOB_WORKER = new URL('./job.worker.ts', import.meta.url)

/** How often the policy plans again while jobs run. A plan costs about as much as a pick. */
const PLAN_EVERY_MS = 250

/**
 * Flushes and compactions run in worker threads, at the pace that the policy says.
 * The storage must be one that threads can share. `module` is what the threads run.
 */
export function threads(module = JOB_WORKER): ExecutorFactory {
  return ({
    shareRoom,
    jobsMax,
    policy,
    limitBytesPerSecond,
    workers,
    pressure,
    clock,
    timers,
  }) => {
    const room = shareRoom(jobsMax)
    assert(room !== null, 'the storage was checked when the options were')
    return new PolicyExecutor({
      runner: new ThreadExecutor(module, room),
      factsOf: jobFacts,
      policy,
      workers,
      limitBytesPerSecond,
      pressure,
      clock,
      timers,
      measureEveryMs: PLAN_EVERY_MS,
    })
  }
}
