import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import type { CompactionSpec } from '../../engine/compaction/strategy.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { runCount, shapeVector } from '../../engine/version/version.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { loadAll, uniqueBuffers } from '../testing/load-all.ts'
import { fluid } from './fluid.ts'
import { lazyLeveling } from './lazy-leveling.ts'
import { leveling } from './leveling.ts'
import { tiering } from './tiering.ts'

type Params = Readonly<Record<string, number>>

describe('whole buffers of unique keys are counted exactly', () => {
  test.each([
    // Buffers written, with the run of level 0 and in the papers' convention.
    [leveling, { T: 4 }, 63, 335, 288],
    [lazyLeveling, { T: 4 }, 63, 224, 207],
    [tiering, { T: 4 }, 63, 159, 144],
    [leveling, { T: 4 }, 255, 1727, 1536],
    [lazyLeveling, { T: 4 }, 255, 1088, 1023],
    [tiering, { T: 4 }, 255, 831, 768],
    [fluid, { T: 4, K: 1, Z: 1 }, 255, 1727, 1536],
    [fluid, { T: 4, K: 3, Z: 1 }, 255, 1088, 1023],
    [fluid, { T: 4, K: 3, Z: 3 }, 255, 831, 768],
  ] as const)('%o', (module, params, buffers, written, inPapers) => {
    const { tree } = loadAll(module, params, 4, uniqueBuffers(buffers, 4))
    expect(tree.writtenBytes / 4).toBe(written)
    expect(tree.papersBytes / 4).toBe(inPapers)
  })

  test.each([
    // Write amplification in the papers' convention, F = T^L − 1.
    [leveling, { T: 4 }, 255, 6.02],
    [lazyLeveling, { T: 4 }, 255, 4.01],
    [tiering, { T: 4 }, 255, 3.01],
    [leveling, { T: 10 }, 999, 13.51],
    [lazyLeveling, { T: 10 }, 999, 6.7],
    [tiering, { T: 10 }, 999, 2.7],
    [fluid, { T: 10, K: 3, Z: 3 }, 999, 5.41],
  ] as const)('amplification %#', (module, params, buffers, amplification) => {
    const { tree } = loadAll(module, params, 2, uniqueBuffers(buffers, 2))
    expect(tree.papersBytes / 2 / buffers).toBeCloseTo(amplification, 2)
  })

  test('a full tree of L levels has K(L − 1) + Z runs', () => {
    for (const [T, L] of [
      [2, 5],
      [3, 4],
      [4, 3],
      [5, 3],
      [7, 2],
    ] as const) {
      for (let K = 1; K < T; K++) {
        for (let Z = 1; Z < T; Z++) {
          // Runs of ⌈(T − 1)/K⌉ arrivals: where that wastes runs, fewer than K are ever there.
          const atMost = (limit: number) => Math.ceil((T - 1) / Math.ceil((T - 1) / limit))
          const { tree } = loadAll(fluid, { T, K, Z }, 2, uniqueBuffers(T ** L - 1, 2))
          expect(runCount(tree.version), `T=${T} K=${K} Z=${Z}`).toBe(
            atMost(K) * (L - 1) + atMost(Z),
          )
        }
      }
    }
  })
})

describe('the named strategies are points of the fluid tree', () => {
  const buffers = fc.array(fc.uniqueArray(fc.nat(60), { minLength: 4, maxLength: 8 }), {
    maxLength: 40,
    size: 'max',
  })

  test('same specs for the same flushes, overwrites or not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), buffers, (T, flushes) => {
        const specs = (module: StrategyModule, params: Params) =>
          loadAll(module, params, 8, flushes).specs
        const K = T - 1
        expect(specs(fluid, { T, K: 1, Z: 1 })).toEqual(specs(leveling, { T }))
        expect(specs(fluid, { T, K, Z: K })).toEqual(specs(tiering, { T }))
        expect(specs(fluid, { T, K, Z: 1 })).toEqual(specs(lazyLeveling, { T }))
      }),
      { numRuns: 40 },
    )
  })

  test('at T = 2 all of them are one', () => {
    fc.assert(
      fc.property(buffers, (flushes) => {
        const expected = loadAll(leveling, { T: 2 }, 8, flushes)
        for (const module of [tiering, lazyLeveling]) {
          expect(loadAll(module, { T: 2 }, 8, flushes)).toEqual(expected)
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('arrivals are counted robustly', () => {
  const steps = (specs: readonly CompactionSpec[]) =>
    specs.map((spec) => printSpec(spec).replace(/ because.*/, ''))

  test('memtables up to a tenth over or under their size change no decision at T = 4', () => {
    const sizes = fc.array(fc.integer({ min: 18, max: 22 }), { minLength: 85, maxLength: 85 })
    const module = fc.constantFrom(leveling, tiering, lazyLeveling, fluid)
    fc.assert(
      fc.property(module, sizes, (strategy, lengths) => {
        const whole = uniqueBuffers(85, 22)
        const near = whole.map((keys, at) => keys.slice(0, lengths[at]))
        const exact = whole.map((keys) => keys.slice(0, 20))
        expect(steps(loadAll(strategy, {}, 20, near).specs)).toEqual(
          steps(loadAll(strategy, {}, 20, exact).specs),
        )
      }),
      { numRuns: 12 },
    )
  })

  test('the tree grows with its data, not with its updates', () => {
    // Sixteen buffers' worth of keys, overwritten forty times over: T = 4 needs three levels and,
    // where level 0 is only passed through, a fourth.
    const module = fc.constantFrom(leveling, tiering, lazyLeveling, fluid)
    fc.assert(
      fc.property(module, fc.integer(), (strategy, seed) => {
        const random = createRandom(seed)
        const buffers = Array.from({ length: 640 }, () => [
          ...new Set(Array.from({ length: 4 }, () => random.nextBelow(64))),
        ])
        const { tree } = loadAll(strategy, {}, 4, buffers)
        expect(shapeVector(tree.version).length).toBeLessThanOrEqual(4)
      }),
      { numRuns: 8 },
    )
  })
})

describe('picks', () => {
  /** Tables weigh `values` raw bytes; the memtable has 10. */
  const pick = (module: StrategyModule, params: Params, tree: string) =>
    printSpec(
      module.create(params).pick({
        version: parseVersion(tree),
        memtableBytes: 10,
        state: null,
        inProgress: [],
        oldestSnapshotSeq: 0,
        nowMs: 0,
        tableStats: () => ({ reads: 0 }),
      }),
    )

  test.each([
    ['an empty tree', leveling, {}, '', 'nothing'],
    [
      'leveling: a flush moves into an empty level 1',
      leveling,
      {},
      `L0
         R1: 1[a,z] values=10`,
      'move L0 R1 -> L1 new because runs(0) ≥ 1',
    ],
    [
      'leveling: a flush merges into level 1',
      leveling,
      {},
      `L0
         R2: 2[a,z] values=10
       L1
         R1: 1[a,z] values=20`,
      'merge L0 R2, L1 R1 -> L1 R1 because runs(0) ≥ 1',
    ],
    [
      'leveling: flushes that waited go together',
      leveling,
      {},
      `L0
         R3: 3[a,z] values=10
         R2: 2[a,z] values=10
       L1
         R1: 1[a,z] values=10`,
      'merge L0 R3, L0 R2, L1 R1 -> L1 R1 because runs(0) ≥ 1',
    ],
    [
      'leveling: full levels cascade in one merge',
      leveling,
      {},
      `L0
         R3: 3[a,z] values=10
       L1
         R2: 2[a,z] values=30
       L2
         R1: 1[a,z] values=120`,
      'merge L0 R3, L1 R2, L2 R1 -> L3 new because bytes ≥ (T − ½)·unit',
    ],
    [
      'leveling: overwrites keep level 1 below saturation, so it stays',
      leveling,
      {},
      `L0
         R2: 2[a,z] values=10
       L1
         R1: 1[a,z] values=24
       L2
         R9: 9[a,z] values=40`,
      'merge L0 R2, L1 R1 -> L1 R1 because runs(0) ≥ 1',
    ],
    [
      'tiering: T − 1 runs rest',
      tiering,
      {},
      `L0
         R3: 3[a,z] values=10
         R2: 2[a,z] values=10
         R1: 1[a,z] values=10`,
      'nothing',
    ],
    [
      'tiering: the T-th run is handed on however small the runs are',
      tiering,
      {},
      `L0
         R5: 5[a,z] values=4
         R4: 4[a,z] values=4
         R3: 3[a,z] values=4
         R2: 2[a,z] values=4
       L1
         R1: 1[a,z] values=30`,
      'merge L0 R5, L0 R4, L0 R3, L0 R2 -> L1 new because runs > K',
    ],
    [
      'tiering: in the deepest level small runs merge and stay',
      tiering,
      {},
      `L0
         R5: 5[a,z] values=4
         R4: 4[a,z] values=4
         R3: 3[a,z] values=4
         R2: 2[a,z] values=4`,
      'merge L0 R5, L0 R4, L0 R3, L0 R2 -> L0 R2 because runs > Z',
    ],
    [
      'lazy leveling: the deepest level is one run',
      lazyLeveling,
      {},
      `L0
         R5: 5[a,z] values=10
         R4: 4[a,z] values=10
         R3: 3[a,z] values=10
         R2: 2[a,z] values=10
       L1
         R1: 1[a,z] values=80`,
      'merge L0 R5, L0 R4, L0 R3, L0 R2, L1 R1 -> L1 R1 because bytes ≥ (T − ½)·unit',
    ],
    [
      'fluid: the newest run takes arrivals until it closes',
      fluid,
      { T: 7, K: 2, Z: 2 },
      `L0
         R3: 3[a,z] values=10
         R2: 2[a,z] values=20
         R1: 1[a,z] values=30`,
      'merge L0 R3, L0 R2 -> L0 R2 because runs(0) ≥ 1',
    ],
    [
      'fluid: a closed run is left alone',
      fluid,
      { T: 7, K: 2, Z: 2 },
      `L0
         R3: 3[a,z] values=10
         R1: 1[a,z] values=30`,
      'nothing',
    ],
    [
      'runs another strategy left are merged within their level',
      leveling,
      {},
      `L2
         R3: 3[a,z] values=10
         R2: 2[a,z] values=10
         R1: 1[a,z] values=10`,
      'merge L2 R3, L2 R2, L2 R1 -> L2 R1 because runs > limit',
    ],
  ] as const)('%s', (_title, module, params, tree, expected) => {
    expect(pick(module, params, tree)).toBe(expected)
  })
})
