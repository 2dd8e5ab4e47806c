/**
 * Tests what the seam asks of every strategy, over random parameters and random flushes: it reaches
 * rest, keeps recency and every key, is pure and bounds its runs. It also stays safe while flushes
 * land and other jobs end during its own.
 */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../engine/base/assert.ts'
import type { Json } from '../engine/base/json.ts'
import { resolveSpec } from '../engine/compaction/resolved-spec.ts'
import type { CompactionSpec, CompactionStrategy, TreeView } from '../engine/compaction/strategy.ts'
import { type Retention, validateSpec } from '../engine/compaction/validate-spec.ts'
import { type PinnedSpec, pinSpec, specNow } from '../engine/scheduling/pinned-spec.ts'
import { conflictOf } from '../engine/scheduling/reservations.ts'
import { levelAt, runCount } from '../engine/version/version.ts'
import { STRATEGIES } from './catalog.ts'
import sizeTiered from './examples/size-tiered.ts'
import { tablesIn } from './primitives/specs.ts'
import { deepFreeze } from './testing/freeze.ts'
import {
  apply,
  brokenRecency,
  emptyTree,
  flush,
  readAll,
  type SteppedTable,
  type SteppedTree,
  viewOf,
} from './testing/stepper.ts'
import { MEMTABLE_ENTRIES, subjects } from './testing/subjects.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const keysOfFlush = fc.uniqueArray(fc.nat(79), {
  minLength: 1,
  maxLength: MEMTABLE_ENTRIES,
  size: 'max',
})

/** A buffer. Keys whose remainder modulo 9 is `deleted` are deleted; from 9 on none are. */
const buffer = fc.record({ keys: keysOfFlush, deleted: fc.nat(30), elapsedMs: fc.nat(40) })
type Buffer = typeof buffer extends fc.Arbitrary<infer Value> ? Value : never

/** Without `size` fast-check stops at about ten flushes, which are too few to fill a level. */
const flushes = fc.array(buffer, { maxLength: 50, size: 'max' })

const startOf = (strategy: CompactionStrategy) =>
  emptyTree(strategy, { memtableBytes: MEMTABLE_ENTRIES, entryBytes: 1 })

/** Picks twice from a frozen view. Expects equal answers that the engine allows. */
function pickPurely(
  strategy: CompactionStrategy,
  view: TreeView,
  retention: Retention | null,
): CompactionSpec | null {
  deepFreeze(view)
  const spec = strategy.pick(view)
  expect(strategy.pick(view)).toEqual(spec)
  if (spec !== null) validateSpec({ ...view, retention }, spec)
  return spec
}

/** Applies a spec. Keys that a drop removes are removed from `newest` too. */
function execute(newest: Map<number, number>, tree: SteppedTree, spec: CompactionSpec) {
  if (spec.kind === 'drop') {
    const dropped = spec.inputs.flatMap((slice) => tablesIn(tree.version, slice))
    for (const { key, seq } of dropped.flatMap((table) => (table as SteppedTable).content)) {
      if (newest.get(key) === seq) newest.delete(key)
    }
  }
  return apply(tree, spec)
}

/** A reader finds exactly `newest`, and no version lies above a newer one of its key. */
function checkTree(tree: SteppedTree, newest: ReadonlyMap<number, number>): void {
  expect(brokenRecency(tree.version)).toBeNull()
  expect(readAll(tree.version)).toEqual(newest)
}

/** Flushes a buffer, and records in `newest` what a reader must find from now on. */
function write(newest: Map<number, number>, tree: SteppedTree, buffer: Buffer): SteppedTree {
  const { keys, elapsedMs } = buffer
  const deleted = new Set(keys.filter((key) => key % 9 === buffer.deleted))
  for (const [at, key] of keys.entries()) {
    if (deleted.has(key)) newest.delete(key)
    else newest.set(key, tree.nextSeq + at)
  }
  return flush({ ...tree, nowMs: tree.nowMs + elapsedMs }, keys, deleted)
}

test('every registered strategy is held to the contract', () => {
  expect(new Set(subjects.map(({ module }) => module.name))).toEqual(
    new Set([...STRATEGIES.keys(), sizeTiered.name]),
  )
})

describe.each(subjects)('$module.name', ({ module, params, bound, retention }) => {
  test('reaches rest after every flush, safely, and rests within its bounds', () => {
    fc.assert(
      fc.property(params, flushes, (values, buffers) => {
        const strategy = module.create(values)
        const newest = new Map<number, number>()
        let tree = startOf(strategy)
        for (const buffer of buffers) {
          tree = write(newest, tree, buffer)
          for (let picks = 0; ; picks++) {
            const spec = pickPurely(strategy, viewOf(tree), retention?.(values) ?? null)
            if (spec === null) break
            expect(picks).toBeLessThan(200)
            tree = execute(newest, tree, spec)
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
        for (const buffer of buffers) {
          tree = write(new Map(), tree, buffer)
          for (;;) {
            const view = viewOf(tree)
            const spec = strategy.pick(view)
            const urgency = Math.max(0, ...strategy.score(view).map(({ score }) => score))
            const { slowdownRuns, stopRuns } = strategy.stallLimits(view)
            expect(urgency >= 1).toBe(spec !== null)
            if (slowdownRuns < Infinity) expect(slowdownRuns).toBeLessThan(stopRuns)
            const nextDueMs = strategy.nextDueAt(view)
            if (spec === null && nextDueMs !== null) {
              expect(nextDueMs).toBeGreaterThan(view.nowMs)
              expect(strategy.pick(viewOf({ ...tree, nowMs: nextDueMs }))).not.toBeNull()
            }
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

  test('stays safe while flushes land and jobs end in any order, or are lost', () => {
    const steps = fc.array(
      fc.oneof(
        {
          weight: 24,
          arbitrary: fc.record({ kind: fc.constant('flush' as const), buffer }),
        },
        // Jobs start more often than they end, so that several are in flight.
        { weight: 32, arbitrary: fc.record({ kind: fc.constant('start' as const) }) },
        {
          weight: 8,
          arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat(7) }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
      ),
      { maxLength: 150, size: 'max' },
    )
    fc.assert(
      fc.property(params, steps, fc.constantFrom(1, 2, 4), (values, script, jobsMax) => {
        const strategy = module.create(values)
        const agreed = retention?.(values) ?? null
        const newest = new Map<number, number>()
        const jobs = new Jobs(startOf(strategy))
        for (const step of script) {
          const before = jobs.tree.version
          if (step.kind === 'flush') jobs.tree = write(newest, jobs.tree, step.buffer)
          else if (step.kind === 'crash') jobs.crash()
          else if (step.kind === 'finish') jobs.finish(step.which, newest)
          else if (jobs.running.length < jobsMax) {
            const spec = pickPurely(strategy, viewOf(jobs.tree, jobs.inProgress), agreed)
            if (spec !== null) jobs.start(spec)
          }
          if (jobs.tree.version !== before) checkTree(jobs.tree, newest)
        }
        while (jobs.running.length > 0) jobs.finish(0, newest)
        let { tree } = jobs
        for (let picks = 0; ; picks++) {
          const spec = pickPurely(strategy, viewOf(tree), agreed)
          if (spec === null) break
          expect(picks).toBeLessThan(1000)
          tree = execute(newest, tree, spec)
        }
        checkTree(tree, newest)
        expect(runCount(tree.version)).toBeLessThanOrEqual(bound(values, tree.version))
        const { slowdownRuns } = strategy.stallLimits(viewOf(tree))
        expect(levelAt(tree.version, 0).runs.length).toBeLessThan(slowdownRuns)
        expect(strategy.debtBytes(viewOf(tree))).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})

/** Jobs as the scheduler runs them: the state advances at the pick, and a crash takes it back. */
class Jobs {
  tree: SteppedTree
  #stored: Json
  /** In the order of the picks, from the oldest on that is not installed. */
  #picked: { readonly pinned: PinnedSpec; isInstalled: boolean }[] = []

  constructor(tree: SteppedTree) {
    this.tree = tree
    this.#stored = tree.state
  }

  get running() {
    return this.#picked.filter(({ isInstalled }) => !isInstalled)
  }

  get inProgress(): readonly CompactionSpec[] {
    return this.running.map(({ pinned }) => specNow(this.tree.version, pinned))
  }

  /** No job may be in the way: a strategy looks for another place itself. */
  start(spec: CompactionSpec): void {
    const { version } = this.tree
    const pinned = pinSpec(version, resolveSpec(version, spec))
    const running = this.running.map((job) => job.pinned)
    expect(conflictOf(version, pinned, running)).toBeNull()
    this.#picked.push({ pinned, isInstalled: false })
    this.tree = { ...this.tree, state: spec.nextState }
  }

  finish(which: number, newest: Map<number, number>): void {
    const job = this.running[which % this.running.length]
    if (job === undefined) return
    const { state } = this.tree
    job.isInstalled = true
    while (this.#picked[0]?.isInstalled) this.#stored = this.#picked.shift()!.pinned.spec.nextState
    const spec = specNow(this.tree.version, job.pinned)
    this.tree = { ...execute(newest, this.tree, spec), state }
  }

  crash(): void {
    this.#picked = []
    this.tree = { ...this.tree, state: this.#stored }
  }
}

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
        for (const buffer of [...buffers, { keys: [0], deleted: 9, elapsedMs: 0 }]) {
          tree = write(newest, tree, buffer)
          for (let spec = strategy.pick(viewOf(tree)); spec !== null; ) {
            tree = execute(newest, tree, spec)
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
      const { slowdownRuns } = second.module.create(second.values).stallLimits(viewOf(tree!))
      expect(levelAt(tree!.version, 0).runs.length).toBeLessThan(slowdownRuns)
    }),
    { numRuns: 100 },
  )
})
