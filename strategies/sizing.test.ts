import { describe, expect, test } from 'vitest'
import { createRandom } from '../engine/base/random.ts'
import type { StrategyModule } from './define-strategy.ts'
import { dynamicLeveled } from './partial-levels/dynamic-leveled.ts'
import { levelingPartial } from './partial-levels/leveling-partial.ts'
import { emptyTree, load } from './testing/stepper.ts'
import { fluid } from './whole-levels/fluid.ts'
import { lazyLeveling } from './whole-levels/lazy-leveling.ts'
import { leveling } from './whole-levels/leveling.ts'

type Params = Readonly<Record<string, number | string>>

const MEMTABLE_ENTRIES = 8

/**
 * Writes `keys` keys once in random order, then overwrites them four times over. Returns the most
 * entries per live key that the tree ever rested with. The first quarter of the load does not
 * count, because a tree of a few buffers hardly has a last level.
 */
function spaceAmplification(module: StrategyModule, params: Params, keys: number): number {
  const strategy = module.create(params)
  const random = createRandom(11)
  const live = new Set<number>()
  let tree = emptyTree(strategy, { memtableBytes: MEMTABLE_ENTRIES, entryBytes: 1 })
  let most = 0
  for (let written = 0; written < 5 * keys; written += MEMTABLE_ENTRIES) {
    const buffer = Array.from(
      { length: MEMTABLE_ENTRIES },
      (_, at) =>
        // An odd factor permutes the 32-bit numbers.
        Math.imul(written < keys ? written + at : random.nextBelow(keys), 0x9e3779b1) >>> 0,
    )
    for (const key of buffer) live.add(key)
    tree = load(tree, strategy, [...new Set(buffer)]).tree
    if (written >= keys / 4) most = Math.max(most, tree.version.totals.entries / live.size)
  }
  return most
}

/** With these sizes a static tree's last level ends full, nearly empty, and in between. */
const SIZES = [512, 800, 1400]

describe.each([
  [leveling, { sizing: 'dynamic' }, 4],
  [leveling, { sizing: 'dynamic' }, 10],
  [lazyLeveling, { sizing: 'dynamic' }, 4],
  [fluid, { sizing: 'dynamic', K: 2, Z: 1 }, 5],
] as const)('$name %o at T = %i', (module, params, T) => {
  test('obsolete entries stay within T/(T − 1), whatever the size', () => {
    for (const keys of SIZES) {
      expect(
        spaceAmplification(module, { T, ...params }, keys),
        `${keys} keys`,
      ).toBeLessThanOrEqual(T / (T - 1) + 0.02)
    }
  })
})

describe.each([[{ T: 4 }], [{ T: 10, pick: 'rr-to-target' }]] as const)(
  'dynamic-leveled %o',
  (params) => {
    test('obsolete entries stay within T/(T − 1) and the least target of a level', () => {
      const { T } = params
      for (const keys of SIZES) {
        const leastTarget = (T * MEMTABLE_ENTRIES) / keys
        expect(
          spaceAmplification(dynamicLeveled, { l0Trigger: 1, ...params }, keys),
          `${keys} keys`,
        ).toBeLessThanOrEqual(T / (T - 1) + leastTarget + 0.02)
      }
    })
  },
)

describe.each([
  [leveling, {}],
  [lazyLeveling, {}],
  [levelingPartial, { l0Trigger: 1 }],
] as const)('$name %o', (module, params) => {
  test('static sizes let the levels above hold as much as a young last level', () => {
    const most = Math.max(...SIZES.map((keys) => spaceAmplification(module, params, keys)))
    expect(most).toBeGreaterThan(4 / 3 + 0.1)
  })
})
