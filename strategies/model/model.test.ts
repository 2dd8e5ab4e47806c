import { describe, expect, test } from 'vitest'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { STRATEGIES } from '../catalog.ts'
import { emptyTree, load } from '../testing/stepper.ts'
import { type Environment, type Prediction, predict } from './model.ts'

/** 255 buffers of a thousand entries: four full levels at T = 4. */
const environment: Environment = {
  entries: 255_000,
  entryBytes: 100,
  memtableBytes: 100_000,
  blockBytes: 4000,
  longRangeEntries: 4000,
  sequentialSpeedup: 1,
}

/** The design under its own defaults, but for what is given; as a result's config has it. */
function predicted(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  changes: Partial<Environment> = {},
): Prediction {
  const parsed = STRATEGIES.get(name)!.parse(params)
  return predict({ name, params: parsed }, { ...environment, ...changes })!
}

describe('names and parameters are those of the catalog', () => {
  test.each(['leveling', 'tiering', 'lazy-leveling', 'fluid', 'k-lsm', 'leveling-partial'])(
    '%s has a prediction under its defaults, every figure of it a number',
    (name) => {
      const { full, loaded, writes } = predicted(name)
      const figures = [full, loaded ?? full, writes.full, writes.loaded, writes.updates]
      for (const value of figures.flatMap((part) => Object.values(part ?? {}))) {
        expect(Number.isFinite(value)).toBe(true)
      }
    },
  )

  test('others have none, nor have names without parameters', () => {
    expect(predict({ name: 'size-tiered', params: { T: 4 } }, environment)).toBeNull()
    expect(predict({ name: 'leveling', params: {} }, environment)).toBeNull()
    expect(predict({ name: 'fluid', params: { T: 4 } }, environment)).toBeNull()
  })

  test('levels sized by their data are loaded in another way than any counted here', () => {
    expect(predicted('leveling', { sizing: 'dynamic' }).loaded).toBeNull()
    expect(predicted('leveling', { sizing: 'dynamic' }).full).toEqual(predicted('leveling').full)
  })
})

describe('figures', () => {
  test('four full levels at T = 4', () => {
    const leveling = predicted('leveling')
    expect(leveling.full).toMatchObject({ levels: 4, runs: 4, shortRangeIos: 4 })
    expect(leveling.writes.full).toEqual({ papers: 6, levelZeroRun: 6.75 })
    expect(leveling.writes.loaded!.papers).toBe(1536 / 255)
    expect(leveling.writes.loaded!.levelZeroRun).toBe(1727 / 255)
    expect(leveling.full.longRangeIos).toBe(4 + 100 * 1.25)
    expect(leveling.full.spaceAmplification).toBeCloseTo(4 / 3, 12)
    const lazy = predicted('lazy-leveling')
    expect(lazy.full.runs).toBe(10)
    expect(lazy.writes.loaded!.levelZeroRun).toBe(1088 / 255)
    expect(lazy.writes.updates.papers).toBeCloseTo(3 + 3 * 0.75, 12)
  })

  test('the named policies are points of fluid, and fluid of K-LSM', () => {
    for (const T of [2, 4, 7]) {
      const K = T - 1
      expect(predicted('fluid', { T, K: 1, Z: 1 })).toEqual(predicted('leveling', { T }))
      expect(predicted('fluid', { T, K, Z: K })).toEqual(predicted('tiering', { T }))
      expect(predicted('fluid', { T, K, Z: 1 })).toEqual(predicted('lazy-leveling', { T }))
      expect(predicted('k-lsm', { T, K, Z: 1 })).toEqual(predicted('fluid', { T, K, Z: 1 }))
    }
  })

  test('filters divided best beat uniform ones, under any curve', () => {
    for (const name of ['leveling', 'lazy-leveling', 'tiering']) {
      for (const changes of [{}, { curve: falsePositiveRate }]) {
        const uniform = predicted(name, {}, changes)
        const best = predicted(name, { filterAlloc: 'monkey' }, changes)
        expect(best.full.zeroResultIos).toBeLessThan(uniform.full.zeroResultIos)
        expect(best.loaded!.zeroResultIos).toBeLessThan(uniform.loaded!.zeroResultIos)
      }
    }
    const uniform = predicted('leveling', {}, { curve: falsePositiveRate })
    expect(uniform.full.zeroResultIos).toBeCloseTo(4 * falsePositiveRate(10), 12)
  })

  test('without filters every run is read', () => {
    const { full, loaded } = predicted('lazy-leveling', { bitsPerKey: 0 })
    expect(full.zeroResultIos).toBe(full.runs)
    expect(loaded!.zeroResultIos).toBe(loaded!.runs)
  })

  test('of a load are those of the tree the strategy makes, also partly full', () => {
    const { loaded, writes } = predicted('lazy-leveling', {}, { entries: 100_000 })
    const strategy = STRATEGIES.get('lazy-leveling')!.create()
    let tree = emptyTree(strategy, { memtableBytes: 2, entryBytes: 1 })
    for (let buffer = 0; buffer < 100; buffer++) {
      tree = load(tree, strategy, [buffer, 100 + buffer]).tree
    }
    const runs = tree.version.levels.reduce((sum, level) => sum + level.runs.length, 0)
    expect(loaded!.runs).toBe(runs)
    expect(writes.loaded!.levelZeroRun).toBe(tree.writtenBytes / 200)
    expect(writes.loaded!.papers).toBe(tree.papersBytes / 200)
  })

  test('partial leveling: level 0 counts in reads, its flush in writes', () => {
    const { full, loaded, writes } = predicted('leveling-partial', { pick: 'rr' })
    expect(full.levels).toBe(4)
    expect(full.runs).toBe(4 + 3 / 2)
    expect(loaded).toBeNull()
    expect(writes.full).toBeNull()
    expect(writes.updates.levelZeroRun - writes.updates.papers).toBeCloseTo(1 / 4, 2)
    expect(full.spaceAmplification).toBeGreaterThan(1.3)
  })
})
