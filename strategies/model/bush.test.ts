import { describe, expect, test } from 'vitest'
import {
  bushLevels,
  bushLookups,
  bushRuns,
  bushTree,
  bushUpdateCopies,
  bushZeroResultUniform,
  capacityLazyLeveling,
  lsmBush,
  quadraticLsm,
} from './bush.ts'
import { divideIdeal } from './false-positives.ts'
import { asKLsm, lazyLeveling, leveling, ratiosOf, runLimits, sum, tiering } from './fluid-point.ts'
import { fullTreeRuns, levelsDostoevsky } from './levels.ts'
import { zeroResultOf, zeroResultOptimal } from './point-lookup.ts'
import { shortRangeIos } from './range-lookup.ts'
import { copiesOfUpdates } from './write-cost.ts'

const N = 1e9
/** 256 GB of 128 B entries over 1 MiB buffers and up: F from a thousand to a billion. */
const BUFFERS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

const bush = lsmBush(2, 1)
const updates = (F: number) => bushUpdateCopies(bushTree(bush, F, N), 1)

describe('LSM-bush', () => {
  test('ratios square towards the smaller levels', () => {
    const ratios = bushTree(bush, 1e6, N).map(({ ratio }) => ratio)
    expect(ratios).toEqual([65_536, 256, 16, 4, 2, 2])
  })

  test('holds N entries but for what lies above its first level, half of them in the last', () => {
    const tree = bushTree(bush, 1e6, N)
    expect(sum(tree.map(({ runs, entries }) => runs * entries)) / N).toBeCloseTo(1, 6)
    expect(tree.at(-1)!.entries).toBe(N / 2)
  })

  test('update cost grows with log log F, far slower than any other tree', () => {
    // Squaring F adds about one level, which adds less than one copy.
    for (const F of [1e3, 1e4]) expect(updates(F * F) - updates(F)).toBeLessThanOrEqual(1.01)
    const growth = updates(1e9) - updates(1e3)
    const tiered = (F: number) => {
      const levels = levelsDostoevsky(F, 4)
      const shape = asKLsm(tiering(4))
      return copiesOfUpdates(ratiosOf(shape, levels), runLimits(shape, levels), 3)
    }
    expect(growth).toBeLessThanOrEqual(2)
    expect(tiered(1e9) - tiered(1e3)).toBeGreaterThan(5)
    for (const F of BUFFERS) expect(updates(F)).toBeLessThan(tiered(F) + 1)
  })

  test('pays with runs, far beyond tiering, so short ranges are the worst of all', () => {
    for (const F of [1e5, 1e7, 1e9]) {
      const runs = bushRuns(bushTree(bush, F, N))
      expect(runs).toBeGreaterThan(8 * shortRangeIos(tiering(4), levelsDostoevsky(F, 4)))
    }
  })

  test('but hardly with point lookups: many bits for few entries', () => {
    const tree = bushTree(bush, 1e6, N)
    const { zeroResult, existing } = bushLookups(tree, 5)
    expect(zeroResult).toBeLessThan(zeroResultOptimal(tiering(4), 5))
    expect(zeroResult).toBeLessThan(bushZeroResultUniform(tree, 5) / 1000)
    expect(existing).toBeLessThan(1 + zeroResult)
    expect(bushLookups(tree, 10).zeroResult).toBeLessThan(zeroResult)
  })
})

describe('limits', () => {
  test('CLL with C = T − 1 is lazy leveling: levels, runs, sizes and updates', () => {
    for (const [T, F] of [
      [4, 1e4],
      [10, 1e6],
      [3, 500],
    ] as const) {
      const point = capacityLazyLeveling(T, T - 1)
      const tree = bushTree(point, F, N)
      const levels = bushLevels(point, F)
      const shape = asKLsm(lazyLeveling(T))
      expect(levels).toBe(levelsDostoevsky(F, T))
      expect(bushRuns(tree)).toBe(shortRangeIos(lazyLeveling(T), levels))
      const [ratios, limits] = [ratiosOf(shape, levels), runLimits(shape, levels)]
      expect(tree.map(({ ratio }) => ratio)).toEqual(ratios)
      expect(bushUpdateCopies(tree, T - 1)).toBe(copiesOfUpdates(ratios, limits, T - 1))
      const full = fullTreeRuns(ratios, limits, N)
      const share = (T ** levels - 1) / T ** levels
      tree.forEach(({ entries }, index) => {
        expect((entries / full[index]!.entries) * (1 / share)).toBeCloseTo(1, 9)
      })
    }
  })

  test('without runs it is leveling, tiered to the last it is QLSM', () => {
    const leveled = { ...capacityLazyLeveling(4, 3), runExponent: 0 }
    const tree = bushTree(leveled, 1e4, N)
    expect(bushRuns(tree)).toBe(shortRangeIos(leveling(4), tree.length))
    const qlsm = bushTree(quadraticLsm(2, 3), 1e4, N)
    expect(qlsm.at(-1)!.runs).toBe(3)
    expect(bushUpdateCopies(qlsm, 3)).toBeLessThan(qlsm.length)
  })

  test('X near 1 is X = 1', () => {
    for (const F of BUFFERS) {
      const near = bushLevels(lsmBush(4, 3, 1 + 1e-9), F)
      expect(near).toBe(bushLevels(capacityLazyLeveling(4, 3), F))
    }
  })

  test('a tree that fits above its last level has one', () => {
    expect(bushTree(bush, 2, N)).toHaveLength(1)
    expect(bushUpdateCopies(bushTree(lsmBush(2, 3), 1, N), 3)).toBe(3)
  })

  test('with runs and sizes of a full lazy tree lookups are the same', () => {
    const tree = bushTree(capacityLazyLeveling(10, 9), 1e6, N)
    const shape = asKLsm(lazyLeveling(10))
    const full = fullTreeRuns(ratiosOf(shape, tree.length), runLimits(shape, tree.length), N)
    const R = zeroResultOf(full, divideIdeal(full, 10 * N))
    expect(bushLookups(tree, 10).zeroResult / R).toBeCloseTo(1, 3)
  })
})
