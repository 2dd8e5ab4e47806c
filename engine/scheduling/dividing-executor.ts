/**
 * Owns the running of large merges in parts beside each other (`subcompactions.ts`). For the
 * scheduler a divided merge is one job; for the executor within, each part is.
 *
 * Invariant: a job ends once, after all of its parts. If a part fails, the tables of the other
 * parts are removed.
 */

import type { SlowCall } from '../storage/slow-call.ts'
import type { TableId } from '../version/table-meta.ts'
import type { CallEnded, JobEnded, JobExecutor, JobOrder, JobOutcome } from './job-order.ts'
import { divide, joinOutcomes } from './subcompactions.ts'

export class DividingExecutor implements JobExecutor {
  readonly makeCall?: (call: SlowCall, ended: CallEnded) => void
  readonly #inner: JobExecutor
  readonly #partsMax: number
  readonly #removeTable: (id: TableId) => void
  #nextId = 1
  /** Jobs that have ended and calls that were made. */
  #ended = 0

  /** `removeTable` removes a table that was not installed; it does not throw. */
  constructor(inner: JobExecutor, partsMax: number, removeTable: (id: TableId) => void) {
    this.#inner = inner
    this.#partsMax = partsMax
    this.#removeTable = removeTable
    if (inner.makeCall !== undefined) this.makeCall = this.#makeCall
  }

  start(order: JobOrder, ended: JobEnded): void {
    const parts = divide(order, this.#partsMax)
    const results: (JobOutcome | Error)[] = []
    let running = parts.length
    for (const [index, part] of parts.entries()) {
      this.#inner.start({ ...part, id: this.#nextId++ }, (result) => {
        results[index] = result
        if (--running > 0) return
        this.#ended++
        ended(this.#joined(results))
      })
    }
  }

  readonly #makeCall = (call: SlowCall, ended: CallEnded): void => {
    this.#inner.makeCall!(call, (failure) => {
      this.#ended++
      ended(failure)
    })
  }

  wait(): void {
    const before = this.#ended
    while (this.#ended === before) this.#inner.wait()
  }

  poll(): void {
    this.#inner.poll?.()
  }

  close(): void {
    this.#inner.close()
  }

  #joined(results: readonly (JobOutcome | Error)[]): JobOutcome | Error {
    const failure = results.find((result) => result instanceof Error)
    const outcomes = results.filter((result): result is JobOutcome => !(result instanceof Error))
    if (failure === undefined) return joinOutcomes(outcomes)
    for (const { table } of outcomes.flatMap(({ written }) => written)) this.#removeTable(table.id)
    return failure
  }
}
