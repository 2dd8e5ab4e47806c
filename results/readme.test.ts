/** Compares the README with the schema: it explains every field, and only fields. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { runResultSchema } from './schema.ts'
import { explainedPaths, pathsOf, type SchemaNode } from './testing/explained-fields.ts'

test('the README explains exactly the fields of the schema', () => {
  const schema = z.toJSONSchema(runResultSchema, { reused: 'inline' }) as SchemaNode
  const fields = [...new Set(pathsOf(schema, ''))].sort()
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
  expect(explainedPaths(readme)).toEqual(fields)
})
