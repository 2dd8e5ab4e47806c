/**
 * Owns reading named values (`--set`, `--param`, and their objects in a config file) by a zod
 * object. The error of an unknown name gives the nearest one, sizes may have units, commas separate
 * the values of a list, and the error of a value out of range gives the range. Settings of an inner
 * object are named 'group.name'. Only the schema defines the limits.
 *
 * Invariant: a text is read as exactly the number, word or list that it shows, or it is refused.
 */
import { z } from 'zod'
import type { Json } from '../../engine/index.ts'
import { describeParams, type ParameterInfo } from '../../strategies/parameters.ts'
import {
  type PropertySchema,
  propertiesOf,
  rangeOf,
  typesOf,
} from '../../strategies/schema-properties.ts'
import {
  countOfNumbers,
  formatBytes,
  parseBytes,
  parseInteger,
  parseReal,
  splitList,
} from '../base/units.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'

export type Scalar = string | number | boolean | null

/** A value as given: a text of the command line, or a JSON value. */
export type SettingValue = Scalar | readonly Scalar[]

export type SettingInfo = ParameterInfo

/** Every setting of `schema`, in its order. */
export function describeSettings(schema: z.ZodObject): SettingInfo[] {
  return describeParams({ params: schema })
}

/**
 * The values of `given` as their schema's types. In errors, `what` names the kind of setting and
 * `flag` is the flag that sets one on the command line. Throws `UsageError`.
 */
export function readSettings(
  schema: z.ZodObject,
  given: Readonly<Record<string, SettingValue>>,
  what: string,
  flag = '--param',
): Record<string, Json> {
  const properties = propertiesOf(schema)
  const values: Record<string, Json> = {}
  for (const [name, value] of Object.entries(given)) {
    const property = properties.get(name)
    if (property === undefined) throw unknownName(what, name, [...properties.keys()])
    const read = typeof value === 'string' ? readText(name, value, property) : value
    const checked = shapeOf(schema, name).safeParse(read)
    if (!checked.success) {
      const given = `${what} ${name}=${textOfSetting(value)}`
      throw new UsageError(`${given}: ${refusal(name, value, property, checked.error, flag)}`)
    }
    place(values, pathOf(schema, name), checked.data as Json)
  }
  return values
}

function refusal(
  name: string,
  value: SettingValue,
  property: PropertySchema,
  error: z.ZodError,
  flag: string,
): string {
  const [issue] = error.issues
  if (issue?.code === 'custom') return issue.message
  const one = typeof value === 'string' ? splitList(value) : [value].flat()
  const several = typeof value === 'string' ? listLength(value, property) : one.length
  if (listOf(property) === undefined && several > 1) {
    return `takes one value (${flag}=${name}=${one[0]}), not ${several}`
  }
  return `expected ${rangeOf(property)}`
}

/** The number of values in a text, for a setting that takes one. */
function listLength(text: string, property: PropertySchema): number {
  return property.enum === undefined ? countOfNumbers(text) : splitList(text).length
}

/** A text that is read back as the same value. */
export function textOfSetting(value: Json): string {
  if (!Array.isArray(value)) return String(value)
  return value.length === 1 ? `[${value[0]}]` : value.join(',')
}

/** The path to a setting: its whole name, or a group and the name within it. */
function pathOf(schema: z.ZodObject, name: string): readonly string[] {
  return Object.hasOwn(schema.shape, name) ? [name] : name.split('.')
}

function shapeOf(schema: z.ZodObject, name: string): z.ZodType {
  const [first = '', ...rest] = pathOf(schema, name)
  const own = schema.shape[first] as z.ZodType
  return rest.length === 0 ? own : shapeOf(groupOf(own), rest.join('.'))
}

/** The object schema inside the wrapper that supplies its defaults. */
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

/** Shows sizes with units: 'memtableBytes 1 MiB' is easier to read than seven digits. */
export function formatSetting(name: string, value: Json): string {
  return name.endsWith('Bytes') && typeof value === 'number' && value > 0
    ? formatBytes(value)
    : JSON.stringify(value)
}

function readText(name: string, text: string, property: PropertySchema): Json {
  const items = listOf(property)
  const types = typesOf(property)
  if (items !== undefined && (/[,[]/.test(text) || types.length === 1)) {
    return splitList(text).map((part) => readText(name, part, items))
  }
  if (types.includes('null') && text === 'null') return null
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return readNumber(name, text, types) ?? text
}

function readNumber(name: string, text: string, types: readonly string[]): number | undefined {
  if (types.includes('number')) return parseReal(text)
  if (types.includes('integer'))
    return name.endsWith('Bytes') ? parseBytes(text) : parseInteger(text)
  return undefined
}

/** The schema of the items of a list; undefined if the setting takes no list. */
function listOf(property: PropertySchema): PropertySchema | undefined {
  if (property.type === 'array') return property.items ?? {}
  return property.anyOf?.map(listOf).find((items) => items !== undefined)
}
