/**
 * Owns reading a command's results: files, plain or gzipped, of runs, of peers and of suites, and
 * folders of them. In a folder the specs of figures are passed over.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { AnyResult } from '../../results/identity.ts'
import { parseDocument } from '../../results/parse-result.ts'
import type { SuiteResult } from '../../results/suite-schema.ts'
import { usageOf } from './read-result.ts'
import { UsageError } from './usage-error.ts'

/** In the order named, a folder's by name. Throws `UsageError` naming the file and the field. */
export function readDocuments(paths: readonly string[]): readonly (AnyResult | SuiteResult)[] {
  return paths.flatMap(filesAt).map((path) => usageOf(() => parseDocument(textOf(path), path)))
}

const PASSED_OVER = /\.vl\.json$/

function filesAt(path: string): readonly string[] {
  if (!isFolder(path)) return [path]
  const files = readdirSync(path)
    .filter((name) => /\.json(\.gz)?$/.test(name) && !PASSED_OVER.test(name))
    .toSorted()
    .map((name) => join(path, name))
  if (files.length === 0)
    throw new UsageError(`${path}: no result (.json, .json.gz) in this folder`)
  return files
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function textOf(path: string): string {
  try {
    const content = readFileSync(path)
    return (path.endsWith('.gz') ? gunzipSync(content) : content).toString('utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): UsageError {
  return new UsageError(`${path}: ${(cause as Error).message.split(',')[0]}`, { cause })
}
