/**
 * Owns the JSON Schema of the results, so that other languages can check them. After a change of
 * the schema, `npm run schema` writes the file again; a test compares the two.
 */

import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { runResultSchema } from './schema.ts'
import { writeWhole } from './write-result.ts'

export const SCHEMA_PATH = fileURLToPath(new URL('./run-result.schema.json', import.meta.url))

export function schemaText(): string {
  const schema = z.toJSONSchema(runResultSchema, { reused: 'ref' })
  return `${JSON.stringify({ title: 'Varve run result', ...schema }, null, 2)}\n`
}

if (import.meta.main) writeWhole(SCHEMA_PATH, schemaText())
