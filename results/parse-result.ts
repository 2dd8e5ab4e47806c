/**
 * Owns reading a result: it turns JSON into a checked, typed result, or reports the file and the
 * field in one line. Results of a later schema version are refused, never interpreted by guess.
 */

import type { z } from 'zod'
import { invalidArgument } from '../engine/base/errors.ts'
import { plainText } from '../engine/base/text.ts'
import { type PeerResult, peerResultSchema } from './peer-schema.ts'
import { RACE_SCHEMA_VERSION, type RaceResult, raceResultSchema } from './race-schema.ts'
import { type RunResult, runResultSchema, SCHEMA_VERSION } from './schema.ts'
import { SUITE_SCHEMA_VERSION, type SuiteResult, suiteResultSchema } from './suite-schema.ts'

/**
 * The result in `json` (text, or its parsed value). `path` is only used in errors. Throws
 * `LSM_INVALID_ARGUMENT` with `{path, field}`.
 */
export function parseResult(json: unknown, path: string): RunResult {
  return parseKinds(json, path, ['run'])
}

/** As `parseResult`, for results of our own runs and of peers. */
export function parseAnyResult(json: unknown, path: string): RunResult | PeerResult {
  return parseKinds(json, path, ['run', 'peer'])
}

interface Documents {
  readonly run: RunResult
  readonly peer: PeerResult
  readonly suite: SuiteResult
}
export type DocumentKind = keyof Documents
export type DocumentOf<Kind extends DocumentKind> = Documents[Kind]

/** The race in `json`, the result of `varve bench peers`; errors as `parseResult`. */
export function parseRace(json: string, path: string): RaceResult {
  return checked(parseDocumentText(json, path), path, raceResultSchema, RACE_SCHEMA_VERSION)
}

function isRace(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'race' in value
}

/** The kind that a document claims, whether valid or not; null if it is not a result of a run. */
export function documentKindOf(value: unknown): DocumentKind | null {
  if (typeof value !== 'object' || value === null || isRace(value)) return null
  if ('suite' in value) return 'suite'
  if ('peer' in value) return 'peer'
  return 'deterministic' in value || 'schemaVersion' in value ? 'run' : null
}

/** As `parseResult`, for the given kinds. */
export function parseKinds<Kind extends DocumentKind>(
  json: unknown,
  path: string,
  kinds: readonly Kind[],
): DocumentOf<Kind> {
  const value = typeof json === 'string' ? parseDocumentText(json, path) : json
  const kind = documentKindOf(value)
  const isAsked = kinds.some((asked) => asked === kind)
  if (kind === 'peer' && !isAsked) {
    throw refused(path, 'peer', "another store's result, which has no ledger")
  }
  if (kind === 'suite' && !isAsked) throw refused(path, 'suite', "a suite's result, not a run's")
  if (isRace(value)) throw refused(path, 'race', 'the result of a race of stores, not of a run')
  return parsedAs(kind ?? 'run', value, path) as DocumentOf<Kind>
}

function parsedAs(kind: DocumentKind, value: unknown, path: string): DocumentOf<DocumentKind> {
  switch (kind) {
    case 'run':
      return checked(value, path, runResultSchema)
    case 'peer':
      return checked(value, path, peerResultSchema)
    case 'suite':
      return checked(value, path, suiteResultSchema, SUITE_SCHEMA_VERSION)
  }
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

/** The unchecked value of the JSON `text`. Throws `LSM_INVALID_ARGUMENT`, which names `path`. */
export function parseDocumentText(text: string, path: string): unknown {
  if (text.trim() === '') throw refused(path, '(document)', 'the file is empty')
  try {
    return JSON.parse(plainText(text))
  } catch (cause) {
    throw refused(path, '(document)', `not JSON: ${(cause as Error).message.replaceAll('\n', ' ')}`)
  }
}

function schemaVersionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return undefined
  return typeof value.schemaVersion === 'number' ? value.schemaVersion : undefined
}

/** For example `a.b[3].c`. An unknown key is named itself, not only the object that contains it. */
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
