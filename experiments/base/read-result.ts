/** Owns reading a command's input files: whatever is wrong with one is the caller's mistake, in a line. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { isLsmError } from '../../engine/base/errors.ts'
import { decodeText } from '../../engine/base/text.ts'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import { type DocumentKind, type DocumentOf, parseResult } from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import { UsageError } from './usage-error.ts'

/** The result in the file. Throws `UsageError` naming the file, and the field where one is wrong. */
export function readRunResult(path: string): RunResult {
  const result = usageOf(() => parseResult(readText(path), path))
  tellContradictions(path, result)
  return result
}

/**
 * Says on standard error where figures of a document contradict each other. Such a file was edited by
 * hand or written by older code; what a command makes of it is as doubtful as its figures.
 */
export function tellContradictions(path: string, document: DocumentOf<DocumentKind>): void {
  if (!('deterministic' in document)) return
  const [first, ...more] = contradictionsIn(document)
  if (first === undefined) return
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  process.stderr.write(`${path}: figures contradict: ${first.field}: ${first.why}${rest}\n`)
}

/** The plain text of a file, unpacked where its name ends in `.gz`. Throws `UsageError` naming it. */
export function readText(path: string): string {
  try {
    const content = readFileSync(path)
    return decodeText(path.endsWith('.gz') ? gunzipSync(content) : content)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Why the system could not read `path`, in one line. */
export function unreadable(path: string, cause: unknown): UsageError {
  return new UsageError(`${path}: ${(cause as Error).message.split(',')[0]}`, { cause })
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
