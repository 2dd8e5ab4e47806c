import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idealCurve } from './false-positives.ts'
import {
  asKLsm,
  type FluidPoint,
  lazyLeveling,
  leveling,
  ratiosOf,
  runLimits,
  tiering,
} from './fluid-point.ts'
import { fullTreeBuffers, levelsDostoevsky, levelsEndure, sizeRatioLimit } from './levels.ts'
import { zeroResultOptimal, zeroResultUniform } from './point-lookup.ts'
import {
  isLongRange,
  longRangeIos,
  monkeyRangeIos,
  shortRangeIos,
  shortRangeIosOf,
} from './range-lookup.ts'
import { spaceBoundDynamic, spaceDostoevsky, spaceExact } from './space.ts'
import {
  copiesDostoevsky,
  copiesEndure,
  copiesOfTree,
  copiesOfUpdates,
  copiesPreemptive,
  copiesSpilling,
  type LevelCopies,
  levelZeroRunExtra,
  updateIos,
  updateWriteIos,
} from './write-cost.ts'

const points = fc.integer({ min: 2, max: 30 }).chain((T) =>
  fc.record({
    T: fc.constant(T),
    K: fc.integer({ min: 1, max: T - 1 }),
    Z: fc.integer({ min: 1, max: T - 1 }),
  }),
)

const limits = (point: FluidPoint, levels: number) => runLimits(asKLsm(point), levels)
const copies = (of: LevelCopies, point: FluidPoint, levels: number) =>
  copiesOfTree(of, ratiosOf(asKLsm(point), levels), limits(point, levels))
const ALL_COPIES = { copiesDostoevsky, copiesEndure, copiesPreemptive, copiesSpilling }

describe('levels', () => {
  test('Endure counts the full tree exactly, one buffer more needs a level more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 7 }), (T, L) => {
        expect(levelsEndure(fullTreeBuffers(T, L), T)).toBe(L)
        expect(levelsEndure(fullTreeBuffers(T, L) + 1, T)).toBe(L + 1)
      }),
    )
  })

  test('Eq 1 lets level i hold T^i buffers: lower at T = 2, by two at the powers of two', () => {
    expect(levelsDostoevsky(255, 2)).toBe(7)
    expect(levelsEndure(255, 2)).toBe(8)
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 1e9 }), (T, F) => {
        // ⌈log2(F + 1)⌉ steps up just where ⌈log2(F/2)⌉ is still exact.
        const powerOfTwo = T === 2 && F >= 4 && Number.isInteger(Math.log2(F))
        const difference = levelsEndure(F, T) - levelsDostoevsky(F, T)
        if (powerOfTwo) expect(difference).toBe(2)
        else expect([0, 1]).toContain(difference)
      }),
    )
  })

  test('at the limit of the size ratio one level is left: a sorted array, or a log', () => {
    const F = 1023
    const T = sizeRatioLimit(F)
    expect(levelsDostoevsky(F, T)).toBe(1)
    // Where the T-th arrival cascades, the limit is one more.
    expect(levelsEndure(F, T + 1)).toBe(1)
    expect(shortRangeIos(leveling(T + 1), 1)).toBe(1)
    expect(shortRangeIos(tiering(T + 1), 1)).toBe(F)
    expect(copies(copiesPreemptive, leveling(T + 1), 1)).toBeCloseTo(F / 2, 0)
    expect(copies(copiesPreemptive, tiering(T + 1), 1)).toBeCloseTo(1, 2)
  })
})

describe('limits of the policies', () => {
  test('at T = 2 leveling, tiering and lazy leveling are one point', () => {
    expect(leveling(2)).toEqual(tiering(2))
    expect(lazyLeveling(2)).toEqual(tiering(2))
  })

  test('K = Z = 1, K = Z = T − 1 and K = T − 1, Z = 1 are the printed special cases', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 1, max: 8 }), (T, L) => {
        const [level, tier, lazy] = [leveling(T), tiering(T), lazyLeveling(T)]
        const close = (a: number, b: number) => expect(a / b).toBeCloseTo(1, 12)
        const power = T ** (T / (T - 1))
        for (const [point, runs, R, amp] of [
          [level, L, power / (T - 1), 1 / T],
          [tier, L * (T - 1), power, T - 2 + 1 / T],
          [lazy, 1 + (L - 1) * (T - 1), power / (T - 1) ** ((T - 1) / T), 1 / T],
        ] as const) {
          close(shortRangeIos(point, L), runs)
          close(shortRangeIosOf(limits(point, L)), runs)
          close(zeroResultUniform(point, L, 5), runs * idealCurve(5))
          close(zeroResultOptimal(point, 5), R * idealCurve(5))
          close(spaceDostoevsky(point), amp)
          close(longRangeIos(point, L, 0, 3), runs)
        }
        close(copiesDostoevsky(T, 1), (T - 1) / 2)
        close(copiesDostoevsky(T, T - 1), (T - 1) / T)
        close(copiesEndure(T, 1), T / 2)
        close(copiesEndure(T, T - 1), 1)
        close(copiesPreemptive(T, 1), (T - 1) / 2)
        close(copiesPreemptive(T, T - 1), (T - 1) / T)
        close(copiesSpilling(T, 1), (T + 1) / 2)
        close(spaceExact(level), 1 / (T - 1))
        close(spaceExact(tier), T - 1)
        close(1 + spaceExact(level), spaceBoundDynamic(T))
        close(
          copies(copiesPreemptive, lazy, L),
          ((L - 1) * (T - 1)) / T + copies(copiesPreemptive, level, 1),
        )
      }),
    )
  })

  test('more runs never write more, and never read less', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 8 }), (point, L) => {
        if (point.K + 1 >= point.T) return
        const more = { ...point, K: point.K + 1 }
        for (const [name, of] of Object.entries(ALL_COPIES)) {
          expect(copies(of, more, L), name).toBeLessThanOrEqual(copies(of, point, L) + 1e-9)
        }
        expect(zeroResultOptimal(more, 8)).toBeGreaterThan(zeroResultOptimal(point, 8))
        expect(shortRangeIos(more, L)).toBeGreaterThanOrEqual(shortRangeIos(point, L))
      }),
    )
  })
})

describe('copies written', () => {
  test.each([
    [leveling(4), 4, 6],
    [lazyLeveling(4), 4, 3.75],
    [tiering(4), 4, 3],
    [leveling(10), 3, 13.5],
    [lazyLeveling(10), 3, 6.3],
    [tiering(10), 3, 2.7],
    [{ T: 10, K: 3, Z: 3 }, 3, 5.4],
  ] as const)('%o of %i levels: %f', (point, levels, expected) => {
    expect(copies(copiesPreemptive, point, levels)).toBeCloseTo(expected, 12)
  })

  test('between the ends Eq 12 is above, Endure above by one arrival', () => {
    expect(copiesDostoevsky(10, 3)).toBe(2.25)
    expect(copiesPreemptive(10, 3)).toBeCloseTo(1.8, 12)
    expect(copiesEndure(10, 3)).toBe(2)
    expect(copies(copiesDostoevsky, { T: 10, K: 3, Z: 3 }, 3)).toBeCloseTo(6.75, 12)
  })

  test('the exact form where K divides T − 1: (T − 1)(T − 1 + K)/(2KT), T/(T − 1) under Endure', () => {
    fc.assert(
      fc.property(points, ({ T, K }) => {
        fc.pre((T - 1) % K === 0)
        const printed = ((T - 1) * (T - 1 + K)) / (2 * K * T)
        expect(copiesPreemptive(T, K)).toBeCloseTo(printed, 9)
        expect((copiesEndure(T, K) * (T - 1)) / T).toBeCloseTo(printed, 9)
      }),
    )
  })

  test('a flush written first costs one copy, but for those that stay as runs', () => {
    expect(levelZeroRunExtra(4, 1)).toBeCloseTo(3 / 4, 12)
    expect(levelZeroRunExtra(4, 3)).toBeCloseTo(1 / 4, 12)
  })

  test('updates of a full tree: the last level costs T − 1, not (T − 1)/2', () => {
    const of = (point: FluidPoint, L: number) =>
      copiesOfUpdates(ratiosOf(asKLsm(point), L), limits(point, L), point.T - 1)
    expect(of(leveling(10), 3)).toBeCloseTo(9 + 2 * 4.5, 12)
    expect(of(tiering(10), 3)).toBeCloseTo(1 + 2 * 0.9, 12)
    expect(of(lazyLeveling(10), 3)).toBeCloseTo(9 + 2 * 0.9, 12)
  })

  test('in block I/Os: Monkey and Endure count reads too, Dostoevsky writes only', () => {
    const device = { entriesPerBlock: 4, writeToRead: 1, sequentialSpeedup: 1 }
    expect(updateIos(6, device)).toBe(3)
    expect(updateWriteIos(6, device)).toBe(1.5)
    expect(updateIos(6, { ...device, sequentialSpeedup: 2 })).toBe(1.5)
  })
})

describe('ranges', () => {
  test.each([
    [4, 4, 4, 12, 10],
    [10, 3, 3, 27, 19],
  ])('T = %i, L = %i: %i, %i and %i seeks', (T, L, level, tier, lazy) => {
    expect(shortRangeIos(leveling(T), L)).toBe(level)
    expect(shortRangeIos(tiering(T), L)).toBe(tier)
    expect(shortRangeIos(lazyLeveling(T), L)).toBe(lazy)
  })

  test('long ranges transfer obsolete entries too', () => {
    expect(longRangeIos(leveling(10), 3, 100, 1)).toBeCloseTo(3 + 110, 9)
    expect(longRangeIos(tiering(10), 3, 100, 10)).toBeCloseTo(27 + 91, 9)
    expect(isLongRange(13, 6)).toBe(true)
    expect(isLongRange(12, 6)).toBe(false)
    expect(monkeyRangeIos(0.01, 1e6, 4, 3)).toBe(2503)
  })
})

describe('space', () => {
  test('leveling stays within the bound of CIDR ’17, 1.111 at T = 10', () => {
    expect(spaceBoundDynamic(10)).toBeCloseTo(1.111, 3)
    for (let T = 2; T < 50; T++) {
      expect(1 + spaceDostoevsky(leveling(T))).toBeLessThan(spaceBoundDynamic(T))
    }
  })

  test('Eq 13 leaves out what upper levels hold beyond 1/T of one run', () => {
    fc.assert(
      fc.property(points, (point) => {
        expect(spaceExact(point)).toBeGreaterThan(spaceDostoevsky(point))
      }),
    )
  })
})
