/**
 * Owns reading named values as typed (`--set`, `--param`) against a zod object: unknown names get
 * the nearest one, sizes take units, and a value out of range names the range. Those of an object
 * within go by 'group.name'. The schema stays the only place that knows the limits.
 */
import { z } from 'zod'
import type { Json } from '../../engine/index.ts'
import type { Scalar } from './request.ts'
import { formatBytes, parseBytes, parseCount } from './units.ts'
import { UsageError, unknownName } from './usage-error.ts'

export interface SettingInfo {
  readonly name: string
  readonly default: Json
  /** 'integer 4096 … 2147483648', 'one of none, lz4, zstd'. */
  readonly range: string
  readonly description: string
}

interface PropertySchema {
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
  readonly anyOf?: readonly PropertySchema[]
}

/** Every setting of `schema`, in its order. */
export function describeSettings(schema: z.ZodObject): SettingInfo[] {
  return Object.entries(propertiesOf(schema)).map(([name, property]) => ({
    name,
    default: property.default ?? null,
    range: rangeOf(property),
    description: property.description ?? '',
  }))
}

/** The values of `given` as their schema's types. `what` names the kind of setting in errors. */
export function readSettings(
  schema: z.ZodObject,
  given: Readonly<Record<string, Scalar>>,
  what: string,
): Record<string, Json> {
  const properties = propertiesOf(schema)
  const values: Record<string, Json> = {}
  for (const [name, value] of Object.entries(given)) {
    const property = properties[name]
    if (property === undefined) throw unknownName(what, name, Object.keys(properties))
    const read = typeof value === 'string' ? readText(name, value, property) : value
    const checked = shapeOf(schema, name).safeParse(read)
    if (!checked.success) {
      throw new UsageError(`${what} ${name}=${String(value)}: expected ${rangeOf(property)}`)
    }
    place(values, pathOf(schema, name), checked.data as Json)
  }
  return values
}

/** Where a setting lies: under its own name, dots and all, or in a group. */
function pathOf(schema: z.ZodObject, name: string): readonly string[] {
  return name in schema.shape ? [name] : name.split('.')
}

function shapeOf(schema: z.ZodObject, name: string): z.ZodType {
  const [first = '', ...rest] = pathOf(schema, name)
  const own = schema.shape[first] as z.ZodType
  return rest.length === 0 ? own : shapeOf(groupOf(own), rest.join('.'))
}

/** The object under the wrapping that gives it its defaults. */
function groupOf(schema: z.ZodType): z.ZodObject {
  if (schema instanceof z.ZodPrefault) return groupOf(schema.unwrap() as z.ZodType)
  return schema as z.ZodObject
}

function place(values: Record<string, Json>, path: readonly string[], value: Json): void {
  const [first = '', ...rest] = path
  if (rest.length === 0) {
    values[first] = value
    return
  }
  const group = { ...(values[first] as Record<string, Json> | undefined) }
  place(group, rest, value)
  values[first] = group
}

/** 'memtableBytes 1 MiB' reads better than seven digits. */
export function formatSetting(name: string, value: Json): string {
  return name.endsWith('Bytes') && typeof value === 'number' && value > 0
    ? formatBytes(value)
    : JSON.stringify(value)
}

function readText(name: string, text: string, property: PropertySchema): Json {
  const types = typesOf(property)
  if (types.includes('null') && text === 'null') return null
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.includes('integer') || types.includes('number')) {
    const quantity = name.endsWith('Bytes') ? parseBytes(text) : parseCount(text)
    if (quantity !== undefined) return quantity
    if (text !== '' && Number.isFinite(Number(text))) return Number(text)
  }
  return text
}

function propertiesOf(schema: z.ZodObject): Readonly<Record<string, PropertySchema>> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return flattened((json.properties ?? {}) as Record<string, PropertySchema>, '')
}

function flattened(
  properties: Readonly<Record<string, PropertySchema>>,
  prefix: string,
): Readonly<Record<string, PropertySchema>> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      property.properties === undefined
        ? [[prefix + name, property]]
        : Object.entries(flattened(property.properties, `${prefix}${name}.`)),
    ),
  )
}

function typesOf(property: PropertySchema): readonly string[] {
  if (property.anyOf !== undefined) return property.anyOf.flatMap(typesOf)
  return [property.type ?? []].flat()
}

function rangeOf(property: PropertySchema): string {
  if (property.anyOf !== undefined) return property.anyOf.map(rangeOf).join(' or ')
  if (property.enum !== undefined) return `one of ${property.enum.join(', ')}`
  if (property.const !== undefined) return JSON.stringify(property.const)
  const type = typesOf(property).join(' or ')
  if (property.pattern !== undefined) return `${type} like ${property.default}`
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = property
  if (minimum !== undefined && !unbounded(maximum)) return `${type} ${minimum} … ${maximum}`
  const bounds = [
    ...(minimum === undefined ? [] : [`≥ ${minimum}`]),
    ...(above === undefined ? [] : [`> ${above}`]),
    ...(unbounded(maximum) ? [] : [`≤ ${maximum}`]),
    ...(below === undefined ? [] : [`< ${below}`]),
  ]
  return [type, bounds.join(' and ')].filter((text) => text !== '').join(' ')
}

function unbounded(high: number | undefined): boolean {
  return high === undefined || high >= Number.MAX_SAFE_INTEGER
}
