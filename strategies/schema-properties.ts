/**
 * Owns reading a zod object as a list of named values: each with its type, its range, its default
 * and its description. Fields of an object within are named 'group.name'. Help texts and error
 * lines are made from it, so the schema stays the only place that knows the limits.
 */

import { z } from 'zod'
import type { Json } from '../engine/base/json.ts'

export interface PropertySchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly Json[]
  readonly const?: Json
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly pattern?: string
  readonly default?: Json
  readonly description?: string
  readonly properties?: Readonly<Record<string, PropertySchema>>
  /** What the values of a list are. */
  readonly items?: PropertySchema
  readonly anyOf?: readonly PropertySchema[]
}

/** Every property of the schema by its name, in the order of the schema. */
export function propertiesOf(schema: z.ZodObject): ReadonlyMap<string, PropertySchema> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return new Map(flattened((json.properties ?? {}) as Record<string, PropertySchema>, ''))
}

function flattened(
  properties: Readonly<Record<string, PropertySchema>>,
  prefix: string,
): readonly (readonly [string, PropertySchema])[] {
  return Object.entries(properties).flatMap(([name, property]) =>
    property.properties === undefined
      ? [[prefix + name, property] as const]
      : flattened(property.properties, `${prefix}${name}.`),
  )
}

/** The JSON types a property takes. */
export function typesOf(property: PropertySchema): readonly string[] {
  if (property.anyOf !== undefined) return property.anyOf.flatMap(typesOf)
  return [property.type ?? []].flat()
}

/** 'integer 4096 … 2147483648', 'one of none, lz4, zstd', 'number > 0 and ≤ 1'. */
export function rangeOf(property: PropertySchema): string {
  if (property.anyOf !== undefined) {
    const single = property.anyOf.filter(({ type }) => type !== 'array').map(rangeOf)
    const list = single.length < property.anyOf.length ? ', or a list of them: a,b,c' : ''
    return single.join(' or ') + list
  }
  if (property.type === 'array') return `a list a,b,c of ${rangeOf(property.items ?? {})}`
  if (property.enum !== undefined) return `one of ${property.enum.join(', ')}`
  if (property.const !== undefined) return JSON.stringify(property.const)
  const type = typesOf(property).join(' or ')
  if (property.pattern !== undefined) return `${type} like ${property.default}`
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = property
  if (isBound(minimum) && isBound(maximum)) return `${type} ${minimum} … ${maximum}`
  const bounds: string[] = []
  if (isBound(minimum)) bounds.push(`≥ ${minimum}`)
  if (isBound(above)) bounds.push(`> ${above}`)
  if (isBound(maximum)) bounds.push(`≤ ${maximum}`)
  if (isBound(below)) bounds.push(`< ${below}`)
  return [type, bounds.join(' and ')].filter((text) => text !== '').join(' ')
}

/** Zod bounds every integer by the safe ones, which says nothing about this one. */
function isBound(limit: number | undefined): boolean {
  return limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER
}
