/**
 * Owns the one line that describes an error found by a schema: the place, the reason and, for an
 * unknown name, the nearest valid name there or anywhere in the schema.
 */

import { z } from 'zod'
import { nearestHint } from './nearest.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** For example 'phases.0.keys.theta: Too small: expected number to be >0'. */
export function explainIssue(error: z.ZodError, schema: z.ZodType): string {
  const { issue, path } = innermost(error.issues[0]!, [])
  const place = path.join('.')
  const reason = reasonOf(issue, schema)
  return place === '' ? reason : `${place}: ${reason}`
}

/** The issue of the union's alternative that matched furthest, which is the one the user meant. */
function innermost(issue: Issue, before: Path): { readonly issue: Issue; readonly path: Path } {
  const path = [...before, ...issue.path]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { issue, path }
  const found = issue.errors.map(([first]) => innermost(first!, path))
  const furthest = found.reduce((best, next) => (progress(next) > progress(best) ? next : best))
  return furthest
}

/** How far an alternative matched. A value of the wrong type counts least. */
function progress({ issue, path }: { readonly issue: Issue; readonly path: Path }): number {
  return path.length + (issue.code === 'invalid_type' ? 0 : 0.5)
}

function reasonOf(issue: Issue, schema: z.ZodType): string {
  const names = namesIn(schema)
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return `unknown name "${key}"${nearestHint(key, names.keys)}`
  }
  const given = issue.input
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) {
    const word = (given as Record<string, unknown> | undefined)?.[issue.discriminator]
    return `unknown ${issue.discriminator} "${String(word)}"${nearestHint(String(word), names.words)}`
  }
  if (issue.code === 'invalid_value' && typeof given === 'string') {
    const words = issue.values.map(String)
    return `"${given}"${nearestHint(given, words)}`
  }
  return issue.message
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly const?: unknown
  readonly [other: string]: unknown
}

/** All property names in the schema, and all words that distinguish alternatives. */
function namesIn(schema: z.ZodType): { readonly keys: string[]; readonly words: string[] } {
  const keys = new Set<string>()
  const words = new Set<string>()
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return
    const { properties, const: word } = node as JsonSchema
    if (typeof word === 'string') words.add(word)
    for (const name of Object.keys(properties ?? {})) keys.add(name)
    for (const inner of Object.values(node)) walk(inner)
  }
  walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  return { keys: [...keys], words: [...words] }
}
