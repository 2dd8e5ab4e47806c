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
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('freeze' as const), writes }) },
    fc.record({ kind: fc.constant('flush' as const) }),
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('start' as const), seed: fc.nat(), cut: fc.nat(3) }),
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

/** The entries of this test are smaller than those that the specs were made for. */
function withSmallTables(spec: CompactionSpec, entries: number): CompactionSpec {
  if (spec.kind !== 'merge') return spec
  const targetTableBytes = entries === 0 ? null : entries
  return { ...spec, outputs: spec.outputs.map((output) => ({ ...output, targetTableBytes })) }
}

const tally: Record<string, number> = {}
const count = (what: string) => (tally[what] = (tally[what] ?? 0) + 1)

test('jobs that do not conflict can be installed in any order', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const tree = new BusyTree({ maxAgeMs: 10, maxBytes: null })
      for (const step of script) {
        tree.nowMs++
        switch (step.kind) {
          case 'freeze':
            tree.freeze(step.writes)
            break
          case 'flush':
            tree.installFlush()
            break
          case 'start': {
            if (tree.version.levels.length === 0) continue
            const random = createRandom(step.seed)
            let spec = localSpec(random, tree.version, KEYS)
            if (step.cut > 2) {
              const offer = new SpecMaker(random, KEYS).offer(tree.version, [])
              if (offer.plan === 'flawed') continue
              spec = withSmallTables(offer.spec, step.cut)
            }
            const result = tree.start(spec)
            const n = tree.running.length
            count(
              typeof result === 'string'
                ? `${result} ${result === 'started' ? `${spec.kind} ${n}` : ''}`
                : result.rule,
            )
            break
          }
          case 'install':
            if (tree.running.length > 0) tree.install(step.which)
            break
          case 'snapshot':
            tree.takeSnapshot()
            break
          case 'release':
            tree.releaseSnapshot(step.which)
            break
        }
        tree.check()
      }
    }),
    { numRuns: 200 },
  )
  console.log(tally)
  expect(tally).toBeDefined()
})
