/** Owns reading a command's input files: whatever is wrong with one is the caller's mistake, in a line. */
import { readFileSync } from 'node:fs'
import { isLsmError } from '../../engine/base/errors.ts'
import { parseResult } from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import { UsageError } from './usage-error.ts'

/** The result in the file. Throws `UsageError` naming the file, and the field where one is wrong. */
export function readRunResult(path: string): RunResult {
  return usageOf(() => parseResult(readText(path), path))
}

/** Throws `UsageError` naming the file. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UsageError(`${path}: ${(cause as Error).message.split(',')[0]}`, { cause })
  }
}

/** What `work` gives; an argument it refuses is the caller's mistake. */
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
