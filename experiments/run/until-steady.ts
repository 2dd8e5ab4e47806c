/**
 * Owns the end of a run phase that goes on until the tree is steady: it takes at least the
 * operations asked for, then as many as it needs, up to the stream's end. The state is looked at
 * only where a sample was taken, so equal seeds end at the same operation.
 */
import type { Deterministic } from '../../results/schema.ts'
import type { OperationDriver } from './operation-driver.ts'
import type { RunBooks } from './run-books.ts'

/** A run phase without a write in so many operations will not write in later ones. */
const IDLE_OPERATIONS = 10_000

export class UntilSteady {
  /** Of the operations asked for. */
  askedTraceHash = ''
  outcome: Deterministic['until'] = null
  readonly #operations: number
  readonly #driver: OperationDriver
  readonly #books: RunBooks

  /** `operations` are asked for. */
  constructor(operations: number, driver: OperationDriver, books: RunBooks) {
    this.#operations = operations
    this.#driver = driver
    this.#books = books
  }

  /** How many operations are left of those asked for; beyond them there is no limit. */
  operationsToAsked(runFrom: number): number {
    const left = runFrom + this.#operations - this.#driver.done
    return left > 0 ? left : Number.POSITIVE_INFINITY
  }

  /** Whether the run phase is over; asked after every step of it. */
  hasSettled(runFrom: number, sampled: boolean): boolean {
    const { done, traceHash } = this.#driver
    const operations = done - runFrom
    if (operations === this.#operations) this.askedTraceHash = traceHash.digest()
    return sampled && operations >= this.#operations && this.settle(runFrom)
  }

  /** Looks at the state and keeps what it found; true where the run phase is over. */
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
