/**
 * Owns what a strategy's parameters say of themselves: parsing with one clear line per mistake, and
 * rows for help and documentation. Everything is read from the zod schema, so a parameter is
 * declared once.
 */

import { distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { checkPlain } from '../engine/base/arguments.ts'
import { invalidArgument, type LsmError } from '../engine/base/errors.ts'
import type { Json } from '../engine/base/json.ts'

/** What has parameters: every `StrategyModule` is one. */
export interface Parameterised {
  readonly name: string
  readonly params: z.ZodObject
}

/** One parameter, for a table of them. */
export interface ParameterInfo {
  readonly name: string
  /** The values it takes, in words: 'an integer from 2 to 1000'. */
  readonly range: string
  readonly default: Json
  readonly description: string
}

interface PropertySchema {
  readonly type?: string
  readonly enum?: readonly Json[]
  /** What the members of a list are. */
  readonly items?: PropertySchema
  readonly anyOf?: readonly PropertySchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly default?: Json
  readonly description?: string
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
export function describeParams(module: Parameterised): readonly ParameterInfo[] {
  return Object.entries(propertiesOf(module)).map(([name, property]) => ({
    name,
    range: rangeInWords(property),
    default: property.default ?? null,
    description: property.description ?? '',
  }))
}

/** The candidate most like `word`, as the end of an error line; empty when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const nearest = candidates
    .map((name) => ({ name, edits: distance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0]
  if (nearest === undefined || nearest.edits > word.length / 2) return ''
  return `; did you mean ${nearest.name}?`
}

function propertiesOf(module: Parameterised): Readonly<Record<string, PropertySchema>> {
  const schema = z.toJSONSchema(module.params, { io: 'input', unrepresentable: 'any' })
  return (schema.properties ?? {}) as Record<string, PropertySchema>
}

/** Asks the shape, not the properties: these cost a schema, and strategies are created often. */
function checkDeclared({ name: strategy, params }: Parameterised, parameter: string): void {
  if (Object.hasOwn(params.shape, parameter)) return
  const known = Object.keys(params.shape)
  const hint = didYouMean(parameter, known) || `; it has ${known.join(', ') || 'none'}`
  throw invalidArgument(`${strategy} has no parameter ${parameter}${hint}`, { strategy, parameter })
}

function outOfRange(module: Parameterised, parameter: string, value: unknown): LsmError {
  const range = rangeInWords(propertiesOf(module)[parameter] ?? {})
  return invalidArgument(`${module.name}: ${parameter} must be ${range}, not ${shown(value)}`, {
    strategy: module.name,
    parameter,
    value,
    range,
  })
}

/** NaN and infinities are no JSON; a text stands without quotes, as it was typed. */
function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function rangeInWords(property: PropertySchema): string {
  if (property.enum !== undefined) return `one of ${property.enum.join(', ')}`
  switch (property.type) {
    case 'integer':
    case 'number':
      return numbersInWords(property)
    case 'boolean':
      return 'true or false'
    case 'string':
      return 'a text'
    case 'array':
      return property.items?.enum === undefined
        ? 'a list'
        : `a list of ${property.items.enum.join(', ')}`
    default:
      if (property.anyOf !== undefined) return choicesInWords(property.anyOf)
      return property.type === undefined ? 'a valid value' : `an ${property.type}`
  }
}

/** 'an integer from 2 to 9, or a list of them' */
function choicesInWords(choices: readonly PropertySchema[]): string {
  return choices
    .map((choice, at) =>
      choice.type === 'array' && at > 0 ? 'a list of them' : rangeInWords(choice),
    )
    .join(', or ')
}

function numbersInWords(property: PropertySchema): string {
  const noun = property.type === 'integer' ? 'an integer' : 'a number'
  // Zod bounds every integer by the safe ones, which says nothing of this parameter.
  const bounded = (limit: number | undefined) =>
    limit !== undefined && Math.abs(limit) !== Number.MAX_SAFE_INTEGER
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = property
  if (bounded(minimum) && bounded(maximum)) return `${noun} from ${minimum} to ${maximum}`
  const limits: string[] = []
  if (bounded(minimum)) limits.push(`at least ${minimum}`)
  if (bounded(exclusiveMinimum)) limits.push(`above ${exclusiveMinimum}`)
  if (bounded(maximum)) limits.push(`at most ${maximum}`)
  if (bounded(exclusiveMaximum)) limits.push(`below ${exclusiveMaximum}`)
  return limits.length === 0 ? noun : `${noun} ${limits.join(' and ')}`
}
