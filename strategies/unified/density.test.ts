import { describe, expect, test } from 'vitest'
import { type DensityShape, levelOfDensity, scalingOf, shardsOfDensity } from './density.ts'

const MiB = 2 ** 20
const GiB = 2 ** 30

const shape: DensityShape = {
  scaling: [scalingOf('T4')],
  survivalFactor: 1,
  flushBytes: 100,
  baseShards: 4,
  minTableBytes: 0,
  targetTableBytes: 100 * MiB,
  growth: 0,
}

/** `UnifiedCompactionStrategy.md`: f = |W| + 2; t = f where W > 0, else 2. */
test.each([
  ['T4', 4, 4],
  ['L10', 10, 2],
  ['N', 2, 2],
  ['T2', 2, 2],
  ['L2', 2, 2],
  ['2', 4, 4],
  ['-8', 10, 2],
])('%s: f = %i, t = %i', (text, fanout, threshold) => {
  expect(scalingOf(text)).toEqual({ fanout, threshold })
})

describe('levels', () => {
  const levelsOf = (scaling: readonly string[], densities: readonly number[]) =>
    densities.map((density) =>
      levelOfDensity({ ...shape, scaling: scaling.map(scalingOf) }, density),
    )

  test('a little less than f flushes reach the next level, f − 1 do not', () => {
    expect(levelsOf(['T4'], [100, 300, 309, 310, 400, 1239, 1240, 1600])).toEqual([
      0, 0, 0, 1, 1, 1, 2, 2,
    ])
    expect(levelsOf(['L10'], [900, 910])).toEqual([0, 1])
    expect(levelsOf(['N'], [109, 110, 200, 220, 400])).toEqual([0, 1, 1, 2, 2])
  })

  test('each by its own f, the last for all deeper ones', () => {
    expect(levelsOf(['T4', 'L10'], [309, 310, 3099, 3100, 30_999, 31_000])).toEqual([
      0, 1, 1, 2, 2, 3,
    ])
  })

  test('narrower where less survives', () => {
    expect(levelOfDensity({ ...shape, survivalFactor: 0.5 }, 155)).toBe(1)
  })
})

describe('numbers of shards', () => {
  test('as in the example of the document', () => {
    // A memtable of 200 MiB; then six tables of 50 MiB in one of four shards.
    expect(shardsOfDensity(shape, 200 * MiB)).toBe(4)
    expect(shardsOfDensity(shape, (6 * 50 * MiB) / (1 / 4))).toBe(16)
  })

  test('rounded, so that tables have target/√2 to target·√2', () => {
    expect(shardsOfDensity(shape, 400 * MiB * 1.41)).toBe(4)
    expect(shardsOfDensity(shape, 400 * MiB * 1.42)).toBe(8)
  })

  /** The comment on SSTABLE_GROWTH_OPTION in `Controller.java`: 1 TiB with tables of 1 GiB. */
  test.each([
    [1, 0, 1024],
    [1, 0.333, 128],
    [1, 0.5, 32],
    [1, 1, 1],
    [4, 0.333, 128],
    [4, 0.5, 64],
    [4, 1, 4],
  ])('base %i and growth %d: %i', (baseShards, growth, shards) => {
    const large = { ...shape, baseShards, growth, targetTableBytes: GiB }
    expect(shardsOfDensity(large, 1024 * GiB)).toBe(shards)
  })

  test('fewer than the base count if its tables would be too small', () => {
    const bounded = { ...shape, minTableBytes: 10 }
    expect([5, 19, 20, 39, 40].map((density) => shardsOfDensity(bounded, density))).toEqual([
      1, 1, 2, 2, 4,
    ])
    // Of six shards, only two halves keep the borders where they are.
    expect(shardsOfDensity({ ...bounded, baseShards: 6 }, 55)).toBe(2)
  })
})
