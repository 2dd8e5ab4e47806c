/**
 * Owns the caller's mistakes: a `UsageError` is one line fit for a terminal that says what was
 * meant, and ends the command with exit code 2.
 */
import { isLsmError } from '../../engine/base/errors.ts'
import { nearestHint } from '../../workloads/nearest.ts'

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** 'unknown strategy "teiring"; did you mean "tiering"?', or the list when nothing is near. */
export function unknownName(what: string, name: string, candidates: readonly string[]): UsageError {
  return new UsageError(`unknown ${what} "${name}"${nearestHint(name, candidates)}`)
}

/** What `work` gives; an argument it refuses is the caller's mistake, said in the schema's own line. */
export function usageOf<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw asUsage(error)
  }
}

/** The error, as a `UsageError` where it says that an argument was invalid. */
export function asUsage(error: unknown): unknown {
  if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) return error
  return new UsageError(error.message, { cause: error })
}
