import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { setParanoid } from '../../engine/base/assert.ts'
import { runScript, type Setup, scripts } from '../../engine/testing/model.ts'
import { STRATEGIES } from '../catalog.ts'
import { smallestRatio } from './smallest-ratio.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const engines = [
  { memtableBytes: 4096, blockBytes: 512, blockCacheBytes: 16 * 1024 },
  { memtableBytes: 8192, blockBytes: 64, compression: 'none' as const, blockRestartInterval: 1 },
  { memtableBytes: 4096, blockBytes: 4096, compression: 'zstd' as const, blockCacheBytes: 0 },
]

/** Every registered strategy under its defaults and at the smallest size ratio. */
const setups: readonly Setup[] = [...STRATEGIES.values()].flatMap((module) =>
  [{}, smallestRatio(module)].flatMap((params) =>
    engines.map((options, index) => ({
      name: `${module.name} ${JSON.stringify(params)} on engine ${index}`,
      create: () => module.create(params),
      options,
    })),
  ),
)

const STEPS = 1_000
const RUNS = 120

describe('every strategy on the engine, against a sorted map', () => {
  test(`answers alike over ${STEPS * RUNS} steps, reopened under one another`, () => {
    fc.assert(
      fc.property(fc.nat(1000), scripts(STEPS), (start, script) =>
        runScript([['reopen', start], ...script], setups),
      ),
      { numRuns: RUNS, endOnFailure: false },
    )
  })
})
