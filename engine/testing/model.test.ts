import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { everyNth, never } from './fixtures.ts'
import { runScript, type Setup, scripts } from './model.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const small = { memtableBytes: 4096, blockBytes: 512, blockCacheBytes: 16 * 1024 }
const setups: readonly Setup[] = [
  { name: 'every 3rd', create: () => everyNth(3), options: small },
  {
    name: 'every 2nd, no cache',
    create: () => everyNth(2),
    options: { ...small, blockCacheBytes: 0 },
  },
  { name: 'never, uncompressed', create: () => never, options: { ...small, compression: 'none' } },
]

describe('the database and a sorted map', () => {
  test('answer alike, step by step', () => {
    fc.assert(
      fc.property(scripts(300), (script) => runScript(script, setups)),
      { numRuns: 25 },
    )
  })
})
