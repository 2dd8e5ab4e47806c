/**
 * Owns an executor for tests that choose the order themselves: a job waits until the test lets it
 * work and end.
 */

import { assert } from '../base/assert.ts'
import { resultOf } from '../scheduling/inline-executor.ts'
import type { JobEnded, JobExecutor, JobOrder, JobOutcome } from '../scheduling/job-order.ts'
import { type JobRoom, runJob } from '../scheduling/run-job.ts'
import { openTest, type TestDatabase } from './fixtures.ts'

class HeldJob {
  readonly order: JobOrder
  readonly #room: JobRoom
  readonly #ended: JobEnded
  #result: JobOutcome | Error | null = null
  hasEnded = false

  constructor(order: JobOrder, room: JobRoom, ended: JobEnded) {
    this.order = order
    this.#room = room
    this.#ended = ended
  }

  /** Writes the job's tables. They are not part of the tree before `end`. */
  work(): void {
    this.#result ??= resultOf(() => runJob(this.order, this.#room))
  }

  /** Ends the job: with `failure`, or with its work, which is done now if it was not. */
  end(failure?: Error): void {
    if (failure === undefined) this.work()
    this.hasEnded = true
    this.#ended(failure ?? this.#result!)
  }
}

class HeldExecutor implements JobExecutor {
  /** In the order of their starts, also those that have ended. */
  readonly started: HeldJob[] = []
  readonly #room: JobRoom

  constructor(room: JobRoom) {
    this.#room = room
  }

  /** The jobs that have not ended. */
  get jobs(): readonly HeldJob[] {
    return this.started.filter(({ hasEnded }) => !hasEnded)
  }

  start(order: JobOrder, ended: JobEnded): void {
    this.started.push(new HeldJob(order, this.#room, ended))
  }

  wait(): void {
    const [first] = this.jobs
    assert(first !== undefined, 'no job runs, so none can end')
    first.end()
  }

  close(): void {
    for (const job of this.jobs) job.hasEnded = true
  }
}

/** As `openTest`, with an executor whose jobs the test ends. */
export function openHeld(
  open: Parameters<typeof openTest>[0] = {},
): TestDatabase & { readonly executor: HeldExecutor } {
  let executor: HeldExecutor | null = null
  const opened = openTest({
    ...open,
    scheduling: ({ room }) => {
      executor = new HeldExecutor(room)
      return executor
    },
  })
  return { ...opened, executor: executor! }
}
