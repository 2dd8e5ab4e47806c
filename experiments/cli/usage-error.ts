/**
 * Owns the caller's mistakes: a `UsageError` is one line fit for a terminal that says what was
 * meant, and ends the command with exit code 2.
 */
import { nearestHint } from '../../workloads/nearest.ts'

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** 'unknown strategy "teiring"; did you mean "tiering"?', or the list when nothing is near. */
export function unknownName(what: string, name: string, candidates: readonly string[]): UsageError {
  return new UsageError(`unknown ${what} "${name}"${nearestHint(name, candidates)}`)
}
