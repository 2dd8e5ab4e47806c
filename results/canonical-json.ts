/**
 * Owns the canonical text of a JSON value: the order of names does not matter, and equal values
 * give equal texts.
 */
import type { Json } from '../engine/base/json.ts'

/** Names are sorted. A name with the value undefined is left out. */
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
