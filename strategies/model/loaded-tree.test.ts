import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { emptyTree, load, type SteppedTree } from '../testing/stepper.ts'
import { fluid } from '../whole-levels/fluid.ts'
import { kLsm } from '../whole-levels/k-lsm.ts'
import { asKLsm, type FluidPoint, lazyLeveling, leveling, tiering } from './fluid-point.ts'
import { loadedTree } from './loaded-tree.ts'
import { copiesPreemptive } from './write-cost.ts'

const BUFFER_ENTRIES = 2

/** Whole buffers of unique keys, any two overlapping, each drained before the next. */
function step(strategy: CompactionStrategy, buffers: number): SteppedTree {
  let tree = emptyTree(strategy, { memtableBytes: BUFFER_ENTRIES, entryBytes: 1 })
  for (let buffer = 0; buffer < buffers; buffer++) {
    const keys = Array.from({ length: BUFFER_ENTRIES }, (_, at) => at * buffers + buffer)
    tree = load(tree, strategy, keys).tree
  }
  return tree
}

/** Sizes of runs in buffers by level; empty levels left out, as only conventions differ there. */
function shapeOf({ version }: SteppedTree): number[][] {
  return version.levels
    .map(({ runs }) => runs.map((run) => run.totals.rawBytes / BUFFER_ENTRIES))
    .filter((runs) => runs.length > 0)
}

const expectSame = (tree: SteppedTree, loaded: ReturnType<typeof loadedTree>) => {
  expect(tree.papersBytes / BUFFER_ENTRIES).toBe(loaded.papersBuffers)
  expect(tree.writtenBytes / BUFFER_ENTRIES).toBe(loaded.levelZeroRunBuffers)
  expect(shapeOf(tree)).toEqual(loaded.levels.filter((runs) => runs.length > 0))
}

describe('buffers written, in both conventions', () => {
  test.each([
    [leveling(4), 63, 288, 335],
    [lazyLeveling(4), 63, 207, 224],
    [tiering(4), 63, 144, 159],
    [leveling(4), 255, 1536, 1727],
    [lazyLeveling(4), 255, 1023, 1088],
    [tiering(4), 255, 768, 831],
  ] as const)('%o, %i buffers: %i and %i', (point, buffers, papers, levelZeroRun) => {
    const { papersBuffers, levelZeroRunBuffers } = loadedTree(asKLsm(point), buffers)
    expect(papersBuffers).toBe(papers)
    expect(levelZeroRunBuffers).toBe(levelZeroRun)
  })

  test.each([
    [leveling(10), 999, 13.51],
    [lazyLeveling(10), 999, 6.7],
    [tiering(10), 999, 2.7],
    [{ T: 10, K: 3, Z: 3 }, 999, 5.41],
    // A last level a quarter full.
    [leveling(10), 256, 9.75],
    [lazyLeveling(10), 256, 4.52],
    [tiering(10), 256, 2.58],
  ] as const)('%o, %i buffers: %f copies an entry', (point, buffers, copies) => {
    expect(loadedTree(asKLsm(point), buffers).papersBuffers / buffers).toBeCloseTo(copies, 2)
  })
})

describe('the trees the strategies make', () => {
  test('are these, run by run, for any T, K, Z and number of buffers', () => {
    const points = fc.integer({ min: 2, max: 8 }).chain((T) => {
      const runs = fc.integer({ min: 1, max: T - 1 })
      return fc.record({ T: fc.constant(T), K: runs, Z: runs })
    })
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 150 }), (point, buffers) => {
        const tree = step(fluid.create({ ...point }), buffers)
        expectSame(tree, loadedTree(asKLsm(point), buffers))
      }),
      { numRuns: 60 },
    )
  })

  test('and where ratio and runs differ by level', () => {
    const levels = fc.array(
      fc
        .integer({ min: 2, max: 6 })
        .chain((T) => fc.tuple(fc.constant(T), fc.integer({ min: 1, max: T - 1 }))),
      { minLength: 1, maxLength: 4, size: 'max' },
    )
    fc.assert(
      fc.property(levels, fc.integer({ min: 1, max: 120 }), (rules, buffers) => {
        const point = { T: rules.map(([T]) => T), K: rules.map(([, K]) => K), Z: 0 }
        expectSame(step(kLsm.create(point), buffers), loadedTree(point, buffers))
      }),
      { numRuns: 60 },
    )
  })

  test('write what the closed forms say when full: leveling and tiering to 1 %, lazy to 8 %', () => {
    const closed = (point: FluidPoint, levels: number) =>
      (levels - 1) * copiesPreemptive(point.T, point.K) + copiesPreemptive(point.T, point.Z)
    for (const [policy, tolerance] of [
      [leveling, 0.01],
      [tiering, 0.01],
      [lazyLeveling, 0.08],
    ] as const) {
      for (const [T, levels] of [
        [4, 4],
        [10, 3],
        [2, 8],
      ] as const) {
        const point = policy(T)
        const buffers = T ** levels - 1
        const tree = step(fluid.create({ ...point }), buffers)
        const written = tree.papersBytes / BUFFER_ENTRIES / buffers
        expect(Math.abs(written / closed(point, levels) - 1)).toBeLessThan(tolerance)
      }
    }
  })
})
