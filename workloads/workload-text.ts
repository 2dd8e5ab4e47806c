/**
 * Owns the reading of workloads that users write as text: a spec (JSON), a preset with parameters
 * (JSON: `{"workload": "mixgraph", "params": {…}}`) or an unchanged YCSB property file. The caller
 * reads the file; every error names it.
 */

import { basename, extname } from 'node:path'
import { z } from 'zod'
import { checkPlain, checkText } from '../engine/base/arguments.ts'
import { invalidArgument } from '../engine/base/errors.ts'
import { plainText } from '../engine/base/text.ts'
import { WORKLOADS } from './catalog.ts'
import { parseParams, type WorkloadDefinition } from './definition.ts'
import { parseJson } from './json-text.ts'
import { nearestHint } from './nearest.ts'
import { specDefinition } from './spec/spec-definition.ts'
import { propertyFileWorkload } from './ycsb/property-file.ts'

/** The file of a workload: its path, for messages, and its text. */
export interface WorkloadText {
  readonly path: string
  readonly text: string
  /** The text of a file that the workload names by a path relative to this file. */
  readSibling(path: string): string
}

/** Whether `--workload=` names a file and not a workload of the catalogue. */
export function isWorkloadPath(given: string): boolean {
  checkText(given, "a workload's name")
  return given.includes('/') || /\.(json|properties)$/.test(given)
}

const presetSchema = z.strictObject({
  workload: z.string(),
  params: z.record(z.string(), z.json()).default({}),
})

/** Throws `LSM_INVALID_ARGUMENT` with one line that names the file and the place in it. */
export function workloadFromText(file: WorkloadText): WorkloadDefinition {
  checkPlain(file, "a workload's text")
  checkText(file.path, 'path')
  checkText(file.text, 'text')
  const name = nameOf(file.path)
  const text = plainText(file.text)
  if (!text.trimStart().startsWith('{')) return propertyFileWorkload({ ...file, text, name })
  const value = objectOf(file.path, text)
  if (!('workload' in value)) return specDefinition(value, name)
  const { workload, params } = parseParams(name, presetSchema, value)
  const preset = WORKLOADS.get(workload)
  if (preset === undefined) {
    const hint = nearestHint(workload, [...WORKLOADS.keys()])
    throw invalidArgument(`${file.path}: unknown workload "${workload}"${hint}`, { workload })
  }
  return withParams(preset, params)
}

/**
 * The same workload, and so the same streams, with some parameters preset. Given parameters
 * override them.
 */
function withParams(
  preset: WorkloadDefinition,
  params: Readonly<Record<string, unknown>>,
): WorkloadDefinition {
  preset.parse(params)
  return {
    ...preset,
    parse: (given) => preset.parse({ ...params, ...given }),
    loadOrder: (given) => preset.loadOrder({ ...params, ...given }),
    compressionTarget: (given) => preset.compressionTarget({ ...params, ...given }),
    create: (given, context) => preset.create({ ...params, ...given }, context),
  }
}

function objectOf(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parseJson(text) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw invalidArgument(`${path} is not JSON: ${(cause as Error).message}`, { path })
  }
}

/** The name in results and file names: letters, digits, dots and dashes. */
function nameOf(path: string): string {
  const name = basename(path, extname(path)).replaceAll(/[^A-Za-z0-9._-]/g, '-')
  return /^[A-Za-z0-9]/.test(name) ? name : `workload${name}`
}
