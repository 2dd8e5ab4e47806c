/**
 * Jobs that `conflictOf` lets run together are installed in random orders, with flushes between
 * them. Every reader must see the same as in a sorted map.
 */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { createRandom } from '../base/random.ts'
import type { CompactionSpec } from '../compaction/strategy.ts'
import { SpecMaker } from '../testing/oracles/adversary-specs.ts'
import { runCount, type Version } from '../version/version.ts'
import { BusyTree } from './testing/busy-tree.ts'
import { localSpec } from './testing/local-specs.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const KEYS = Array.from({ length: 32 }, (_, at) => Uint8Array.of(0x41 + at))

const writes = fc.uniqueArray(fc.record({ key: fc.constantFrom(...KEYS), deletes: fc.boolean() }), {
  selector: ({ key }) => key,
  minLength: 1,
  maxLength: 8,
})
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('freeze' as const), writes }),
    fc.record({ kind: fc.constant('flush' as const) }),
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('start' as const), seed: fc.nat() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('install' as const), which: fc.nat(9) }),
    },
    fc.record({ kind: fc.constant('snapshot' as const) }),
    fc.record({ kind: fc.constant('release' as const), which: fc.nat(9) }),
  ),
  { maxLength: 120, size: 'max' },
)

/** A spec for the tree, now and then one of the adversary's; null if its form is wrong. */
function specFor(version: Version, seed: number): CompactionSpec | null {
  const random = createRandom(seed)
  if (random.nextBelow(4) > 0) return localSpec(random, version, KEYS)
  const { plan, spec } = new SpecMaker(random, KEYS).offer(version, [])
  return plan === 'flawed' ? null : spec
}

test('jobs that do not conflict can be installed in any order', () => {
  let together = 0
  fc.assert(
    fc.property(steps, (script) => {
      const tree = new BusyTree({ maxAgeMs: 10, maxBytes: null })
      for (const step of script) {
        tree.nowMs++
        if (step.kind !== 'start') tree.step(step)
        else if (runCount(tree.version) > 0) {
          const spec = specFor(tree.version, step.seed)
          const isStarted = spec !== null && tree.start(spec) === 'started'
          if (isStarted && tree.running.length > 1) together++
        }
        tree.check()
      }
    }),
    { numRuns: 200 },
  )
  expect(together).toBeGreaterThan(100)
})
