/**
 * Owns the slow calls of an open database on its storage: syncs and removals (`storage/slow-call`).
 * Where the executor can make them beside other work they never block this thread; elsewhere they
 * are made at once, here.
 *
 * Invariants: calls are made in the order in which they were asked for, one after another, so a
 * file is synced before a later call removes it. No call is made twice, also if it failed.
 */

import { resultOf } from '../scheduling/inline-executor.ts'
import type { JobExecutor } from '../scheduling/job-order.ts'
import { type SlowStep, type SlowWork, workHere } from '../storage/slow-call.ts'

export interface SlowCallsParts {
  readonly executor: () => Pick<JobExecutor, 'makeCall' | 'wait'>
  /** Called with the failure of a call that nobody waits for. */
  readonly failed: (cause: unknown) => void
}

export class SlowCalls {
  readonly #parts: SlowCallsParts
  #pending = 0
  #isClosed = false

  constructor(parts: SlowCallsParts) {
    this.#parts = parts
  }

  /** Whether calls are made beside other work. */
  get areBeside(): boolean {
    return !this.#isClosed && this.#parts.executor().makeCall !== undefined
  }

  /** Does the work, and calls `ended` once, before this returns or later. */
  run<Result>(work: SlowWork<Result>, ended: (result: Result | Error) => void): void {
    if (!this.areBeside) {
      ended(resultOf(() => workHere(work)))
      return
    }
    this.#advance(work, null, ended)
  }

  /** Makes a call whose end nobody waits for. Throws its failure if it is made here. */
  start(step: SlowStep): void {
    if (!this.areBeside) {
      step.here()
      return
    }
    this.#make(step, (failure) => {
      if (failure !== null) this.#parts.failed(failure)
    })
  }

  /** Blocks until all calls have been made. Jobs may end meanwhile. */
  settle(): void {
    while (this.#pending > 0) this.#parts.executor().wait()
  }

  /** Later calls are made here. Call it when all have been made. */
  close(): void {
    this.#isClosed = true
  }

  #advance<Result>(
    work: SlowWork<Result>,
    failure: Error | null,
    ended: (result: Result | Error) => void,
  ): void {
    const next = resultOf(() => (failure === null ? work.next() : work.throw(failure)))
    if (next instanceof Error) ended(next)
    else if (next.done) ended(next.value)
    else this.#make(next.value, (failed) => this.#advance(work, failed, ended))
  }

  #make({ call }: SlowStep, ended: (failure: Error | null) => void): void {
    this.#pending++
    this.#parts.executor().makeCall!(call, (failure) => {
      this.#pending--
      ended(failure)
    })
  }
}
