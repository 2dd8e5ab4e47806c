/**
 * Owns workloads made from specs: presets, whose parameters make a spec, and the user's specs, in
 * which every number, word and switch is a parameter named by its path (`phases.0.keys.theta`).
 */

import { z } from 'zod'
import { invalidArgument } from '../../engine/base/errors.ts'
import type { Json } from '../../engine/base/json.ts'
import {
  checkSize,
  parseParams,
  streamSeed,
  type WorkloadContext,
  type WorkloadDefinition,
} from '../definition.ts'
import type { Workload } from '../operation.ts'
import type { SpecPreset } from '../presets/preset.ts'
import { type LoadOrder, type WorkloadSpec, workloadSpecSchema } from './spec-schema.ts'
import { createSpecWorkload } from './spec-workload.ts'
import { specWrites } from './spec-writes.ts'

type Given = Readonly<Record<string, unknown>>

/** A preset as a workload. */
export function presetDefinition(preset: SpecPreset): WorkloadDefinition {
  const { name, params, source, sources = {} } = preset
  const parse = (given: Given) => parseParams(name, params, given) as Record<string, Json>
  const specFrom = (given: Given) =>
    parseParams(name, workloadSpecSchema, preset.spec(parse(given)))
  return {
    name,
    family: preset.family,
    description: preset.description,
    params,
    parse,
    sources: Object.fromEntries(
      Object.keys(params.shape).map((param) => [param, sources[param] ?? source]),
    ),
    loadOrder: (given) => loadOrderOf(specFrom(given)),
    compressionTarget: (given) => specFrom(given).values.compressionRatio,
    create: (given, context) => ({
      ...createFromSpec(name, specFrom(given), context),
      properties: textOf(parse(given), context),
    }),
    writes: (given, context) => specWrites(name, sizedSpec(specFrom(given), context), context),
  }
}

/**
 * A spec as a workload, under the spec's name or `fallbackName`. `parse` returns the whole spec, so
 * that a result contains all of it. Throws `LSM_INVALID_ARGUMENT`, which names the path of a
 * mistake.
 */
export function specDefinition(spec: unknown, fallbackName: string): WorkloadDefinition {
  const written = parseParams(fallbackName, workloadSpecSchema, spec)
  const name = written.name ?? fallbackName
  const leaves = leavesOf(written as unknown as Json)
  const params = z.strictObject(
    Object.fromEntries(leaves.map(([path, value]) => [path, leafSchema(value)])),
  )
  const specFrom = (given: Given): WorkloadSpec => {
    const values = Object.entries(parseParams(name, params, given))
    const copy = structuredClone(written) as unknown as Json
    for (const [path, value] of values) setLeaf(copy, path.split('.'), value as Json)
    return parseParams(name, workloadSpecSchema, copy)
  }
  return {
    name,
    family: 'file',
    description: written.description ?? '',
    params,
    sources: Object.fromEntries(leaves.map(([path]) => [path, fallbackName])),
    parse: (given) => specFrom(given) as unknown as Record<string, Json>,
    loadOrder: (given) => loadOrderOf(specFrom(given)),
    compressionTarget: (given) => specFrom(given).values.compressionRatio,
    create: (given, context) => {
      const full = specFrom(given)
      return {
        ...createFromSpec(name, full, context),
        properties: textOf({ spec: JSON.stringify(full) }, context),
      }
    },
    writes: (given, context) => specWrites(name, sizedSpec(specFrom(given), context), context),
  }
}

function createFromSpec(
  name: string,
  spec: WorkloadSpec,
  context: WorkloadContext,
): Pick<Workload, 'load' | 'phases'> {
  checkSize(name, context)
  const { records, operations } = context
  const sized = sizedSpec(spec, context)
  return createSpecWorkload(sized, { records, operations }, streamSeed(name, context))
}

/** The spec with the context's size of values, if it has one. */
function sizedSpec(
  spec: WorkloadSpec,
  { valueBytes: bytes }: Pick<WorkloadContext, 'valueBytes'>,
): WorkloadSpec {
  if (bytes === undefined) return spec
  const phases = spec.phases.map((phase) => ({
    ...phase,
    steps: phase.steps.map(({ valueBytes: _, ...step }) => step),
  }))
  return { ...spec, values: { ...spec.values, bytes }, phases }
}

function loadOrderOf({ load, keys }: Pick<WorkloadSpec, 'load' | 'keys'>): string {
  if (load === null) return 'nothing loaded'
  const hashed = keys.parts.some(({ order }) => order === 'hashed')
  return hashed ? 'hashed' : orderName(load.order)
}

function orderName(order: LoadOrder): string {
  if (typeof order === 'string') return order
  const { k, l, alpha, beta } = order
  return `near-sorted k=${k} l=${l} alpha=${alpha} beta=${beta}`
}

function textOf(params: Given, { records, operations }: WorkloadContext): Record<string, string> {
  const all = { ...params, recordcount: records, operationcount: operations }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]))
}

type Leaf = readonly [path: string, value: string | number | boolean]

function leavesOf(value: Json, path: readonly string[] = []): Leaf[] {
  if (value === null) return []
  if (typeof value !== 'object') return [[path.join('.'), value]]
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner as Json, [...path, name]))
}

/** Only the type. The spec's own schema checks the bounds. */
function leafSchema(value: Leaf[1]): z.ZodType {
  if (typeof value === 'number') return z.number().default(value)
  return typeof value === 'boolean' ? z.boolean().default(value) : z.string().default(value)
}

function setLeaf(target: Json, path: readonly string[], value: Json): void {
  const parent = path
    .slice(0, -1)
    .reduce<Json>((at, name) => (at as Record<string, Json>)[name]!, target)
  const last = path.at(-1)
  if (last === undefined || typeof parent !== 'object' || parent === null) {
    throw invalidArgument(`no such place: ${path.join('.')}`, { path: [...path] })
  }
  const slots = parent as Record<string, Json>
  slots[last] = value
}
