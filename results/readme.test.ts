/** Holds the README to the schema: every field is explained, and nothing that is no field. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { runResultSchema } from './schema.ts'

interface SchemaNode {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | false
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

test('the README explains exactly the fields of the schema', () => {
  const schema = z.toJSONSchema(runResultSchema, { reused: 'inline' }) as SchemaNode
  const fields = [...new Set(pathsOf(schema, ''))].sort()
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
  expect(explainedPaths(readme)).toEqual(fields)
})

/** Paths of named fields and of records' members (`.*`), array items written `[]`. */
function pathsOf(node: SchemaNode, base: string): readonly string[] {
  const below = (child: SchemaNode, path: string) => [path, ...pathsOf(child, path)]
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
      below(child, base === '' ? key : `${base}.${key}`),
    ),
    ...(typeof node.additionalProperties === 'object'
      ? below(node.additionalProperties, `${base}.*`)
      : []),
    ...(node.items === undefined ? [] : pathsOf(node.items, `${base}[]`)),
    ...(node.anyOf ?? []).flatMap((choice) => pathsOf(choice, base)),
  ]
}

/** Each `## ` heading names an object, `{a,b}` several; each table row a field of it. */
function explainedPaths(readme: string): readonly string[] {
  let bases: readonly string[] = []
  const paths: string[] = []
  for (const line of readme.split('\n')) {
    const heading = /^## `(.+)`$/.exec(line)?.[1]
    if (heading !== undefined) bases = heading === '(document)' ? [''] : alternatives(heading)
    const field = /^\| `([^`]+)` \| \S/.exec(line)?.[1]
    if (field === undefined) continue
    paths.push(...bases.map((base) => (base === '' ? field : `${base}.${field}`)))
  }
  return paths.sort()
}

function alternatives(text: string): readonly string[] {
  const match = /^(.*)\{(.+)\}(.*)$/.exec(text)
  return match === null ? [text] : match[2]!.split(',').map((name) => match[1]! + name + match[3]!)
}
