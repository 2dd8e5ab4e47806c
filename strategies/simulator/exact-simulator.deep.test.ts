import { describe, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { expectSameEdits } from './testing/same-edits.ts'
import { churn, uniqueWrites, ycsbWrites } from './testing/streams.ts'

const KiB = 1024

describe.each([...STRATEGIES])('%s makes the engine’s edits', (_, module) => {
  const wide = 'T' in module.params.shape ? { T: 5 } : {}

  test('of long streams at another size ratio', () => {
    const setup = { strategy: module.create(wide), memtableBytes: 8 * KiB, blockBytes: 512 }
    const size = { records: 6_000, operations: 12_000, valueBytes: 100 }
    expectSameEdits(setup, () => ycsbWrites('ycsb-a', size, 7))
    expectSameEdits(setup, () => ycsbWrites('ycsb-load', size, 9))
    expectSameEdits(setup, () => churn(20_000, 3_000, 8))
    expectSameEdits(setup, () => churn(8_000, 40, 10))
    expectSameEdits(setup, () => uniqueWrites(8_000, 100, 'ordered'))
  })
})

/** A quarter of a gigabyte each: once a layout, and once table by table. */
const layouts = ['leveling', 'tiering', 'lazy-leveling', 'leveling-partial']

/** Two million entries merged many times over take a minute: by request, where a level is one run. */
const takesLong = (name: string) => name.startsWith('leveling') && !process.env.VARVE_ALL_SCALES

describe.each(layouts)('%s makes the engine’s edits', (name) => {
  const module = STRATEGIES.get(name)!

  test.skipIf(takesLong(name))(
    'at the scale S4: entries of 128 B, buffers of 1 MiB, T = 4, 255 buffers',
    () => {
      const setup = { strategy: module.create(), memtableBytes: KiB * KiB }
      expectSameEdits(setup, () => uniqueWrites((255 * KiB * KiB) / 128, 128, 'hashed'))
    },
  )

  test('at the scale S10: entries of 1 KiB, buffers of 256 KiB, T = 10, 999 buffers', () => {
    const setup = { strategy: module.create({ T: 10 }), memtableBytes: 256 * KiB }
    expectSameEdits(setup, () => uniqueWrites(999 * 256, KiB, 'hashed'))
  })
})
