/**
 * Owns an executor for tests that choose the order themselves: a job waits until the test lets it
 * work and end, and if the test asks for it, so does a slow call.
 */

import { assert } from '../base/assert.ts'
import { resultOf } from '../scheduling/inline-executor.ts'
import type {
  CallEnded,
  JobEnded,
  JobExecutor,
  JobOrder,
  JobOutcome,
} from '../scheduling/job-order.ts'
import { type JobRoom, runJob } from '../scheduling/run-job.ts'
import type { SlowCall } from '../storage/slow-call.ts'
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

class HeldCall {
  readonly call: SlowCall
  readonly #queue: HeldCall[]
  readonly #room: JobRoom
  readonly #ended: CallEnded
  #failure: Error | null | undefined = undefined

  constructor(call: SlowCall, queue: HeldCall[], room: JobRoom, ended: CallEnded) {
    this.call = call
    this.#queue = queue
    this.#room = room
    this.#ended = ended
  }

  /** Makes the call; the database does not hear of it before `end`. */
  make(): void {
    if (this.#failure !== undefined) return
    assert(this.#queue[0] === this, 'calls are made in their order')
    const made = resultOf(() => this.#room.makeCall(this.call))
    this.#failure = made instanceof Error ? made : null
  }

  /** Makes the call if it was not made, and tells the database. */
  end(): void {
    this.make()
    this.#queue.shift()
    this.#ended(this.#failure!)
  }
}

class HeldExecutor implements JobExecutor {
  /** The slow calls that have not ended, in their order. */
  readonly calls: HeldCall[] = []
  readonly makeCall?: NonNullable<JobExecutor['makeCall']>
  /** In the order of their starts, also those that have ended. */
  readonly started: HeldJob[] = []
  readonly #room: JobRoom

  constructor(room: JobRoom, holdsCalls: boolean) {
    this.#room = room
    if (!holdsCalls) return
    this.makeCall = (call, ended) => {
      this.calls.push(new HeldCall(call, this.calls, room, ended))
    }
  }

  /** The jobs that have not ended. */
  get jobs(): readonly HeldJob[] {
    return this.started.filter(({ hasEnded }) => !hasEnded)
  }

  start(order: JobOrder, ended: JobEnded): void {
    this.started.push(new HeldJob(order, this.#room, ended))
  }

  wait(): void {
    const first = this.calls[0] ?? this.jobs[0]
    assert(first !== undefined, 'nothing runs, so nothing can end')
    first.end()
  }

  close(): void {
    for (const job of this.jobs) job.hasEnded = true
  }
}

/** As `openTest`, with an executor whose jobs the test ends, and its slow calls if `holdsCalls`. */
export function openHeld({
  holdsCalls = false,
  ...open
}: Parameters<typeof openTest>[0] & { readonly holdsCalls?: boolean } = {}): TestDatabase & {
  readonly executor: HeldExecutor
} {
  let executor: HeldExecutor | null = null
  const opened = openTest({
    ...open,
    scheduling: ({ room }) => {
      executor = new HeldExecutor(room, holdsCalls)
      return executor
    },
  })
  return { ...opened, executor: executor! }
}
