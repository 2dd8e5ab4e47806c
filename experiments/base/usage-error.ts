/**
 * Owns the error for a user's mistake. Its message is one line for the terminal that says what is
 * wrong and, if possible, what was meant. The command ends with exit code 2.
 */
import { isLsmError } from '../../engine/base/errors.ts'
import { nearestHint } from '../../workloads/nearest.ts'

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** 'unknown strategy "teiring"; did you mean "tiering"?', or a list if no candidate is near. */
export function unknownName(what: string, name: string, candidates: readonly string[]): UsageError {
  return new UsageError(`unknown ${what} "${name}"${nearestHint(name, candidates)}`)
}

/** The result of `work`. If it refuses an argument, its message becomes that of a `UsageError`. */
export function usageOf<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw asUsage(error)
  }
}

/** The error itself, or a `UsageError` in its place if it says that an argument is invalid. */
export function asUsage(error: unknown): unknown {
  if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) return error
  return new UsageError(error.message, { cause: error })
}
