/**
 * Owns the registry of workloads: what `--workload=` may name, each with its parameters, where
 * their defaults come from, and how its streams are made. Invariant: streams depend on nothing but
 * the context and the parameters, so two strategies given the same ones see the same operations.
 */

import type { z } from 'zod'
import { invalidArgument } from '../engine/base/errors.ts'
import type { Json } from '../engine/base/json.ts'
import { deriveSeed } from '../engine/base/random.ts'
import type { Workload } from './operation.ts'
import {
  type CoreProperties,
  corePropertiesSchema,
  corePropertiesWith,
} from './ycsb/core-properties.ts'
import { createCoreWorkload, RECORDS_MAX } from './ycsb/core-workload.ts'
import { PRESETS, type Preset } from './ycsb/presets.ts'

export interface WorkloadContext {
  /** Records of the load phase. */
  readonly records: number
  /** Operations of the run phase. */
  readonly operations: number
  /** The root seed, a safe integer. */
  readonly seed: number
  /** Which repeat of a run; each derives its own streams from the root seed. */
  readonly repeat: number
  /** The root seed itself is the thread's seed, as the reference traces want it; no repeats. */
  readonly reference?: boolean
  /**
   * Values are exactly this many bytes, without fields, and every write is a blind put. Wins over
   * the parameters that describe fields.
   */
  readonly valueBytes?: number
}

export interface WorkloadDefinition {
  readonly name: string
  readonly description: string
  /** Parameters by name, with defaults. */
  readonly params: z.ZodObject
  /** Parameter → where its default comes from. */
  readonly sources: Readonly<Record<string, string>>
  /**
   * The given parameters with every default filled in. Throws `LSM_INVALID_ARGUMENT` with one line
   * that names the parameter.
   */
  parse(given: Readonly<Record<string, unknown>>): Readonly<Record<string, Json>>
  /** The streams, from parameters as given to `parse`; throws as it does. */
  create(given: Readonly<Record<string, unknown>>, context: WorkloadContext): Workload
}

/** By name, in the order to show. */
export const WORKLOADS: ReadonlyMap<string, WorkloadDefinition> = new Map(
  [
    ycsb('ycsb-load', { ...PRESETS['ycsb-a'], description: 'insert every record, nothing else' }),
    ...Object.entries(PRESETS).map(([name, preset]) => ycsb(name, preset)),
  ].map((definition) => [definition.name, definition]),
)

function ycsb(name: string, preset: Preset): WorkloadDefinition {
  const params = corePropertiesWith(preset.properties)
  const sources = Object.keys(corePropertiesSchema.shape).map((property) => [
    property,
    `YCSB 0.17.0, ${property in preset.properties ? `workloads/${preset.file}` : 'CoreWorkload'}`,
  ])
  const parse = (given: Readonly<Record<string, unknown>>) => {
    const parsed = params.safeParse(given)
    if (parsed.success) return parsed.data as Record<string, Json>
    const { issues } = parsed.error
    const where = [name, ...issues[0]!.path].join('.')
    throw invalidArgument(`${where}: ${issues[0]!.message}`, { workload: name, issues })
  }
  return {
    name,
    description: preset.description,
    parse,
    params,
    sources: Object.fromEntries(sources),
    create(given, context) {
      checkSize(name, context)
      const overrides = context.valueBytes === undefined ? {} : singleValue(context.valueBytes)
      const core = { ...(parse(given) as CoreProperties), ...overrides }
      const seed = context.reference
        ? context.seed
        : deriveSeed(context.seed, `workload/${name}`, context.repeat)
      const { load, run } = createCoreWorkload(core, context, {
        seed,
        bare: context.valueBytes !== undefined,
      })
      return {
        load,
        phases: name === 'ycsb-load' ? [] : [{ name: 'run', stream: run }],
        properties: asText({
          ...preset.properties,
          ...given,
          ...overrides,
          recordcount: context.records,
          operationcount: context.operations,
        }),
      }
    },
  }
}

/** One field of so many bytes, written whole. */
function singleValue(valueBytes: number): Partial<CoreProperties> {
  return {
    fieldcount: 1,
    fieldnameprefix: 'field',
    fieldlength: valueBytes,
    fieldlengthdistribution: 'constant',
    readallfields: true,
    writeallfields: true,
  }
}

function checkSize(name: string, { records, operations, valueBytes }: WorkloadContext): void {
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

function asText(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, String(value)]),
  )
}
