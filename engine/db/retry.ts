/**
 * Owns the repetition of a transaction that conflicts. Invariant: `run` sees a new transaction each
 * time, and no transaction stays open behind it. The wait between two attempts is drawn at random
 * below a bound that doubles, so that those who met once do not meet again ("full jitter").
 */

import { checkOptions, checkWhole, show } from '../base/arguments.ts'
import type { Timers } from '../base/clock.ts'
import { invalidArgument, isLsmError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { type WriteOptions, wantsSync } from './call-options.ts'
import type { TransactionCounters } from './metrics.ts'
import { checkedIsolation, type Transaction, type TransactionOptions } from './transaction.ts'

/** Options of `retry`: those of the transaction and of its commit, and how often to try. */
export interface RetryOptions extends TransactionOptions, WriteOptions {
  /** The most attempts, the first included. Default 10. */
  readonly attemptsMax?: number
  /**
   * The first wait is shorter than this many milliseconds; the bound doubles with each attempt, up
   * to a second. 0: no wait. Default 1.
   */
  readonly backoffMs?: number
}

export interface RetryHost {
  readonly timers: Timers
  readonly random: Random
  readonly counters: TransactionCounters
  begin(options: TransactionOptions): Transaction
}

const RETRY_OPTIONS = [
  'isolation',
  'sync',
  'attemptsMax',
  'backoffMs',
] as const satisfies readonly (keyof RetryOptions)[]

const ATTEMPTS_MAX_DEFAULT = 10
const BACKOFF_MS_DEFAULT = 1
const BACKOFF_MS_MAX = 1000

/** Runs `run` in transactions until one commits. Throws the last conflict, or what `run` throws. */
export async function retry<Result>(
  host: RetryHost,
  run: (transaction: Transaction) => Result | Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  if (typeof run !== 'function') {
    throw invalidArgument(`retry takes a function, not ${show(run)}`)
  }
  const asked = checkOptions(options, RETRY_OPTIONS, 'retry')
  const { isolation = 'serializable', sync } = asked
  const { attemptsMax = ATTEMPTS_MAX_DEFAULT, backoffMs = BACKOFF_MS_DEFAULT } = asked
  checkedIsolation(isolation)
  checkWhole(attemptsMax, 'attemptsMax', 1)
  checkWhole(backoffMs, 'backoffMs')
  const commitOptions: WriteOptions = sync === undefined ? {} : { sync }
  wantsSync(commitOptions, 'retry')
  for (let attempt = 1; ; attempt++) {
    using transaction = host.begin({ isolation })
    try {
      const result = await run(transaction)
      if (transaction.isOpen) await transaction.commit(commitOptions)
      return result
    } catch (error) {
      if (attempt === attemptsMax || !isLsmError(error, 'LSM_CONFLICT')) throw error
    }
    const boundMs = Math.min(BACKOFF_MS_MAX, backoffMs * 2 ** (attempt - 1))
    host.counters.retries++
    if (boundMs > 0) await waitFor(host.timers, host.random.nextDouble() * boundMs)
  }
}

function waitFor(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(delayMs, resolve, true)
  })
}
