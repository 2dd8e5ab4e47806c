import { describe, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { expectSameEdits } from './testing/same-edits.ts'
import { reduced, SCALES, setupOf, streamOf } from './testing/scales.ts'
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
})

/**
 * A quarter of a gigabyte of entries, each written as often as the strategy merges it, is more than
 * these tests have time for. In full run those that take ten processor seconds at most, and one of
 * each layout; the others write the same number of buffers, with fewer entries in them. All of them
 * in full take half an hour: VARVE_ALL_SCALES=1, or `npm run exp -- --suite=agreement --scale=full`.
 */
const IN_FULL: Readonly<Record<string, readonly string[]>> = {
  S4: ['fifo', 'tiering'],
  S10: [
    'leveling',
    'leveling-partial',
    'tiering',
    'lazy-leveling',
    'fifo',
    'time-window',
    'lsm-bush',
  ],
  churn: [],
}

describe.each(SCALES)('at the scale $name', (scale) => {
  test.each([...STRATEGIES.keys()])('%s makes the engine’s edits', (name) => {
    const inFull = IN_FULL[scale.name]!.includes(name) || process.env.VARVE_ALL_SCALES
    const loaded = inFull ? scale : reduced(scale, 16)
    expectSameEdits(setupOf(name, loaded), streamOf(loaded, 1))
  })
})
