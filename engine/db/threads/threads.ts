/** Owns the making of a database's `ThreadExecutor`. */

import { assert } from '../../base/assert.ts'
import type { ExecutorFactory } from '../../scheduling/executor-factory.ts'
import { ThreadExecutor } from '../../scheduling/threads/thread-executor.ts'

const JOB_WORKER = new URL('./job.worker.ts', import.meta.url)

/**
 * Flushes and compactions run in worker threads. The storage must be one that threads can share.
 * `module` is what the threads run.
 */
export function threads(module = JOB_WORKER): ExecutorFactory {
  return ({ shareRoom, jobsMax }) => {
    const room = shareRoom(jobsMax)
    assert(room !== null, 'the storage was checked when the options were')
    return new ThreadExecutor(module, room)
  }
}
