/**
 * What every strategy here owes the seam, over random parameters and random flushes: it reaches
 * rest, keeps recency and every key, is pure, bounds its runs, and stays safe while flushes land
 * and other jobs end in the middle of its own.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setParanoid } from '../engine/base/assert.ts'
import type { CompactionSpec, CompactionStrategy, TreeView } from '../engine/compaction/strategy.ts'
import type { TableId } from '../engine/version/table-meta.ts'
import { levelAt, runCount, type Version } from '../engine/version/version.ts'
import type { StrategyModule } from './define-strategy.ts'
import sizeTiered from './examples/size-tiered.ts'
import { fluid } from './fluid.ts'
import { lazyLeveling } from './lazy-leveling.ts'
import { leveling } from './leveling.ts'
import { levelingPartial } from './leveling-partial.ts'
import { tablesIn } from './specs.ts'
import { deepFreeze } from './testing/freeze.ts'
import {
  apply,
  brokenRecency,
  emptyTree,
  flush,
  readAll,
  type SteppedTree,
  viewOf,
} from './testing/stepper.ts'
import { tiering } from './tiering.ts'

setParanoid(true)

type Params = Readonly<Record<string, number | string>>

const MEMTABLE_ENTRIES = 8

const T = fc.integer({ min: 2, max: 6 })
const targetTableBytes = fc.constantFrom(0, 3, 50)

/** A strategy, any parameters of it, and the most runs its tree may rest with. */
const subjects: readonly {
  readonly module: StrategyModule
  readonly params: fc.Arbitrary<Params>
  bound(params: Params, version: Version): number
}[] = [
  {
    module: leveling,
    params: fc.record({ T, targetTableBytes }),
    bound: (_params, version) => Math.max(version.levels.length - 1, 0),
  },
  {
    module: tiering,
    params: fc.record({ T, targetTableBytes }),
    bound: (params, version) => (Number(params.T) - 1) * version.levels.length,
  },
  {
    module: lazyLeveling,
    params: fc.record({ T, targetTableBytes }),
    bound: (params, version) => (Number(params.T) - 1) * (version.levels.length - 1) + 1,
  },
  {
    module: fluid,
    params: T.chain((ratio) => {
      const runs = fc.integer({ min: 1, max: ratio - 1 })
      return fc.record({ T: fc.constant(ratio), K: runs, Z: runs, targetTableBytes })
    }),
    bound: (params, version) => Number(params.K) * (version.levels.length - 1) + Number(params.Z),
  },
  {
    module: levelingPartial,
    params: fc.record({
      T,
      pick: fc.constantFrom('lo1', 'rr'),
      l0Trigger: fc.integer({ min: 1, max: 5 }),
      baseBytes: fc.constantFrom(0, 3, 20),
      targetTableBytes,
    }),
    bound: (params, version) =>
      Number(params.l0Trigger) - 1 + Math.max(version.levels.length - 1, 0),
  },
  {
    module: sizeTiered,
    params: fc.record({ minRuns: fc.integer({ min: 2, max: 5 }) }),
    // Fewer than minRuns of a size, and from one entry to all 80 keys there are 1.5^11.
    bound: (params) => (Number(params.minRuns) - 1) * 11,
  },
]

const keysOfFlush = fc.uniqueArray(fc.nat(79), {
  minLength: 1,
  maxLength: MEMTABLE_ENTRIES,
  size: 'max',
})

/** Without `size` fast-check stops at about ten, which fills no level. */
const flushes = fc.array(keysOfFlush, { maxLength: 50, size: 'max' })

const startOf = (strategy: CompactionStrategy) =>
  emptyTree(strategy, { memtableBytes: MEMTABLE_ENTRIES, entryBytes: 1 })

/** Picks twice from a view nothing in which can change, and expects one answer. */
function pickPurely(strategy: CompactionStrategy, view: TreeView): CompactionSpec | null {
  deepFreeze(view)
  const spec = strategy.pick(view)
  expect(strategy.pick(view)).toEqual(spec)
  return spec
}

/** The tree is as a reader must find it: `newest` by key, and no key over a newer version. */
function checkTree(tree: SteppedTree, newest: ReadonlyMap<number, number>): void {
  expect(brokenRecency(tree.version)).toBeNull()
  expect(readAll(tree.version)).toEqual(newest)
}

function record(newest: Map<number, number>, tree: SteppedTree, keys: readonly number[]): void {
  for (const [at, key] of keys.entries()) newest.set(key, tree.nextSeq + at)
}

describe.each(subjects)('$module.name', ({ module, params, bound }) => {
  test('reaches rest after every flush, safely, and rests within its bounds', () => {
    fc.assert(
      fc.property(params, flushes, (values, buffers) => {
        const strategy = module.create(values)
        const newest = new Map<number, number>()
        let tree = startOf(strategy)
        for (const keys of buffers) {
          record(newest, tree, keys)
          tree = flush(tree, keys)
          for (let picks = 0; ; picks++) {
            const spec = pickPurely(strategy, viewOf(tree))
            if (spec === null) break
            expect(picks).toBeLessThan(200)
            tree = apply(tree, spec)
            checkTree(tree, newest)
          }
          expect(runCount(tree.version)).toBeLessThanOrEqual(bound(values, tree.version))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('scores, debt and stall limits agree with the picks', () => {
    fc.assert(
      fc.property(params, flushes, (values, buffers) => {
        const strategy = module.create(values)
        let tree = startOf(strategy)
        for (const keys of buffers) {
          tree = flush(tree, keys)
          for (;;) {
            const view = viewOf(tree)
            const spec = strategy.pick(view)
            const urgency = Math.max(0, ...strategy.score(view).map(({ score }) => score))
            const { slowdownRuns, stopRuns } = strategy.stallLimits(view)
            expect(urgency >= 1).toBe(spec !== null)
            expect(slowdownRuns).toBeLessThan(stopRuns)
            expect(strategy.nextDueAt(view)).toBeNull()
            if (spec?.kind === 'merge') expect(strategy.debtBytes(view)).toBeGreaterThan(0)
            if (spec === null) {
              expect(strategy.debtBytes(view)).toBe(0)
              expect(levelAt(tree.version, 0).runs.length).toBeLessThan(slowdownRuns)
              break
            }
            tree = apply(tree, spec)
          }
        }
      }),
      { numRuns: 30 },
    )
  })

  test('stays safe while flushes land and jobs end in any order', () => {
    const steps = fc.array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({ kind: fc.constant('flush' as const), keys: keysOfFlush }),
        },
        // Jobs start more often than they end, so that several are in flight.
        { weight: 4, arbitrary: fc.record({ kind: fc.constant('start' as const) }) },
        fc.record({ kind: fc.constant('finish' as const), which: fc.nat(7) }),
      ),
      { maxLength: 150, size: 'max' },
    )
    fc.assert(
      fc.property(params, steps, (values, script) => {
        const strategy = module.create(values)
        const newest = new Map<number, number>()
        let tree = startOf(strategy)
        let running: { spec: CompactionSpec; inputs: readonly TableId[] }[] = []
        const inputsOf = (spec: CompactionSpec) =>
          spec.inputs.flatMap((slice) => tablesIn(tree.version, slice).map(({ id }) => id))
        for (const step of script) {
          if (step.kind === 'flush') {
            record(newest, tree, step.keys)
            tree = flush(tree, step.keys)
          } else if (step.kind === 'start') {
            const specs = running.map(({ spec }) => spec)
            const spec = pickPurely(strategy, viewOf(tree, specs))
            if (spec !== null) running = [...running, { spec, inputs: inputsOf(spec) }]
          } else if (running.length > 0) {
            const done = running[step.which % running.length]!
            running = running.filter((job) => job !== done)
            // What it was made for is still there, and nothing has joined it.
            expect(inputsOf(done.spec)).toEqual(done.inputs)
            tree = apply(tree, done.spec)
          }
          checkTree(tree, newest)
        }
      }),
      { numRuns: 100 },
    )
  })
})

test('any strategy carries on with the tree of any other', () => {
  const anyone = fc
    .constantFrom(...subjects)
    .chain(({ module, params, bound }) => params.map((values) => ({ module, values, bound })))
  fc.assert(
    fc.property(anyone, anyone, flushes, flushes, (first, second, before, after) => {
      const newest = new Map<number, number>()
      let tree: SteppedTree | null = null
      for (const [{ module, values }, buffers] of [
        [first, before],
        [second, after],
      ] as const) {
        const strategy = module.create(values)
        tree = { ...(tree ?? startOf(strategy)), state: strategy.initialState }
        for (const keys of [...buffers, [0]]) {
          record(newest, tree, keys)
          tree = flush(tree, keys)
          for (let spec = strategy.pick(viewOf(tree)); spec !== null; ) {
            tree = apply(tree, spec)
            checkTree(tree, newest)
            spec = strategy.pick(viewOf(tree))
          }
        }
      }
      // Size-tiered looks at level 0 only; what it finds below stays as it is.
      if (second.module === sizeTiered) return
      expect(runCount(tree!.version)).toBeLessThanOrEqual(
        second.bound(second.values, tree!.version),
      )
    }),
    { numRuns: 100 },
  )
})
