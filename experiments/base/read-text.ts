/** Owns reading an input file as text. A file that cannot be read is the user's mistake. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { decodeText } from '../../engine/base/text.ts'
import { UsageError } from './usage-error.ts'

/** The text of a file, unpacked if its name ends in `.gz`. Throws `UsageError` with the path. */
export function readText(path: string): string {
  try {
    const content = readFileSync(path)
    return decodeText(path.endsWith('.gz') ? gunzipSync(content) : content)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** One line that says why the system could not read `path`. */
export function unreadable(path: string, cause: unknown): UsageError {
  return new UsageError(`${path}: ${(cause as Error).message.split(',')[0]}`, { cause })
}
