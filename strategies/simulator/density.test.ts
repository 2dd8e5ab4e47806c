import { describe, expect, test } from 'vitest'
import { createRandom, type Random } from '../../engine/base/random.ts'
import { type Density, deadPerSpace, entriesPerSpace, mergedDensities } from './density.ts'
import { type KeyModel, uniformKeys, zipfianKeys } from './key-model.ts'
import { choiceOf, densityOf } from './statistical-memtable.ts'

const KEYS = 600
const DRAWS = 150
const DELETES = 60
const BUFFERS = 4
const TRIALS = 3000

interface Counts {
  readonly entries: number
  readonly dead: number
}

/** The newest memtable, and all of them merged. */
interface Trial {
  readonly flushed: Counts
  readonly merged: Counts
}

describe.each([
  ['uniform', uniformKeys(KEYS), () => 1],
  ['zipfian', zipfianKeys(KEYS, 0.99), (rank: number) => (rank + 1) ** -0.99],
] as const)('memtables of %s draws', (_, model, weightOf) => {
  const random = createRandom(0x5eed1e55)
  const draw = keysByWeight(weightOf, random)
  const truth = Array.from({ length: TRIALS }, () => drawnKeyByKey(draw, random))
  const numbers = Array.from({ length: TRIALS }, () => drawnAsNumbers(model, random))

  test.each([
    ['entries of one', ({ flushed }: Trial) => flushed.entries],
    ['tombstones of one', ({ flushed }: Trial) => flushed.dead],
    ['entries of several merged', ({ merged }: Trial) => merged.entries],
    ['tombstones of several merged', ({ merged }: Trial) => merged.dead],
  ] as const)('%s: mean and spread are those of keys drawn one by one', (_name, figure) => {
    const [exact, statistical] = [spread(truth.map(figure)), spread(numbers.map(figure))]
    // With so many trials the error of a mean is 2 % of the spread, that of a spread 1 % of itself.
    // Merged classes of keys deviate together, which makes zipfian spreads a tenth too small.
    expect(Math.abs(statistical.mean - exact.mean)).toBeLessThan(0.12 * exact.deviation)
    expect(statistical.deviation / exact.deviation).toBeGreaterThan(0.82)
    expect(statistical.deviation / exact.deviation).toBeLessThan(1.1)
  })
})

describe('inserts of fresh keys', () => {
  test('vary in nothing and draw nothing', () => {
    const model = uniformKeys(KEYS)
    const writes = { inserts: 100, draws: 0, deletes: 0, choice: choiceOf(model) }
    const flush = () => densityOf(model, writes, 1, noRandom)
    const merged = mergedDensities([flush(), flush(), flush()], {
      model,
      width: 1,
      random: noRandom,
    })
    expect(entriesPerSpace(model, merged)).toBeCloseTo(300, 9)
  })

  test('fill a model of one key', () => {
    const model = uniformKeys(1)
    const writes = { inserts: 1, draws: 0, deletes: 0, choice: choiceOf(model) }
    expect(entriesPerSpace(model, densityOf(model, writes, 1, noRandom))).toBe(1)
  })
})

test('what is crowded hides all tombstones beneath it, and no more', () => {
  const model = uniformKeys(KEYS)
  const [crowd, deletes] = [
    [1.1, 0, 0],
    [0, 0.5, 0.5],
  ]
  const merged = mergedDensities([crowd!, deletes!], { model, width: 1, random: noRandom })
  expect(deadPerSpace(model, merged)).toBe(0)
})

const fail = () => {
  throw new Error('nothing here is random')
}
const noRandom: Random = { nextU32: fail, nextDouble: fail, nextBelow: fail }

function drawnAsNumbers(model: KeyModel, random: Random): Trial {
  const memtables = Array.from({ length: BUFFERS }, () =>
    densityOf(
      model,
      { inserts: 0, draws: DRAWS, deletes: DELETES, choice: choiceOf(model) },
      1,
      random,
    ),
  )
  const counts = (density: Density): Counts => ({
    entries: entriesPerSpace(model, density),
    dead: deadPerSpace(model, density),
  })
  const merged = mergedDensities(memtables, { model, width: 1, random })
  return { flushed: counts(memtables[0]!), merged: counts(merged) }
}

function drawnKeyByKey(draw: () => number, random: Random): Trial {
  const memtables = Array.from({ length: BUFFERS }, () => {
    const isDead = new Map<number, boolean>()
    let deletes = DELETES
    for (let left = DRAWS; left > 0; left--) {
      const dies = random.nextBelow(left) < deletes
      if (dies) deletes--
      isDead.set(draw(), dies)
    }
    return isDead
  })
  // The newest memtable is the first; its entries hide those of older ones.
  const merged = new Map(memtables.toReversed().flatMap((memtable) => [...memtable]))
  const counts = (isDead: ReadonlyMap<number, boolean>): Counts => ({
    entries: isDead.size,
    dead: [...isDead.values()].filter(Boolean).length,
  })
  return { flushed: counts(memtables[0]!), merged: counts(merged) }
}

function keysByWeight(weightOf: (rank: number) => number, random: Random): () => number {
  const sums = new Float64Array(KEYS)
  let sum = 0
  for (let rank = 0; rank < KEYS; rank++) sums[rank] = sum += weightOf(rank)
  return () => {
    const wanted = random.nextDouble() * sum
    return sums.findIndex((upTo) => upTo > wanted)
  }
}

function spread(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) }
}
