/**
 * Owns what it takes to be a workload: parameters with defaults and their sources, and streams made
 * from them. Invariant: streams depend on nothing but the context and the parameters, so two
 * strategies given the same ones see the same operations.
 */

import type { z } from 'zod'
import { invalidArgument } from '../engine/base/errors.ts'
import type { Json } from '../engine/base/json.ts'
import { deriveSeed } from '../engine/base/random.ts'
import { explainIssue } from './explain-issue.ts'
import type { Workload } from './operation.ts'

/** Key numbers fit a signed 32-bit integer. */
export const RECORDS_MAX = 2 ** 31 - 1

/** What streams are made from besides parameters. */
export interface WorkloadContext {
  /** Records of the load phase. */
  readonly records: number
  /** Operations of the run phases. */
  readonly operations: number
  /** The root seed, a safe integer. */
  readonly seed: number
  /** Which repeat of a run; each derives its own streams from the root seed. */
  readonly repeat: number
  /** The root seed itself is the thread's seed, as the reference traces want it; no repeats. */
  readonly reference?: boolean
  /**
   * Values are exactly this many bytes, without fields, and every write is a blind put. Wins over
   * the parameters that describe values.
   */
  readonly valueBytes?: number
}

/** A workload of the catalogue or of a file: its parameters, and how its streams are made. */
export interface WorkloadDefinition {
  readonly name: string
  /** Under which heading it is listed. */
  readonly family: string
  readonly description: string
  /** Parameters by name, with defaults. */
  readonly params: z.ZodObject
  /** Parameter → where its default comes from. */
  readonly sources: Readonly<Record<string, string>>
  /** How many records and operations where nobody says. */
  readonly size?: { readonly records?: number; readonly operations?: number }
  /** What was read and has no effect on the stream: to be told to the user. */
  readonly withoutEffect?: readonly string[]
  /**
   * The given parameters with every default filled in. Throws `LSM_INVALID_ARGUMENT` with one line
   * that names the parameter.
   */
  parse(given: Readonly<Record<string, unknown>>): Readonly<Record<string, Json>>
  /** In what order the load's keys come; throws as `parse` does. */
  loadOrder(given: Readonly<Record<string, unknown>>): string
  /** Compressed ÷ raw that values aim at; null where they aim at nothing. */
  compressionTarget(given: Readonly<Record<string, unknown>>): number | null
  /** The streams, from parameters as given to `parse`; throws as it does. */
  create(given: Readonly<Record<string, unknown>>, context: WorkloadContext): Workload
}

/** What `schema` makes of `given`. Throws `LSM_INVALID_ARGUMENT` with one line. */
export function parseParams<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  given: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(given, { reportInput: true })
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  const line = explainIssue(parsed.error, schema)
  const place = issues[0]!.path.length === 0 ? `${name}: ` : `${name}.`
  throw invalidArgument(`${place}${line}`, { workload: name, issues })
}

/** Throws `LSM_INVALID_ARGUMENT` for a size no stream can have. */
export function checkSize(name: string, context: WorkloadContext): void {
  const { records, operations, valueBytes } = context
  if (!Number.isSafeInteger(records) || records < 1 || records > RECORDS_MAX) {
    throw invalidArgument(`${name}: ${records} records; it takes 1 to ${RECORDS_MAX}`, { records })
  }
  if (!Number.isSafeInteger(operations) || operations < 0) {
    throw invalidArgument(`${name}: ${operations} operations`, { operations })
  }
  if (valueBytes !== undefined && (!Number.isSafeInteger(valueBytes) || valueBytes < 0)) {
    throw invalidArgument(`${name}: values of ${valueBytes} bytes`, { valueBytes })
  }
}

/** Of a workload's random numbers; the strategy has no part in it. */
export function streamSeed(name: string, context: WorkloadContext): number {
  const { seed, repeat, reference } = context
  return reference ? seed : deriveSeed(seed, `workload/${name}`, repeat)
}
