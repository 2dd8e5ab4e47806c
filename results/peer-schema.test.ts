/** Compares PEERS.md with the schema: it explains every field, and only fields. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseAnyResult, parseResult } from './parse-result.ts'
import { peerResultSchema } from './peer-schema.ts'
import { explainedPaths, pathsOf, type SchemaNode } from './testing/explained-fields.ts'

test('PEERS.md explains exactly the fields that a peer adds', () => {
  const { deterministic, peer } = peerResultSchema.shape
  const own = z.strictObject({ deterministic, peer })
  const schema = z.toJSONSchema(own, { reused: 'inline' }) as SchemaNode
  const fields = [...new Set(pathsOf(schema, ''))].sort()
  const text = readFileSync(new URL('./PEERS.md', import.meta.url), 'utf8')
  expect(['deterministic', 'peer', ...explainedPaths(text)].sort()).toEqual(fields)
})

test('a reader of our own results refuses a peer’s result in one line', () => {
  const refusal = "x.peer.json: peer: another store's result, which has no ledger"
  expect(() => parseResult({ peer: {} }, 'x.peer.json')).toThrow(refusal)
  expect(() => parseAnyResult({ peer: {} }, 'x.peer.json')).toThrow('x.peer.json: ')
})
