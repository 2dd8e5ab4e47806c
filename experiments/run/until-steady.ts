/**
 * Owns the end of a run phase that continues until the tree is steady. The phase does at least the
 * requested operations, then as many as it needs, up to the stream's end. The state is checked only
 * after a sample, so equal seeds end at the same operation.
 */
import type { Deterministic } from '../../results/schema.ts'
import type { Driver } from './driver.ts'
import type { RunBooks } from './run-books.ts'

/** A run phase without a write in this many operations is taken to write nothing later either. */
const IDLE_OPERATIONS = 10_000

export class UntilSteady {
  /** Trace hash of the requested operations. */
  askedTraceHash = ''
  outcome: Deterministic['until'] = null
  readonly #operations: number
  readonly #driver: Driver
  readonly #books: RunBooks

  /** `operations` is the requested number. */
  constructor(operations: number, driver: Driver, books: RunBooks) {
    this.#operations = operations
    this.#driver = driver
    this.#books = books
  }

  /** Number of requested operations that are left; after them there is no limit. */
  operationsToAsked(runFrom: number): number {
    const left = runFrom + this.#operations - this.#driver.done
    return left > 0 ? left : Number.POSITIVE_INFINITY
  }

  /** Whether the run phase is over; called after every step. */
  hasSettled(runFrom: number, sampled: boolean): boolean {
    const { done, traceHash } = this.#driver
    const operations = done - runFrom
    if (operations === this.#operations) this.askedTraceHash = traceHash.digest()
    return sampled && operations >= this.#operations && this.settle(runFrom)
  }

  /** Checks the state and keeps it; true if the run phase is over. */
  settle(runFrom: number): boolean {
    const { done, traceHash } = this.#driver
    const state = this.#books.steadiness(this.#driver, runFrom)
    if (state === null) throw new Error('the target cannot tell whether it is steady')
    const { steady, why, idle } = state
    const operations = done - runFrom
    if (this.askedTraceHash === '') this.askedTraceHash = traceHash.digest()
    const reason = idle ? 'the run phase writes nothing, so nothing settles' : why
    this.outcome = { reached: steady, operations, why: reason }
    return steady || (idle && operations >= IDLE_OPERATIONS)
  }
}
