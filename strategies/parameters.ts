/**
 * Owns the parameters of a strategy: it parses them, with one clear line per mistake, and lists
 * them for help and documentation. All of it comes from the zod schema, so a parameter is declared
 * once.
 */

import { distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { checkPlain } from '../engine/base/arguments.ts'
import { invalidArgument, type LsmError } from '../engine/base/errors.ts'
import type { Json } from '../engine/base/json.ts'
import { propertiesOf, rangeOf } from './schema-properties.ts'

/** Anything with parameters; every `StrategyModule` is one. */
export interface Parameterised {
  readonly name: string
  readonly params: z.ZodObject
}

/** One parameter, for a table of them. */
export interface ParameterInfo {
  readonly name: string
  /** The values it takes: 'integer 2 … 1000', 'one of none, lz4, zstd'. */
  readonly range: string
  readonly default: Json
  readonly description: string
}

/** Parses raw parameters, filling in defaults; mistakes are `LSM_INVALID_ARGUMENT`, one line. */
export function parseParams<Params extends z.ZodObject>(
  module: { readonly name: string; readonly params: Params },
  raw: Readonly<Record<string, unknown>>,
): z.output<Params> {
  checkPlain(raw, `${module.name}'s parameters`)
  for (const name of Object.keys(raw)) checkDeclared(module, name)
  const result = module.params.safeParse(raw)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const parameter = String(issue.path[0] ?? '')
  if (issue.code === 'custom') {
    throw invalidArgument(`${module.name}: ${parameter} ${issue.message}`, {
      strategy: module.name,
      parameter,
      value: raw[parameter],
    })
  }
  throw outOfRange(module, parameter, raw[parameter])
}

/** The parameters of a strategy for help and documents, in the order of its schema. */
export function describeParams({ params }: Pick<Parameterised, 'params'>): ParameterInfo[] {
  return Array.from(propertiesOf(params), ([name, property]) => ({
    name,
    range: rangeOf(property),
    default: property.default ?? null,
    description: property.description ?? '',
  }))
}

/** The end of an error line that names the candidate nearest to `word`; empty if none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const nearest = candidates
    .map((name) => ({ name, edits: distance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0]
  if (nearest === undefined || nearest.edits > word.length / 2) return ''
  return `; did you mean ${nearest.name}?`
}

/** Reads the shape: properties need a JSON schema, which costs too much for every creation. */
function checkDeclared({ name: strategy, params }: Parameterised, parameter: string): void {
  if (Object.hasOwn(params.shape, parameter)) return
  const known = Object.keys(params.shape)
  const hint = didYouMean(parameter, known) || `; it has ${known.join(', ') || 'none'}`
  throw invalidArgument(`${strategy} has no parameter ${parameter}${hint}`, { strategy, parameter })
}

function outOfRange(module: Parameterised, parameter: string, value: unknown): LsmError {
  const range = rangeOf(propertiesOf(module.params).get(parameter) ?? {}) || 'a valid value'
  return invalidArgument(`${module.name}: ${parameter}: expected ${range}, not ${shown(value)}`, {
    strategy: module.name,
    parameter,
    value,
    range,
  })
}

/** Texts as they were typed, without quotes. NaN and infinities have no JSON form. */
function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
