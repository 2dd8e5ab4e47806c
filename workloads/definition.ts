/**
 * Owns the definition of a workload: parameters with defaults and the sources of these, and the
 * streams made from them. Invariant: streams depend only on the context and the parameters, so two
 * strategies with the same ones see the same operations.
 */

import type { z } from 'zod'
import { invalidArgument } from '../engine/base/errors.ts'
import type { Json } from '../engine/base/json.ts'
import { deriveSeed } from '../engine/base/random.ts'
import { explainIssue } from './explain-issue.ts'
import type { Workload } from './operation.ts'
import type { WriteShape } from './write-shape.ts'

/** Key numbers fit a signed 32-bit integer. */
export const RECORDS_MAX = 2 ** 31 - 1

/** What streams are made from besides parameters. */
export interface WorkloadContext {
  /** Number of records of the load phase. */
  readonly records: number
  /** Number of operations of the run phases. */
  readonly operations: number
  /** The root seed, a safe integer. */
  readonly seed: number
  /** Index of the repeat. Each repeat derives its own streams from the root seed. */
  readonly repeat: number
  /**
   * Use the root seed itself as the thread's seed, as the reference traces require. Allows no
   * repeats.
   */
  readonly reference?: boolean
  /**
   * If given, values have exactly this many bytes and no fields, and every write is a blind put.
   * Overrides the parameters that describe values.
   */
  readonly valueBytes?: number
}

/** A workload of the catalogue or of a file: its parameters, and how its streams are made. */
export interface WorkloadDefinition {
  readonly name: string
  /** The heading under which it is listed. */
  readonly family: string
  readonly description: string
  /** Parameters by name, with defaults. */
  readonly params: z.ZodObject
  /** For each parameter, the source of its default. */
  readonly sources: Readonly<Record<string, string>>
  /** Number of records and operations if the user gives none. */
  readonly size?: { readonly records?: number; readonly operations?: number }
  /** Properties that were read but have no effect on the stream; the user is told their names. */
  readonly withoutEffect?: readonly string[]
  /**
   * The given parameters, completed by all defaults. Throws `LSM_INVALID_ARGUMENT` with one line
   * that names the parameter.
   */
  parse(given: Readonly<Record<string, unknown>>): Readonly<Record<string, Json>>
  /** The order of the load's keys. Throws as `parse` does. */
  loadOrder(given: Readonly<Record<string, unknown>>): string
  /** The target ratio of the values, compressed ÷ raw; null if they have none. */
  compressionTarget(given: Readonly<Record<string, unknown>>): number | null
  /** The streams, made from parameters as given to `parse`. Throws as `parse` does. */
  create(given: Readonly<Record<string, unknown>>, context: WorkloadContext): Workload
  /**
   * The writes of these streams in expected numbers, for any number of records. Throws as `parse`
   * does, also if the writes cannot be described. A recorded trace has no description.
   */
  writes?(
    given: Readonly<Record<string, unknown>>,
    size: Pick<WorkloadContext, 'records' | 'operations' | 'valueBytes'>,
  ): WriteShape
}

/** Parses `given` with `schema`. Throws `LSM_INVALID_ARGUMENT` with one line. */
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

/** Throws `LSM_INVALID_ARGUMENT` for a size that no stream can have. */
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

/** The seed of a workload's random numbers. It does not depend on the strategy. */
export function streamSeed(name: string, context: WorkloadContext): number {
  const { seed, repeat, reference } = context
  return reference ? seed : deriveSeed(seed, `workload/${name}`, repeat)
}
