/**
 * Owns YCSB's workloads as entries of the catalogue: the six in its files, the load alone, and any
 * other set of core properties, for example from a property file.
 */

import type { Json } from '../../engine/base/json.ts'
import {
  checkSize,
  parseParams,
  streamSeed,
  type WorkloadContext,
  type WorkloadDefinition,
} from '../definition.ts'
import type { Workload } from '../operation.ts'
import { type CoreProperties, corePropertiesSchema, corePropertiesWith } from './core-properties.ts'
import { createCoreWorkload } from './core-workload.ts'
import { PRESETS } from './presets.ts'
import { ycsbWrites } from './ycsb-writes.ts'

const FAMILY = 'YCSB'

export interface YcsbSource {
  readonly name: string
  readonly description: string
  /** The properties that differ from `CoreWorkload`'s defaults, and their source. */
  readonly properties: Partial<CoreProperties>
  readonly source: string
  /** The workload is only a load. */
  readonly loadOnly?: boolean
  readonly size?: WorkloadDefinition['size']
  readonly withoutEffect?: readonly string[]
}

export function ycsbDefinitions(): readonly WorkloadDefinition[] {
  const source = (file: string) => `YCSB 0.17.0, workloads/${file}`
  const { properties, file } = PRESETS['ycsb-a']
  const load = { name: 'ycsb-load', description: 'insert every record, nothing else' }
  return [
    ycsbDefinition({ ...load, properties, source: source(file), loadOnly: true }),
    ...Object.entries(PRESETS).map(([name, preset]) =>
      ycsbDefinition({ ...preset, name, source: source(preset.file) }),
    ),
  ]
}

/** Throws `LSM_INVALID_ARGUMENT` if properties contradict each other or have wrong types. */
export function ycsbDefinition(ycsb: YcsbSource): WorkloadDefinition {
  const { name, description, properties, size, withoutEffect } = ycsb
  const params = corePropertiesWith(properties)
  const sources = Object.keys(corePropertiesSchema.shape).map((property) => [
    property,
    property in properties ? ycsb.source : 'YCSB 0.17.0, CoreWorkload',
  ])
  const parse = (given: Readonly<Record<string, unknown>>) =>
    parseParams(name, params, given) as Record<string, Json>
  return {
    name,
    family: FAMILY,
    description,
    params,
    parse,
    ...(size !== undefined && { size }),
    ...(withoutEffect !== undefined && { withoutEffect }),
    sources: Object.fromEntries(sources),
    loadOrder: (given) => String(parse(given).insertorder),
    compressionTarget: () => null,
    create: (given, context) => createYcsb(ycsb, parse(given) as CoreProperties, given, context),
    writes: (given, size) =>
      ycsbWrites(name, parse(given) as CoreProperties, size, ycsb.loadOnly ?? false),
  }
}

function createYcsb(
  { name, properties, loadOnly = false }: YcsbSource,
  parsed: CoreProperties,
  given: Readonly<Record<string, unknown>>,
  context: WorkloadContext,
): Workload {
  checkSize(name, context)
  const { valueBytes, records, operations } = context
  const overrides = valueBytes === undefined ? {} : singleValue(valueBytes)
  const { load, run } = createCoreWorkload({ ...parsed, ...overrides }, context, {
    seed: streamSeed(name, context),
    bare: valueBytes !== undefined,
  })
  const all = { ...properties, ...given, ...overrides }
  return {
    load,
    phases: loadOnly ? [] : [{ name: 'run', stream: run }],
    properties: asText({ ...all, recordcount: records, operationcount: operations }),
  }
}

/** A single field of `valueBytes` bytes, written whole. */
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

function asText(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, String(value)]),
  )
}
