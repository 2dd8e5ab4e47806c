/**
 * Tests that the picks of every strategy can run together as far as the engine lets them: jobs end
 * in any order, flushes land meanwhile, and readers always see the same as in a sorted map.
 */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../engine/base/assert.ts'
import type { Json } from '../engine/base/json.ts'
import { BusyTree } from '../engine/scheduling/testing/busy-tree.ts'
import { keyBytes } from './testing/stepper.ts'
import { MEMTABLE_ENTRIES, subjects } from './testing/subjects.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const writes = fc.uniqueArray(
  fc.record({ key: fc.nat(79).map(keyBytes), deletes: fc.nat(8).map((die) => die === 0) }),
  { selector: ({ key }) => key.join(), minLength: 1, maxLength: MEMTABLE_ENTRIES, size: 'max' },
)
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('freeze' as const), writes, elapsedMs: fc.nat(40) }),
    },
    // Jobs start more often than they end, so that several are in flight.
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('start' as const), heeds: fc.boolean() }),
    },
    fc.record({ kind: fc.constant('install' as const), which: fc.nat(7) }),
    fc.record({ kind: fc.constant('snapshot' as const) }),
    fc.record({ kind: fc.constant('release' as const), which: fc.nat(7) }),
  ),
  { maxLength: 120, size: 'max' },
)

describe.each(subjects)('$module.name', ({ module, params, retention }) => {
  test('is safe with the jobs that the engine lets run together', () => {
    fc.assert(
      fc.property(params, steps, (values, script) => {
        const strategy = module.create(values)
        const tree = new BusyTree(retention?.(values) ?? null)
        let state: Json = strategy.initialState
        const start = (heeds: boolean) => {
          const view = { ...tree.view, memtableBytes: MEMTABLE_ENTRIES, state }
          // A strategy that does not know the running jobs picks more that is in their way.
          const spec = strategy.pick(heeds ? view : { ...view, inProgress: [] })
          if (spec === null) return
          const result = tree.start(spec)
          expect(result).not.toBe('unsafe')
          if (result !== 'started') return
          state = spec.nextState
          // Retention by bytes may forbid a drop after other jobs have made the tree smaller.
          if (spec.kind === 'drop') tree.install(tree.running.length - 1)
        }
        for (const step of script) {
          if (step.kind === 'freeze') tree.nowMs += step.elapsedMs
          if (step.kind === 'start') start(step.heeds)
          else tree.step(step)
          tree.check()
        }
      }),
      { numRuns: 10 },
    )
  })
})
