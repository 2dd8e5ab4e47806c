/** Owns reading a command's input file as text. An unreadable file is the caller's mistake, in one line. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { decodeText } from '../../engine/base/text.ts'
import { UsageError } from './usage-error.ts'

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
