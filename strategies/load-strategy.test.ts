import { describe, expect, test } from 'vitest'
import { listStrategies, STRATEGIES } from './catalog.ts'
import { loadStrategy } from './load-strategy.ts'

describe('loading', () => {
  test('a registered name', async () => {
    expect(await loadStrategy('tiering')).toBe(STRATEGIES.get('tiering'))
  })

  test('a module by its path, which imports from varve/strategies', async () => {
    const module = await loadStrategy('strategies/examples/size-tiered.ts')
    expect(module.name).toBe('size-tiered')
    expect(module.create({ minRuns: 2 }).name).toBe('size-tiered')
  })

  test.each([
    ['tierng', /^no strategy is called tierng; did you mean tiering\?$/],
    [
      'zzzzzzzz',
      /^no strategy is called zzzzzzzz; known are leveling, .*fluid, .*, or give a path$/,
    ],
    ['./strategies/none.ts', /^strategy module .*none\.ts (does not exist|cannot be loaded: .*)$/],
    ['strategies/testing/modules/throws.ts', /throws\.ts cannot be loaded: no luck$/],
    ['strategies/testing/modules/named-only.ts', /named-only\.ts has no default export$/],
    [
      'strategies/testing/modules/not-a-strategy.ts',
      /^the default export of .*not-a-strategy\.ts is no strategy; make it with defineStrategy$/,
    ],
  ])('%s is refused in one line', async (name, message) => {
    const error = await loadStrategy(name).catch((thrown) => thrown)
    expect(error.code).toBe('LSM_INVALID_ARGUMENT')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('\n')
  })
})

describe('the catalog', () => {
  test('lists every strategy with its primitives and documented parameters', () => {
    const listing = listStrategies()
    expect(new Set(listing.map(({ name }) => name)).size).toBe(STRATEGIES.size)
    for (const name of ['leveling', 'leveling-partial', 'tiering', 'lazy-leveling', 'fluid']) {
      expect(listing.find((module) => module.name === name)?.params[0]?.name).toBe('T')
    }
    for (const { params, primitives } of listing) {
      expect(primitives.trigger.length).toBeGreaterThan(0)
      const ratio = params.find(({ name }) => name === 'T')
      if (ratio !== undefined) expect(ratio.default).toBe(4)
      expect(params.find(({ name }) => name === 'bitsPerKey')?.default).toBe(10)
      for (const { description } of params) expect(description.length).toBeGreaterThan(20)
    }
    const fluid = listing.find(({ name }) => name === 'fluid')!
    const defaults = fluid.params.map((param) => [param.name, param.default])
    expect(Object.fromEntries(defaults)).toMatchObject({ K: 2, Z: 1 })
  })
})
