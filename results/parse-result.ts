/**
 * Owns reading a result: checked JSON in, a typed result out, or one line that names the file and
 * the field. Results of a later schema version are refused, never guessed at.
 */

import type { z } from 'zod'
import { invalidArgument } from '../engine/base/errors.ts'
import { type PeerResult, peerResultSchema } from './peer-schema.ts'
import { type RunResult, runResultSchema, SCHEMA_VERSION } from './schema.ts'
import { SUITE_SCHEMA_VERSION, type SuiteResult, suiteResultSchema } from './suite-schema.ts'

/**
 * The result in `json` (text, or the value parsed from it). `path` only names it in errors.
 * Throws `LSM_INVALID_ARGUMENT` with `{path, field}`.
 */
export function parseResult(json: unknown, path: string): RunResult {
  const value = typeof json === 'string' ? parseText(json, path) : json
  if (isOfPeer(value)) throw refused(path, 'peer', "another store's result, which has no ledger")
  return checkedRun(value, path)
}

/** As `parseResult`, of our own runs and of peers alike. */
export function parseAnyResult(json: unknown, path: string): RunResult | PeerResult {
  const value = typeof json === 'string' ? parseText(json, path) : json
  if (isOfPeer(value)) return checked(value, path, peerResultSchema)
  return checkedRun(value, path)
}

/** As `parseResult`, of runs, of peers and of suites. */
export function parseDocument(json: unknown, path: string): RunResult | PeerResult | SuiteResult {
  const value = typeof json === 'string' ? parseText(json, path) : json
  return isOfSuite(value)
    ? checked(value, path, suiteResultSchema, SUITE_SCHEMA_VERSION)
    : parseAnyResult(value, path)
}

function checkedRun(value: unknown, path: string): RunResult {
  if (isOfSuite(value)) throw refused(path, 'suite', "a suite's result, not a run's")
  return checked(value, path, runResultSchema)
}

function isOfSuite(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'suite' in value
}

function isOfPeer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'peer' in value
}

function checked<Schema extends z.ZodType>(
  value: unknown,
  path: string,
  schema: Schema,
  versionMax = SCHEMA_VERSION,
): z.output<Schema> {
  const version = schemaVersionOf(value)
  if (version !== undefined && version > versionMax) {
    throw refused(
      path,
      'schemaVersion',
      `version ${version} is newer than the ${versionMax} this build reads`,
    )
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  throw refused(path, fieldName(issues[0]!), `${issues[0]!.message}${more}`)
}

function parseText(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw refused(path, '(document)', `not JSON: ${(cause as Error).message.replaceAll('\n', ' ')}`)
  }
}

function schemaVersionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return undefined
  return typeof value.schemaVersion === 'number' ? value.schemaVersion : undefined
}

/** `a.b[3].c`; an unknown key is named itself, not only the object that holds it. */
function fieldName(issue: z.core.$ZodIssue): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
  return text === '' ? '(document)' : text.replace(/^\./, '')
}

function refused(path: string, field: string, why: string) {
  return invalidArgument(`${path}: ${field}: ${why}`, { path, field })
}
