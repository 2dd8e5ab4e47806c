/** Owns the text of a JSON value in which the order of names plays no part: equal values, equal texts. */
import type { Json } from '../engine/base/json.ts'

/** Names are sorted; a name whose value is undefined is left out. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const fields = entries.map(
    ([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item as Json)}`,
  )
  return `{${fields.join(',')}}`
}
