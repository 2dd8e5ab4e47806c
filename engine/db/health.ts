/**
 * Owns whether an open database may still read and write. After a failed write or sync the state on
 * disk is unknown, so the first failure makes the database read-only until it is reopened. After
 * the close it refuses everything. Invariant: maintenance never starts inside other maintenance.
 */

import { invalidArgument, LsmError } from '../base/errors.ts'

export class Health {
  readonly #folder: string
  #failure: { readonly cause: unknown } | null = null
  /** Whether a caller has got the failure as an error. */
  #told = false
  #atRest = true
  #closed = false

  constructor(folder: string) {
    this.#folder = folder
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Whether the database is open and writable, and no maintenance is under way. */
  get mayMaintain(): boolean {
    return this.#atRest && !this.#closed && this.#failure === null
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  /**
   * Runs maintenance. A failure is not thrown here, because the write that started the maintenance
   * is committed; the next write throws it, or the close if no write follows.
   */
  attempt(work: () => void): void {
    try {
      this.busy(work)
    } catch (cause) {
      this.#failure ??= { cause }
    }
  }

  /** Runs `work`; meanwhile calls that need rest are refused (`assertAtRest`). */
  busy<Result>(work: () => Result): Result {
    const wasAtRest = this.#atRest
    this.#atRest = false
    try {
      return work()
    } finally {
      this.#atRest = wasAtRest
    }
  }

  /** Keeps the failure. `isTold`: whether a caller gets it. Returns `cause`, to be thrown. */
  fail(cause: unknown, isTold = true): unknown {
    this.#failure ??= { cause }
    if (isTold) this.#told = true
    return cause
  }

  close(): void {
    this.#closed = true
  }

  /**
   * Refuses calls that an event listener or a strategy makes during maintenance: they would write
   * into a memtable that is being flushed.
   */
  assertAtRest(): void {
    if (this.#atRest) return
    throw invalidArgument(
      'no event listener, strategy or policy may call writeSync, flush, ingest, checkpoint, ' +
        'collectValueLog or close: call them afterwards',
    )
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

  /** Throws the failure unchanged, if there is one. */
  throwFailure(): void {
    if (this.#failure === null) return
    this.#told = true
    throw this.#failure.cause
  }

  /** Throws the failure unchanged, if no caller has got it. */
  throwUntold(): void {
    if (!this.#told) this.throwFailure()
  }
}

/**
 * Wraps a listener so that its errors do not stop the database's work. An error of the listener is
 * a bug of the caller: it is thrown outside of the work, as an uncaught exception.
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
