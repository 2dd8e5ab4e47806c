import { describe, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { withRandomSoftCuts } from './testing/random-soft-cuts.ts'
import { expectSameEdits } from './testing/same-edits.ts'
import { COMPARED, type Compared, reduced, SCALES, setupOf, streamOf } from './testing/scales.ts'
import { churn, uniqueWrites, ycsbWrites } from './testing/streams.ts'

const KiB = 1024

describe.each([...STRATEGIES])('%s makes the engine’s edits', (_, module) => {
  const wide = 'T' in module.params.shape ? { T: 5 } : {}

  test('of long streams at another size ratio', () => {
    const setup = { strategy: module.create(wide), memtableBytes: 8 * KiB, blockBytes: 512 }
    const size = { records: 6_000, operations: 12_000, valueBytes: 100 }
    expectSameEdits(setup, ycsbWrites('ycsb-a', size, 7))
    expectSameEdits(setup, ycsbWrites('ycsb-load', size, 9))
    expectSameEdits(setup, churn(20_000, 3_000, 8))
    expectSameEdits(setup, churn(8_000, 40, 10))
    expectSameEdits(setup, uniqueWrites(8_000, 100, 'ordered'))
  })

  test('with random soft cuts', () => {
    for (let seed = 1; seed <= 2; seed++) {
      const strategy = withRandomSoftCuts(module.create(wide), seed)
      const setup = { strategy, memtableBytes: 8 * KiB, blockBytes: 512 }
      expectSameEdits(setup, churn(8_000, 1_500, seed))
      expectSameEdits(setup, uniqueWrites(4_000, 100, 'hashed', seed))
    }
  })
})

/**
 * A full load has a quarter of a gigabyte, and costs in proportion to the strategy's writes. So in
 * full run only one strategy that merges whole levels, one that merges tables, and, for the largest
 * tables, one that only flushes. All others write the same number of smaller buffers. At S10 these
 * are a thousand, which takes longest; there the variants of a strategy do not run. The suite
 * `agreement` runs all of them in a smaller tree. VARVE_ALL_SCALES=1 runs everything in full, which
 * takes a quarter of an hour.
 */
const IN_FULL: Readonly<Record<string, readonly string[]>> = {
  churn: [],
  S10: ['leveling-partial', 'tiering'],
  S4: ['fifo'],
}
const DIVISORS: Readonly<Record<string, number>> = { churn: 16, S10: 64, S4: 64 }
const isComplete = Boolean(process.env.VARVE_ALL_SCALES)

describe.each(SCALES)('at the scale $name', (scale) => {
  const isVariant = ({ params }: Compared) => Object.keys(params).length > 0
  const loads = COMPARED.filter(
    (compared) => isComplete || scale.name !== 'S10' || !isVariant(compared),
  ).map((compared) => {
    const { name } = compared
    const inFull = isComplete || IN_FULL[scale.name]!.includes(name)
    return { compared, name, divisor: inFull ? 1 : DIVISORS[scale.name]! }
  })

  test.each(loads)(
    '$name makes the engine’s edits, of entries ÷ $divisor',
    ({ compared, divisor }) => {
      const load = reduced(scale, divisor)
      expectSameEdits(setupOf(compared, load), streamOf(load, 1))
    },
  )
})
