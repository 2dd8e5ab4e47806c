import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shapeVector } from '../../engine/version/version.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { loadAll, uniqueBuffers } from '../testing/load-all.ts'
import { fluid } from './fluid.ts'
import { kLsm } from './k-lsm.ts'
import { lazyLeveling } from './lazy-leveling.ts'
import { leveling } from './leveling.ts'
import { tiering } from './tiering.ts'

type Params = Readonly<Record<string, unknown>>

describe('a list by level', () => {
  test.each([
    // Full trees: the capacity of level i is the product of the ratios above it.
    [{ T: [4, 3, 2], K: [3, 2, 1] }, 4 * 3 * 2 - 1, [3, 2, 1]],
    [{ T: [2, 3, 4], K: [1, 2, 3] }, 2 * 3 * 4 - 1, [0, 1, 2, 3]],
    [{ T: 4, K: [3, 1] }, 4 ** 4 - 1, [3, 1, 1, 1]],
    [{ T: [5, 3], K: [2, 2] }, 5 * 3 * 3 * 3 - 1, [2, 2, 2, 2]],
  ])('%o, filled with %i buffers, has %o runs', (params, buffers, shape) => {
    const { tree } = loadAll(kLsm, params, 2, uniqueBuffers(buffers, 2))
    expect(shapeVector(tree.version)).toEqual(shape)
    const next = loadAll(kLsm, params, 2, uniqueBuffers(buffers + 1, 2)).tree
    expect(shapeVector(next.version)).toEqual([...shape.map(() => 0), 1])
  })

  test('tiering small levels and leveling large ones writes less than leveling all', () => {
    const written = (K: readonly number[]) =>
      loadAll(kLsm, { T: 4, K }, 2, uniqueBuffers(255, 2)).tree.papersBytes
    expect(written([3, 3, 1])).toBeLessThan(written([3, 1]))
    expect(written([3, 1])).toBeLessThan(written([1]))
  })
})

describe('limits', () => {
  const buffers = fc.array(fc.uniqueArray(fc.nat(60), { minLength: 4, maxLength: 8 }), {
    maxLength: 40,
    size: 'max',
  })
  const sizing = fc.constantFrom('static', 'dynamic')

  test('one T, one K and a Z make it the fluid tree; K = Z leaves Z out', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.nat(),
        fc.nat(),
        sizing,
        buffers,
        (...args) => {
          const [T, k, z, sizing, flushes] = args
          const [K, Z] = [1 + (k % (T - 1)), 1 + (z % (T - 1))]
          const specs = (module: StrategyModule, params: Params) =>
            loadAll(module, { T, sizing, ...params }, 8, flushes).specs
          expect(specs(kLsm, { K, Z })).toEqual(specs(fluid, { K, Z }))
          expect(specs(kLsm, { K, Z: 0 })).toEqual(specs(fluid, { K, Z: K }))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('dynamic sizes keep them: K = Z = 1 is leveling, T − 1 and 1 lazy leveling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), buffers, (T, flushes) => {
        const specs = (module: StrategyModule, params: Params) =>
          loadAll(module, { T, sizing: 'dynamic', ...params }, 8, flushes).specs
        expect(specs(fluid, { K: 1, Z: 1 })).toEqual(specs(leveling, {}))
        expect(specs(fluid, { K: T - 1, Z: 1 })).toEqual(specs(lazyLeveling, {}))
        if (T === 2) expect(specs(leveling, {})).toEqual(specs(lazyLeveling, {}))
      }),
      { numRuns: 40 },
    )
  })

  test('a ratio no load reaches leaves one level: a sorted array, or a log', () => {
    const flushes = uniqueBuffers(40, 2)
    const at = (module: StrategyModule) => loadAll(module, { T: 100 }, 2, flushes).tree.version
    expect(shapeVector(at(leveling))).toEqual([0, 1])
    expect(shapeVector(at(lazyLeveling))).toEqual([1])
    expect(shapeVector(at(tiering))).toEqual([40])
  })
})

describe('runs that do not fit their level are refused', () => {
  test.each([
    [{ T: 4, K: [3, 4] }, 'k-lsm: K must be from 1 to T − 1 in every level, not 4'],
    [{ T: [4, 2], K: [3, 1, 2] }, 'k-lsm: K must be from 1 to T − 1 in every level, not 2'],
    [{ T: 2, K: 1, Z: 2 }, 'k-lsm: Z must be from 1 to T − 1 in every level, not 2'],
  ])('%o', (params, message) => {
    expect(() => kLsm.create(params)).toThrow(message)
  })
})
