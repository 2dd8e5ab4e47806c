/**
 * Owns what an open database may still do. After a failed write or sync nothing is known of what is on
 * disk, so the first failure makes the database read-only until it is reopened; after the close it does
 * nothing. Invariant: maintenance is never entered from within itself.
 */

import { invalidArgument, LsmError } from '../base/errors.ts'

export class Health {
  readonly #folder: string
  #failure: { readonly cause: unknown } | null = null
  /** Whether a caller has heard of the failure. */
  #told = false
  #atRest = true
  #closed = false

  constructor(folder: string) {
    this.#folder = folder
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  /**
   * Runs maintenance; a failure is kept for the next write, or for the close where none comes, as
   * what set it off is committed.
   */
  attempt(work: () => void): void {
    this.#atRest = false
    try {
      work()
    } catch (cause) {
      this.#failure ??= { cause }
    } finally {
      this.#atRest = true
    }
  }

  /** Returns `cause`, to be thrown. `isTold`: whether a caller hears of it. */
  fail(cause: unknown, isTold = true): unknown {
    this.#failure ??= { cause }
    if (isTold) this.#told = true
    return cause
  }

  close(): void {
    this.#closed = true
  }

  /** An event's listener or a strategy would write into a memtable that is being flushed. */
  assertAtRest(): void {
    if (this.#atRest) return
    throw invalidArgument('a flush or compaction is under way: it may be watched, not interrupted')
  }

  assertWritable(): void {
    this.assertOpen()
    if (this.#failure === null) return
    this.#told = true
    const { cause } = this.#failure
    if (cause instanceof LsmError && cause.code === 'LSM_UNSAFE_COMPACTION') throw cause
    const folder = this.#folder
    throw new LsmError(
      'LSM_READ_ONLY',
      `${folder} is read-only until reopened: ${cause instanceof Error ? cause.message : cause}`,
      { cause, data: { folder } },
    )
  }

  assertOpen(): void {
    if (!this.#closed) return
    const folder = this.#folder
    throw new LsmError('LSM_CLOSED', `${folder} is closed`, { data: { folder } })
  }

  /** Throws the failure as it came. */
  throwFailure(): void {
    if (this.#failure === null) return
    this.#told = true
    throw this.#failure.cause
  }

  /** Throws the failure as it came, if no caller has heard of it. */
  throwUntold(): void {
    if (!this.#told) this.throwFailure()
  }
}

/**
 * A listener that throws is a bug of its owner's, and nothing is wrong with the database: the error
 * surfaces as an uncaught one, as Node's own events have it, and the work goes on.
 */
export function harmless<Event>(listener: (event: Event) => void): (event: Event) => void {
  return (event) => {
    try {
      listener(event)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
